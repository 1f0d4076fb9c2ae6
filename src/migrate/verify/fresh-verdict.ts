import { MigrationError } from '../../errors.ts';
import { type Coverage, readCoverage } from '../../journal/migration/coverage.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Engine } from '../engine.ts';

/**
 * Throws unless both sides were found equal, whole, lately and as they are now: `MigrationError` PD637 when blocks are left to copy or to check,
 * PD636 with mismatches or differences of the catalogs, PD635 when there is no verdict, when it is older than `verify.maxAge`, or from before
 * the last switch or the last batch. Each names `partitiond migrate verify` or what else to do. Reads the journal, not the tables.
 */
export async function assertFreshVerdict(engine: Engine, signal: AbortSignal): Promise<void> {
  const { session, surroundings, id, spec, record, policy } = engine;
  const coverage = await readCoverage(session, surroundings.journalSchema, id, signal);
  const found = uncovered(record, coverage) ?? unequal(record, coverage) ?? outdated(record, coverage, policy.migration.verify.maxAgeMs);
  if (found === null) return;
  throw new MigrationError(found.code, `${formatQualifiedName(spec.table)} may not be switched: ${found.reason}`, {
    context: { migration: id },
  });
}

interface Objection {
  readonly code: 'PD635' | 'PD636' | 'PD637';
  /** A sentence behind a colon. */
  readonly reason: string;
}

function uncovered({ table }: MigrationRecord, { openBlocks, uncheckedBlocks }: Coverage): Objection | null {
  if (openBlocks === 0 && uncheckedBlocks === 0) return null;
  const reason = `${openBlocks} blocks are left to copy and ${uncheckedBlocks} to check. Let \`${migrateCommand('start', table)}\` go on first.`;
  return { code: 'PD637', reason };
}

function unequal({ table, verdict }: MigrationRecord, { mismatches }: Coverage): Objection | null {
  const rows = Math.max(mismatches, verdict?.mismatches ?? 0);
  const differences = verdict?.differences ?? [];
  if (rows === 0 && differences.length === 0) return null;
  const found = [...(rows === 0 ? [] : [`${rows} rows differ, by key in migration_mismatch of the journal`]), ...differences].join('; ');
  return { code: 'PD636', reason: `${found}. Find the cause and repair it, then run \`${migrateCommand('verify', table)}\`.` };
}

function outdated(
  { table, verdict, live, lastSwitch }: MigrationRecord,
  { now, lastCopiedAt }: Coverage,
  maxAgeMs: number,
): Objection | null {
  const objection = (why: string): Objection => ({ code: 'PD635', reason: `${why}. Run \`${migrateCommand('verify', table)}\` first.` });
  if (verdict === null) return objection('both tables were never compared as a whole');
  if (verdict.live !== live || (lastSwitch !== null && lastSwitch.at >= verdict.at)) {
    return objection('the last verification was before the last switch');
  }
  if (lastCopiedAt !== null && lastCopiedAt >= verdict.at) return objection('rows were copied after the last verification');
  const ageMs = Number((now - verdict.at) / 1000n);
  return ageMs <= maxAgeMs ? null : objection(`the last verification was ${hours(ageMs)} h ago, and verify.maxAge is ${hours(maxAgeMs)} h`);
}

function hours(ms: number): string {
  return (ms / 3_600_000).toFixed(1);
}
