import { withinLockBudget } from '../../apply/lock-budget.ts';
import { readBlockers } from '../../apply/read-blockers.ts';
import type { ComparedSide } from '../../ddl/migration/compare/compared-side.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import { type Pass, readPass, renderBeginPass, renderResumePass } from '../../journal/migration/chunks.ts';
import { readCoverage } from '../../journal/migration/coverage.ts';
import { renderForgetMismatches } from '../../journal/migration/mismatches.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import type { Verdict } from '../../partition/migration/status.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { verifyAttach } from '../attach/verify-attach.ts';
import type { Engine } from '../engine.ts';
import { partitionDifferences } from '../regrain/partition-differences.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { columnsDiffer } from '../replay/columns-differ.ts';
import { saveMigration } from '../save.ts';
import { catalogDifferences, meddlersOf } from './catalog-differences.ts';
import { partitionScope } from './partition-scope.ts';
import { chunkRows, runPass } from './run-pass.ts';
import type { Scope } from './verify-chunk.ts';

/**
 * Compares both sides row by row and their catalogs, and saves the verdict, which it answers; mismatches are stored by key. Always a new pass, but
 * for one that was interrupted in this phase less than `verify.maxAge` ago and had found nothing: that one goes on. With `partition` only the
 * rows of that one are compared, both catalogs are not, and nothing is saved but mismatches. Beside writers and replay, on sessions of its
 * own. With attach no row was copied, and the catalogs alone are compared. Throws `MigrationError` (PD637) before the copy is complete, (PD638) for
 * a name that is no partition of the target.
 */
export async function verify(engine: Engine, partition: QualifiedName | null, signal: AbortSignal): Promise<Verdict> {
  if (engine.spec.strategy === 'attach') return await verifyAttach(engine, signal);
  const { now, openBlocks } = await readCoverage(engine.session, engine.surroundings.journalSchema, engine.id, signal);
  if (openBlocks > 0) throw notCopied(engine, openBlocks);
  if (partition === null) return await verifyInChunks(engine, chunkRows, signal);
  const { live } = engine.record;
  const plan = { ...(await partitionScope(engine, partition, signal)), after: { doneUpTo: 0n, upper: null }, isRecorded: false, chunkRows };
  return { at: now, live, ...(await runPass(engine, plan, signal)), differences: [] };
}

/** `size`: rows of a chunk. */
export async function verifyInChunks(engine: Engine, size: number, signal: AbortSignal): Promise<Verdict> {
  const { session, guardSql, id, surroundings } = engine;
  const { journalSchema: schema } = surroundings;
  const scope = wholeScope(engine);
  const after = await patiently(engine, 'begin a verification', () => openPass(engine, signal), signal);
  try {
    await runPass(engine, { scope, ruler: scope.live, after, isRecorded: true, chunkRows: size }, signal);
  } catch (error) {
    throw columnsDiffer(engine, error) ?? error;
  }
  const compare = (): Promise<readonly string[]> =>
    isRegrain(engine) ? partitionDifferences(engine, signal) : catalogDifferences(engine, signal);
  const unequal = await patiently(engine, 'compare the catalogs of both sides', compare, signal);
  const done = await readPass(session, schema, id, signal);
  if (done === null || !done.isComplete) throw new InvariantError('PD923', 'a verification has ended without its last range of keys');
  // What former passes and batches found and this one did not is repaired.
  await session.complete([guardSql, renderForgetMismatches(schema, id, done.startedAt)], signal);
  const differences = done.mismatches === 0 ? unequal : [...unequal, ...(await meddlersOf(engine, signal))];
  const verdict: Verdict = { at: done.lastAt, live: engine.record.live, rows: done.rows, mismatches: done.mismatches, differences };
  await saveMigration(engine, { verdict }, signal);
  return verdict;
}

/** What takes no lock that others would meet, and may meet theirs: of the tables and of the journal. */
async function patiently<T>(engine: Engine, doing: string, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const { session, record, spec, surroundings } = engine;
  const { safety, clock, journalSchema } = surroundings;
  const { live, follower } = sidesOf(spec, record.live);
  const relations = [
    live.name,
    follower.name,
    { schema: journalSchema, name: 'migration_chunk' },
    { schema: journalSchema, name: 'migration' },
  ];
  const wanted = relations.map((name) => ({ relation: formatQualifiedName(name), mode: 'RowExclusiveLock' as const }));
  const attempt = {
    doing,
    run: work,
    readBlockers: () => readBlockers(session, wanted, false, signal),
    onTimeout: () => undefined,
    whatIsLeft: () => '',
  };
  const budget = { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs };
  return (await withinLockBudget(attempt, budget, clock, signal)).value;
}

function wholeScope({ spec, record }: Engine): Scope {
  const { live, follower } = sidesOf(spec, record.live);
  const whole = (side: typeof live): ComparedSide => ({ name: side.name, isOnly: side.isOnly, condition: null });
  return { live: { ...whole(live), condition: spec.regrain?.condition ?? null }, follower: whole(follower) };
}

/** Where the pass begins or goes on. */
async function openPass(engine: Engine, signal: AbortSignal): Promise<Pick<Pass, 'doneUpTo' | 'upper'>> {
  const { session, guardSql, id, surroundings } = engine;
  const { journalSchema: schema } = surroundings;
  const former = await readPass(session, schema, id, signal);
  const { now } = await readCoverage(session, schema, id, signal);
  if (former !== null && isToGoOn(engine, former, now)) {
    await session.complete([guardSql, renderResumePass(schema, id, former)], signal);
    return former;
  }
  await session.complete([guardSql, ...renderBeginPass(schema, id)], signal);
  return { doneUpTo: 0n, upper: null };
}

/** A person may have repaired what an interrupted pass had found; of another phase the other side may have been live. */
function isToGoOn({ record, policy }: Engine, { isComplete, mismatches, startedAt, lastAt }: Pass, now: bigint): boolean {
  const maxAge = BigInt(Math.trunc(policy.migration.verify.maxAgeMs)) * 1000n;
  return !isComplete && mismatches === 0 && startedAt >= record.phaseAt && now - lastAt <= maxAge;
}

function notCopied({ spec, id }: Engine, openBlocks: number): MigrationError {
  const message =
    `${formatQualifiedName(spec.table)} cannot be verified yet: ${openBlocks} blocks are left to copy. ` +
    `Let \`${migrateCommand('start', spec.table)}\` go on first.`;
  return new MigrationError('PD637', message, { context: { migration: id, openBlocks } });
}
