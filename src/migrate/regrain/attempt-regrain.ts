import { decodeSnapshotHolder, idleSnapshotsSql } from '../../catalog/migration/old-snapshots.sql.ts';
import { type Exchange, renderExchange, renderExchangeLocks } from '../../ddl/migration/regrain/exchange.ts';
import { type PresentKeys, plannedKeys, unplannedKeys } from '../../ddl/migration/regrain/keys/present-keys.ts';
import { lockOrderOf } from '../../ddl/migration/switch/locks.ts';
import { guardTriggerName } from '../../ddl/migration/target/guard.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import { readMigration, renderChangeMigration } from '../../journal/migration/records.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { row, text } from '../../postgres/row-decoder.ts';
import { keepCapture, readLiveCapture } from '../capture/live-capture.ts';
import { compareFingerprints } from '../fingerprint.ts';
import { drainLog } from '../replay/drain-log.ts';
import { assertCaptured, fingerprintOf } from '../run/check-definition.ts';
import type { AttemptOptions, AttemptState } from '../switch/attempt-state.ts';
import { describeHolders, GivenUp } from '../switch/outcome.ts';
import { readRemains } from '../switch/read-remains.ts';
import { openingSql } from '../transactions.ts';
import { keyed, readMembersAndKeys } from './keys/read-present-keys.ts';
import { hasPlannedOthers } from './planned-others.ts';
import { type Member, type RegrainEngine, stagingOidOf } from './regrain-engine.ts';

/**
 * The switch of partitions, up to the COMMIT: under ACCESS EXCLUSIVE on the table the log is drained, then old and new partitions change places. Who
 * waits for the table reads its list of partitions only afterwards, so every query finds each row once.
 */
export async function attemptRegrain(
  engine: RegrainEngine,
  options: AttemptOptions,
  state: AttemptState,
  begun: { readonly signal: AbortSignal; readonly lock: () => AbortSignal },
): Promise<void> {
  const { session, surroundings, policy, id } = engine;
  const { signal } = begun;
  await session.execute(opening(engine).join(';\n'), signal);
  const exchange = await prepareExchange(engine, signal);
  const at = BigInt((await readRemains(engine, signal)).now);
  const locks = renderExchangeLocks(exchange, await readDefaults(engine, signal), lockOrderOf(options.number));
  state.locks = locks;
  const [first, ...others] = locks;
  if (first === undefined) throw new InvariantError('PD920', 'A switch locks no table');
  const beganAt = surroundings.clock.monotonicMs();
  await session.execute(`SET LOCAL lock_timeout = '${surroundings.safety.lockTimeoutMs}ms';\n${first.sql}`, signal);
  state.lockedAt = surroundings.clock.monotonicMs();
  state.statements.push({ sql: first.sql, ms: state.lockedAt - beganAt });
  const limit = begun.lock();
  const timed = async (sql: string, work: () => Promise<unknown>): Promise<void> => {
    const startedAt = surroundings.clock.monotonicMs();
    await work();
    state.statements.push({ sql, ms: surroundings.clock.monotonicMs() - startedAt });
  };
  const send = async (sqls: readonly string[]): Promise<void> => {
    const messages = options.isRehearsal ? sqls : [sqls.join(';\n')];
    for (const message of messages) await timed(message, () => session.execute(message, limit));
  };
  await send(others.map(({ sql }) => sql));
  if (policy.migration.switchover.oldSnapshots === 'wait') await assertNoIdleSnapshot(engine, limit);
  await timed('/* drain the log */', () => drainLog(engine, session, policy.migration.switchover.drainMs, limit));
  await send(renderExchange(exchange, surroundings.journalSchema));
  const isForward = engine.record.live === 'source';
  const lastSwitch = {
    at,
    direction: isForward ? ('forward' as const) : ('back' as const),
    lockMs: Math.round(surroundings.clock.monotonicMs() - state.lockedAt),
    attempts: options.number,
  };
  const fingerprint = isForward
    ? keepCapture(await readLiveCapture(engine, session, limit), false)
    : await fingerprintOf(engine, session, limit);
  const phase = isForward ? ('switched' as const) : ('ready' as const);
  const live = isForward ? ('target' as const) : ('source' as const);
  await session.execute(renderChangeMigration(surroundings.journalSchema, id, { phase, live, fingerprint, lastSwitch }), limit);
}

