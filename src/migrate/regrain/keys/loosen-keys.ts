import { renderLogCapture } from '../../../ddl/migration/regrain/keys/exchange-keys.ts';
import { renderDropFollowerKeys, renderDropRules } from '../../../ddl/migration/regrain/keys/follower-keys.ts';
import { followersOf, plannedKeys } from '../../../ddl/migration/regrain/keys/present-keys.ts';
import { renderShutOutWriters } from '../../../ddl/migration/regrain/keys/shut-out-writers.ts';
import type { Lock } from '../../../ddl/statement.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import { brief } from '../../transactions.ts';
import type { RegrainEngine } from '../regrain-engine.ts';
import { keyed, readMembersAndKeys } from './read-present-keys.ts';
import { knowTightness, tightnessOf } from './tightness.ts';

/** Before each replay: what a process that was killed had tightened is loosened, before anything else is replayed. Asks once per process. */
export async function ensureLoose(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  if (tightnessOf(engine) === undefined) await loosenKeys(engine, signal);
}

/**
 * Takes foreign keys and rules off the partitions that follow, and has capture write the log alone again; nothing where nothing is tight. First the
 * keys, which need the writes; then, behind all writers in flight, the function: from then on replay locks no rows, and none is written beside it.
 */
export async function loosenKeys(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  const { spec, id, surroundings, record } = engine;
  if (spec.definition.outgoing.length === 0) return knowTightness(engine, 'loose');
  const { members, present } = await readMembersAndKeys(engine, signal);
  for (const follower of followersOf(record.live, members).map((member) => keyed(member, present))) {
    const statements = [...renderDropFollowerKeys(follower.name, follower.foreignKeys), ...renderDropRules(follower.name, follower.rules)];
    const relation = formatQualifiedName(follower.name);
    const referenced = plannedKeys(spec, present).outgoing.map((key) => formatQualifiedName(key.referenced));
    const wanted = [relation, ...referenced].map((name): Lock => ({ relation: name, mode: 'AccessExclusiveLock' }));
    if (statements.length > 0) await brief(engine, `take foreign keys off ${relation}`, statements, wanted, signal, 'detail');
  }
  if (present.isDual || present.isGuardOpen) {
    const live = followersOf(record.live === 'source' ? 'target' : 'source', members).map(({ name }) => name);
    const wanted = live.map((name): Lock => ({ relation: formatQualifiedName(name), mode: 'ShareRowExclusiveLock' }));
    const statements = [...renderShutOutWriters(live), ...renderLogCapture(spec, surroundings.journalSchema, id)];
    await brief(engine, `capture the writes of ${formatQualifiedName(spec.table)} by the log alone`, statements, wanted, signal);
  }
  knowTightness(engine, 'loose');
}
