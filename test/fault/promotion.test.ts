import { expect, it } from 'vitest';
import { createBusyTable, everySecond, growingPolicy, partitionFaults } from '../support/busy-table.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { anyPorts } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { readDdlAudit, startDdlAudit } from '../support/ddl-audit.ts';
import { startFleet } from '../support/fleet.ts';
import { readLeadership } from '../support/journal-audit.ts';
import { startNetwork } from '../support/network.ts';
import { createReader, type Reader } from '../support/reader.ts';
import { startRowWriter } from '../support/row-writer.ts';
import { startStandby } from '../support/standby.ts';
import { expectOrderlyWork } from '../support/verdict.ts';
import { waitFor } from '../support/wait-for.ts';

/** The same URL with the socket folder of another server. */
function onServer(cluster: Cluster, url: string): string {
  const moved = new URL(url);
  moved.searchParams.set('host', cluster.folder);
  return moved.href;
}

async function caughtUp(primary: Reader): Promise<void> {
  await waitFor(
    'a standby that has replayed everything',
    () =>
      primary.query<{ state: string; behind: string }>(
        `SELECT state, pg_wal_lsn_diff(sent_lsn, replay_lsn) AS behind FROM pg_stat_replication`,
      ),
    ([one]) => one?.state === 'streaming',
    { timeoutMs: 60_000 },
  );
}

it('never leads on a standby, and after its promotion goes on where the primary had stopped', async () => {
  await using primary = await startCluster({ settings: { synchronous_commit: 'on' } });
  await using database = await createDatabase(primary.url);
  await createBusyTable(database, 'ticks');
  await startDdlAudit(database);
  await using standby = await startStandby(primary);
  const old = createReader(database.url);
  const next = createReader(onServer(standby, database.url));
  await caughtUp(old);
  await using fleet = await startFleet(database, 2, { tables: [growingPolicy('ticks')], top: `${anyPorts}\n${everySecond}` });
  await fleet.waitForLeader(0, fleet.members);
  await using service = await startNetwork(database.url);
  await using writer = startRowWriter(service.url, 'public.ticks', 20);
  const goesOn = async (): Promise<void> => {
    const before = writer.written;
    await waitFor(
      'further rows',
      () => writer.written,
      (written) => written >= before + 60,
      { timeoutMs: 120_000 },
    );
  };
  await goesOn();

  // A clean stop sends everything to the standby first; what the application and the journal were told is there.
  await primary.stop('fast');
  await using _ = { [Symbol.asyncDispose]: () => primary.start() };
  for (const network of [service, ...fleet.members.map((member) => member.network)]) network.redirect(onServer(standby, database.url));
  const refused = 'leadership_refused{database="app",reason="standby"}';
  for (const { daemon } of fleet.members) await daemon.waitForSample(refused, 1, { timeoutMs: 120_000 });
  for (const { daemon } of fleet.members) {
    const samples = await daemon.scrape();
    expect(samples.get('leader{database="app"}')).toBe(0);
    expect(samples.get('postgres_in_recovery{database="app"}')).toBe(1);
  }
  const operations = 'SELECT count(*)::int4 AS count FROM partitiond.operation';
  const [before] = await next.query<{ count: number }>(operations);
  const ddlBefore = (await readDdlAudit(next)).length;
  const lastEpoch = (await readLeadership(next))?.epoch ?? 0;

  await next.query('SELECT pg_promote(true, 60)');
  await waitFor(
    'an epoch of the new primary',
    () => readLeadership(next),
    (leadership) => (leadership?.epoch ?? 0) > lastEpoch,
    { timeoutMs: 120_000 },
  );
  await goesOn();
  for (const { daemon } of fleet.members) await daemon.waitForSample(refused, (value) => value === 0, { timeoutMs: 60_000 });
  const written = await writer.stop();
  await waitFor(
    'all partitions',
    () => partitionFaults(next, 'ticks', written),
    (faults) => faults.length === 0,
    { timeoutMs: 60_000 },
  );
  expect(await next.query('SELECT count(*)::int4 AS rows, max(id)::int4 AS last FROM public.ticks')).toEqual([
    { rows: written, last: written },
  ]);
  expect((await next.query<{ count: number }>(operations))[0]?.count).toBeGreaterThan(before?.count ?? 0);
  expect((await readDdlAudit(next)).length).toBeGreaterThan(ddlBefore);
  await expectOrderlyWork(next, fleet.members);
});
