import { type KeySettlement, settleKeys } from '../../ddl/migration/switch/keys/settle-keys.ts';
import { StatementError } from '../../errors.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import { type Alteration, alterLive } from '../alter-live.ts';
import type { Engine } from '../engine.ts';
import { settleIncoming } from '../regrain/keys/settle-incoming.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { emit } from '../transactions.ts';
import { verifyWhole } from '../verify/verify-whole.ts';
import { liveOidOf, readSwitchFacts } from './read-facts.ts';

/**
 * Step 9, after a switch in either direction: foreign keys are validated, and adopted by partitioned tables; then a second verification, unless
 * there has been one since. Makes what is missing. A row that breaks a key of the table itself, written before the switch past its triggers, ends it with
 * the server's refusal; what breaks a key of another table is told, and ends nothing.
 */
export async function settle(engine: Engine, signal: AbortSignal): Promise<void> {
  await settleForeignKeys(engine, signal);
  const { record } = engine;
  const isVerified = record.verdict !== null && record.verdict.live === record.live && record.verdict.at > (record.lastSwitch?.at ?? 0n);
  if (isVerified || record.phase !== 'switched') return;
  await verifyWhole(engine, signal);
}

/** After a rollback as well, where it is all that is left to do. */
export async function settleForeignKeys(engine: Engine, signal: AbortSignal): Promise<void> {
  if (isRegrain(engine)) {
    const onError = (key: KeySettlement, error: unknown): void => tellOrphans(engine, key, error);
    return await settleIncoming(engine, onError, (key) => isKnownBroken(engine, key), signal);
  }
  const { record, spec, surroundings } = engine;
  const facts = await readSwitchFacts(engine, engine.session, signal);
  const settled = { spec, serverVersion: surroundings.serverVersion, facts, live: record.live, liveOid: liveOidOf(record) };
  const alteration: Alteration = {
    doing: `settle ${formatQualifiedName(spec.table)}`,
    mode: 'ShareRowExclusiveLock',
    whatIsLeft: 'The switch stands; the next run goes on with it.',
  };
  const adoptions: string[] = [];
  for (const key of settleKeys(settled)) {
    if (isKnownBroken(engine, key)) continue;
    try {
      for (const sql of [...key.missing, ...key.validations]) await alterLive(engine, alteration, [sql], signal);
      adoptions.push(...key.adoptions);
    } catch (error) {
      tellOrphans(engine, key, error);
    }
  }
  if (adoptions.length > 0) await alterLive(engine, alteration, adoptions, signal);
}

/** Keys that this process has found to be broken: each look reads a whole table. */
const broken = new WeakMap<Engine, Set<string>>();

function isKnownBroken(engine: Engine, { table, name }: KeySettlement): boolean {
  return broken.get(engine)?.has(`${formatQualifiedName(table)} ${name}`) === true;
}

/** A key that another table's rows do not keep stays NOT VALID, which holds for what is written from now on. Throws what is no such thing. */
function tellOrphans(engine: Engine, { orphans, table, name }: KeySettlement, error: unknown): void {
  const isOrphaned = error instanceof StatementError && error.sqlstate === sqlstates.foreignKeyViolation;
  if (orphans === null || !isOrphaned) throw error;
  const key = `${formatQualifiedName(table)} ${name}`;
  broken.set(engine, (broken.get(engine) ?? new Set()).add(key));
  const explanation =
    `Foreign key ${quoteIdentifier(name)} of ${formatQualifiedName(table)} stays NOT VALID: rows of that table reference none of ` +
    `${formatQualifiedName(engine.spec.table)}. These are: ${orphans}; correct or delete them, and the next run validates it.`;
  emit(engine, { kind: 'migration-warning', explanation });
}
