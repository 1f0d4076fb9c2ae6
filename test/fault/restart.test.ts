import { expect, it } from 'vitest';
import { createBusyTable, everySecond, growingPolicy, partitionFaults } from '../support/busy-table.ts';
import { startCluster } from '../support/cluster.ts';
import { anyPorts } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { startDdlAudit } from '../support/ddl-audit.ts';
import { startFleet } from '../support/fleet.ts';
import { createReader } from '../support/reader.ts';
import { startRowWriter } from '../support/row-writer.ts';
import { expectOrderlyWork } from '../support/verdict.ts';
import { waitFor } from '../support/wait-for.ts';

const tables = ['ticks', 'tocks'];

it('goes on after the server was restarted and crashed several times, with every row and every partition in place', async () => {
  // What the server has confirmed must still be there after the crash.
  await using cluster = await startCluster({ settings: { synchronous_commit: 'on' } });
  await using database = await createDatabase(cluster.url);
  for (const table of tables) await createBusyTable(database, table);
  await startDdlAudit(database);
  await using fleet = await startFleet(database, 2, { tables: tables.map(growingPolicy), top: `${anyPorts}\n${everySecond}` });
  await fleet.waitForLeader(0, fleet.members);
  await using ticks = startRowWriter(database.url, 'public.ticks', 20);
  await using tocks = startRowWriter(database.url, 'public.tocks', 20);
  const bothGoOn = async (): Promise<void> => {
    const [tick, tock] = [ticks.written, tocks.written];
    await waitFor(
      'further rows in both tables',
      () => [ticks.written - tick, tocks.written - tock],
      (rows) => rows.every((count) => count >= 60),
      { timeoutMs: 90_000 },
    );
  };
  for (const mode of ['fast', 'immediate', 'fast', 'immediate', 'immediate'] as const) {
    await bothGoOn();
    await cluster.restart(mode);
  }
  await bothGoOn();

  const written = { ticks: await ticks.stop(), tocks: await tocks.stop() };
  const reader = createReader(database.url);
  for (const [table, count] of Object.entries(written)) {
    await waitFor(
      `all partitions of ${table}`,
      () => partitionFaults(reader, table, count),
      (faults) => faults.length === 0,
      { timeoutMs: 60_000 },
    );
    expect(await reader.query(`SELECT count(*)::int4 AS rows, max(id)::int4 AS last FROM public.${table}`)).toEqual([
      { rows: count, last: count },
    ]);
  }
  await expectOrderlyWork(reader, fleet.members);
  for (const { daemon } of fleet.members) {
    daemon.program.signal('SIGTERM');
    expect((await daemon.program.exited).exitCode).toBe(0);
  }
});