/** SHARE UPDATE EXCLUSIVE hinders nobody and keeps every ATTACH and DETACH of others away. */
function opening(engine: RegrainEngine): readonly string[] {
  const { spec } = engine;
  return [
    ...openingSql(engine, { level: 'read committed', isDurable: true }),
    `SELECT pg_catalog.set_config('synchronous_commit', CASE pg_catalog.current_setting('synchronous_commit') WHEN 'off' THEN 'on' ELSE pg_catalog.current_setting('synchronous_commit') END, true)`,
    `SET LOCAL lock_timeout = '3s'`,
    ...[spec.table, spec.targetName].map((name) => `LOCK TABLE ONLY ${formatQualifiedName(name)} IN SHARE UPDATE EXCLUSIVE MODE`),
  ];
}

async function prepareExchange(engine: RegrainEngine, signal: AbortSignal): Promise<Exchange> {
  const { session, spec, record, id, surroundings } = engine;
  const { members, present } = await readMembersAndKeys(engine, signal);
  const { sources, targets } = members;
  const isForward = record.live === 'source';
  const [leaving, coming] = isForward ? [sources, targets] : [targets, sources];
  const staging = stagingOidOf(engine);
  const isComplete = sources.length === spec.regrain.sources.length && targets.length === spec.regrain.targets.length;
  const parent = spec.definition.oid;
  const isThere = (member: Member, oid: string): boolean => member.parentOid === oid && !member.isDetachPending && member.isCheckValid;
  const isInPlace = leaving.every((member) => isThere(member, parent)) && coming.every((member) => isThere(member, staging));
  const { fingerprint } = isForward ? await readMigration(session, surroundings.journalSchema, id, signal) : { fingerprint: null };
  const change = fingerprint === null ? 'none' : compareFingerprints(fingerprint, await fingerprintOf(engine, session, signal));
  if (!isForward) await assertCaptured(engine, session, signal);
  const isAlone = await hasPlannedOthers(engine, signal);
  if (!isComplete || !isInPlace || change !== 'none' || !isAlone) {
    const fix =
      change === 'capture'
        ? `Triggers of the migration were off in between: run \`${migrateCommand('verify', spec.table)}\`, which finds what was written then`
        : 'Undo the change, or abort the migration and plan it anew';
    throw new MigrationError(
      'PD643',
      `Could not switch ${formatQualifiedName(spec.table)}: its partitions are no longer what they were. ${fix}.`,
    );
  }
  assertKeys(engine, present, coming);
  const guard = guardTriggerName(id);
  return {
    id,
    spec,
    leaving: leaving.map((member) => ({ ...keyed(member, present), hasGuard: member.triggers.includes(guard) })),
    coming: coming.map((member) => keyed(member, present)),
    keys: plannedKeys(spec, present),
  };
}

/** Without its keys, valid, a partition would be scanned under the lock; and of a key that came after the plan nobody has decided anything. */
function assertKeys({ spec }: RegrainEngine, present: PresentKeys, coming: readonly Member[]): void {
  const strangers = unplannedKeys(spec, present);
  const table = formatQualifiedName(spec.table);
  if (strangers.length > 0) {
    const fix = 'Drop it, switch, and make it again, or abort and plan anew';
    throw new MigrationError('PD642', `Could not switch ${table}: the plan knows nothing of ${strangers.join(', ')}. ${fix}.`);
  }
  const missing = coming.flatMap(({ oid, name }) =>
    plannedKeys(spec, present)
      .outgoing.filter((key) => {
        const own = present.members.find((one) => one.tableOid === oid && one.name === key.name);
        return own === undefined || (key.isValid && key.isEnforced && !own.isValid);
      })
      .map((key) => `foreign key ${key.name} of ${formatQualifiedName(name)}`),
  );
  if (missing.length === 0) return;
  throw new MigrationError('PD643', `Could not switch ${table}: ${missing.join(', ')} is gone or not valid. Try again.`);
}

/** ATTACH looks through the default partition, which holds no row of a range that others take; it is locked with the rest. */
async function readDefaults({ session, spec }: RegrainEngine, signal: AbortSignal): Promise<readonly QualifiedName[]> {
  return await session.rows(defaultSql, [spec.definition.oid], row<QualifiedName>({ schema: text, name: text }), signal);
}

const defaultSql = namedSql(
  'read-default-partition',
  /* sql */ `
  SELECT
    n.nspname AS "schema",
    c.relname AS "name"
  FROM pg_catalog.pg_partitioned_table AS p
  JOIN pg_catalog.pg_class AS c ON c.oid = p.partdefid
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE p.partrelid = $1::pg_catalog.oid`,
);

async function assertNoIdleSnapshot({ session }: RegrainEngine, signal: AbortSignal): Promise<void> {
  const holders = await session.rows(idleSnapshotsSql, [], decodeSnapshotHolder, signal);
  if (holders.length === 0) return;
  throw new GivenUp('snapshot', `idle in a transaction with a snapshot that may not see all rows: ${describeHolders(holders)}`);
}
