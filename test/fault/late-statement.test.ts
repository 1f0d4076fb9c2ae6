import { expect, it } from 'vitest';
import { busyPolicy, createBusyTable, everySecond, partitionFaults } from '../support/busy-table.ts';
import { anyPorts } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { startDdlAudit } from '../support/ddl-audit.ts';
import { startFleet } from '../support/fleet.ts';
import { startRowWriter } from '../support/row-writer.ts';
import { expectOrderlyWork } from '../support/verdict.ts';
import { waitFor } from '../support/wait-for.ts';

const top = `${anyPorts}\n${everySecond}`;

it('does not carry out a concurrent detach of a former leader that arrives after another has begun to lead', async () => {
  await using database = await createDatabase();
  await createBusyTable(database, 'ticks');
  await startDdlAudit(database);
  await using fleet = await startFleet(database, 2, { tables: [busyPolicy('ticks')], top });
  const former = await fleet.waitForLeader(0, fleet.members);
  await using writer = startRowWriter(database.url, 'public.ticks', 20);
  // The guard of the epoch travels before it, for CONCURRENTLY stands alone in its message: it has passed when the detach is on its way.
  const late = former.member.network.holdBack(/partitiond:detach-partition \*\//);
  await waitFor(
    'a detach on its way',
    () => late.count,
    (count) => count > 0,
    { timeoutMs: 90_000 },
  );
  former.member.daemon.program.signal('SIGSTOP');
  const next = await fleet.waitForLeader(
    former.epoch,
    fleet.members.filter((member) => member !== former.member),
  );
  late.release();
  former.member.daemon.program.signal('SIGCONT');
  await former.member.daemon.waitForLog('leadership ended', { timeoutMs: 60_000 });
  const written = await writer.stop();
  await waitFor(
    'all partitions ahead',
    () => partitionFaults(database, 'ticks', written),
    (faults) => faults.length === 0,
    { timeoutMs: 60_000 },
  );
  expect((await fleet.waitForLeader(0, fleet.members)).member).toBe(next.member);
  await expectOrderlyWork(database, fleet.members);
});
