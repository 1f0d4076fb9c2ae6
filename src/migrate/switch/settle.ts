import { settleKeys } from '../../ddl/migration/switch/keys/settle-keys.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { type Alteration, alterLive } from '../alter-live.ts';
import type { Engine } from '../engine.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { verifyWhole } from '../verify/verify-whole.ts';
import { liveOidOf, readSwitchFacts } from './read-facts.ts';

/**
 * Step 9, after a switch in either direction: foreign keys are validated, and adopted by partitioned tables; then a second verification, unless
 * there has been one since. Makes what is missing. A row that breaks a key, written before the switch past its triggers, ends it with the
 * server's refusal.
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
  // A table with foreign keys is not re-grained.
  if (isRegrain(engine)) return;
  const { record, spec, surroundings } = engine;
  const facts = await readSwitchFacts(engine, engine.session, signal);
  const settled = { spec, serverVersion: surroundings.serverVersion, facts, live: record.live, liveOid: liveOidOf(record) };
  const { missing, validations, adoptions } = settleKeys(settled);
  const alteration: Alteration = {
    doing: `settle ${formatQualifiedName(spec.table)}`,
    mode: 'ShareRowExclusiveLock',
    whatIsLeft: 'The switch stands; the next run goes on with it.',
  };
  for (const sql of [...missing, ...validations]) await alterLive(engine, alteration, [sql], signal);
  if (adoptions.length > 0) await alterLive(engine, alteration, adoptions, signal);
}
