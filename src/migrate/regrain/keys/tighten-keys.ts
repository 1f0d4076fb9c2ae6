import { decodeSnapshotHolder, oldSnapshotsSql } from '../../../catalog/migration/old-snapshots.sql.ts';
import { renderDualCapture } from '../../../ddl/migration/regrain/keys/exchange-keys.ts';
import { renderAddFollowerKeys, renderHoldActions, renderValidateFollowerKey } from '../../../ddl/migration/regrain/keys/follower-keys.ts';
import { followersOf, type PresentKeys, plannedKeys } from '../../../ddl/migration/regrain/keys/present-keys.ts';
import { renderShutOutWriters } from '../../../ddl/migration/regrain/keys/shut-out-writers.ts';
import type { Lock } from '../../../ddl/statement.ts';
import { MigrationError } from '../../../errors.ts';
import type { ForeignKeyDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import { catchUp } from '../../replay/catch-up.ts';
import { describeHolders } from '../../switch/outcome.ts';
import { readRemains } from '../../switch/read-remains.ts';
import { brief, long } from '../../transactions.ts';
import { type Member, type RegrainEngine, readMembers } from '../regrain-engine.ts';
import { readMembersAndKeys, readPresentKeys } from './read-present-keys.ts';
import { knowTightness } from './tightness.ts';

/** How often snapshots are looked for that keep keys from being made. Milliseconds. */
const lookAgainMs = 500;

/**
 * Before the attempts of a switch: gives the partitions that follow the table's foreign keys, valid, without which ATTACH would scan them under its
 * lock. A follower that is behind would fail the application's delete of what it still references, so from before the first key on capture writes it
 * too, and the log is replayed until it is empty. Makes what is missing; `loosenKeys` takes all of it away, and so does the switch itself. Throws
 * `LockTimeoutError`, `StatementError` where a row breaks a key, `MigrationError` (PD655) where old snapshots stay past `switch.deadline`.
 */
export async function tightenKeys(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  const { spec, record, session } = engine;
  if (spec.definition.outgoing.length === 0) return;
  // From here on replay locks the rows that it reads, which does no harm while capture writes the log alone.
  knowTightness(engine, 'tight');
  const members = await readMembers(engine, session, signal);
  await captureBoth(engine, followersOf(record.live === 'source' ? 'target' : 'source', members), signal);
  await catchUp(engine, signal);
  await outliveSnapshots(engine, signal);
  for (const follower of followersOf(record.live, members)) await addKeys(engine, follower, signal);
  await catchUp(engine, signal);
}

async function captureBoth(engine: RegrainEngine, live: readonly Member[], signal: AbortSignal): Promise<void> {
  const { spec, id, surroundings } = engine;
  const names = live.map(({ name }) => name);
  const wanted = names.map((name): Lock => ({ relation: formatQualifiedName(name), mode: 'ShareRowExclusiveLock' }));
  const statements = [...renderShutOutWriters(names), ...renderDualCapture(spec, surroundings.journalSchema, id)];
  await brief(engine, `capture the writes of ${formatQualifiedName(spec.table)} in what follows as well`, statements, wanted, signal);
}

/**
 * Who has an older snapshot than rows of the follower can neither change them nor see that he cannot: with a key they would fail his delete of what
 * they reference.
 */
async function outliveSnapshots(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  const { session, policy, surroundings, spec } = engine;
  const { clock } = surroundings;
  const { oldSnapshots, deadlineMs } = policy.migration.switchover;
  if (oldSnapshots === 'ignore') return;
  const { now } = await readRemains(engine, signal);
  const startedAt = clock.monotonicMs();
  for (;;) {
    const holders = await session.rows(oldSnapshotsSql, [now], decodeSnapshotHolder, signal);
    if (holders.length === 0) return;
    if (clock.monotonicMs() - startedAt >= deadlineMs) {
      const who = `transactions with older snapshots were not over within switch.deadline: ${describeHolders(holders)}`;
      throw new MigrationError(
        'PD655',
        `Could not give the partitions that follow ${formatQualifiedName(spec.table)} its foreign keys: ${who}.`,
      );
    }
    await clock.sleep(lookAgainMs, signal);
  }
}

async function addKeys(engine: RegrainEngine, follower: Member, signal: AbortSignal): Promise<void> {
  const { spec, id } = engine;
  const { present } = await readMembersAndKeys(engine, signal);
  const wanted = plannedKeys(spec, present).outgoing;
  const relation = formatQualifiedName(follower.name);
  const missing = wanted.filter((key) => find(present, follower, key) === undefined);
  if (missing.length > 0) {
    const locks = [
      { relation, mode: 'AccessExclusiveLock' as const },
      ...missing.map((key): Lock => ({ relation: formatQualifiedName(key.referenced), mode: 'ShareRowExclusiveLock' })),
    ];
    const statements = [...renderHoldActions(id, follower.name), ...renderAddFollowerKeys(follower.name, missing)];
    await brief(engine, `add foreign keys to ${relation}`, statements, locks, signal);
  }
  const now = await readPresentKeys(engine, { table: { triggers: [] }, sources: [], targets: [follower] }, signal);
  for (const key of wanted) {
    if (!key.isValid || !key.isEnforced || find(now, follower, key)?.isValid === true) continue;
    await long(
      engine,
      engine.session,
      `validate foreign key ${key.name} of ${relation}`,
      [renderValidateFollowerKey(follower.name, key)],
      signal,
    );
  }
}

function find({ members }: PresentKeys, { oid }: Member, key: ForeignKeyDefinition): PresentKeys['members'][number] | undefined {
  return members.find(({ tableOid, name }) => tableOid === oid && name === key.name);
}
