import { expect, it } from 'vitest';
import { busyPolicy, createBusyTable, everySecond, partitionFaults } from '../support/busy-table.ts';
import { anyPorts } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { readDdlAudit, startDdlAudit } from '../support/ddl-audit.ts';
import { type Lead, type Member, startFleet } from '../support/fleet.ts';
import { type RowWriter, startRowWriter } from '../support/row-writer.ts';
import { expectOrderlyWork } from '../support/verdict.ts';
import { waitFor } from '../support/wait-for.ts';

/** The promise, and what a machine that is busy with other tests may add to it. */
const takeoverMs = 45_000;
const slackMs = 30_000;
const stoppedMs = 60_000;

const top = `${anyPorts}\n${everySecond}`;

/** Rows go on coming in for a while, which they only do when somebody makes partitions. */
async function workGoesOn(writer: RowWriter): Promise<void> {
  const before = writer.written;
  await waitFor(
    'further rows',
    () => writer.written,
    (written) => written >= before + 60,
    { timeoutMs: 60_000 },
  );
}

async function timed<T>(body: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const startedAt = performance.now();
  const value = await body();
  return { value, ms: performance.now() - startedAt };
}

interface Remembered {
  readonly steps: number;
  readonly lastSuccess: number;
}

/** What the journal knew of the table, to be compared with what a later leader shows. */
async function readRemembered(database: TestDatabase): Promise<Remembered> {
  const [row] = await database.query<{ steps: string; success: string }>(/* sql */ `
    SELECT
      (SELECT count(*) FROM partitiond.operation WHERE kind = 'create-partition' AND outcome = 'ok') AS steps,
      (SELECT extract(epoch FROM max(finished_at)) FROM partitiond.run WHERE outcome = 'ok' AND tasks = '{provision}') AS success`);
  return { steps: Number(row?.steps), lastSuccess: Number(row?.success) };
}

/** The leader's counters and gauges go on where the journal stands; nobody else shows any table. */
async function expectContinuity({ member }: Lead, reachable: readonly Member[], remembered: Remembered): Promise<void> {
  const created = 'steps_total{database="app",schema="public",table="ticks",step="create-partition",outcome="ok"}';
  const success = 'task_last_success_timestamp_seconds{database="app",task="provision"}';
  await member.daemon.waitForSample(created, (count) => count >= remembered.steps, { timeoutMs: 60_000 });
  const samples = await member.daemon.scrape();
  expect(samples.get(success)).toBeGreaterThanOrEqual(remembered.lastSuccess - 0.001);
  for (const other of reachable.filter((one) => one !== member)) {
    const shown = [...(await other.daemon.scrape()).keys()].filter((sample) => /^(table|task|steps|partition|catalog)_/.test(sample));
    expect(shown, other.name).toEqual([]);
  }
}

/** Whatever was under way got no answer; that ends the work, and no process. */
async function steppedDown({ daemon }: Member): Promise<void> {
  await daemon.waitForLog('leadership ended', { timeoutMs: 60_000 });
  expect(daemon.log().filter(({ msg }) => msg === 'crashed')).toEqual([]);
}

it('passes the lead on when leaders are killed, stopped and cut off, and one epoch at a time executes DDL', async () => {
  await using database = await createDatabase();
  await createBusyTable(database, 'ticks');
  await startDdlAudit(database);
  await using fleet = await startFleet(database, 5, { tables: [busyPolicy('ticks')], top });
  const first = await fleet.waitForLeader(0, fleet.members);
  await using writer = startRowWriter(database.url, 'public.ticks', 40);
  await workGoesOn(writer);

  const beforeKill = await readRemembered(database);
  first.member.daemon.program.signal('SIGKILL');
  const afterKill = fleet.members.filter((member) => member !== first.member);
  const second = await timed(() => fleet.waitForLeader(first.epoch, afterKill));
  expect(second.ms).toBeLessThan(takeoverMs + slackMs);
  await expectContinuity(second.value, afterKill, beforeKill);
  await workGoesOn(writer);

  const stopped = second.value.member;
  const stoppedAt = performance.now();
  stopped.daemon.program.signal('SIGSTOP');
  const afterStop = afterKill.filter((member) => member !== stopped);
  const beforeStop = await readRemembered(database);
  const third = await timed(() => fleet.waitForLeader(second.value.epoch, afterStop));
  expect(third.ms).toBeLessThan(takeoverMs + slackMs);
  await expectContinuity(third.value, afterStop, beforeStop);
  await workGoesOn(writer);

  const beforeCut = await readRemembered(database);
  const cut = third.value.member;
  cut.network.swallow();
  const afterCut = afterStop.filter((member) => member !== cut);
  const fourth = await timed(() => fleet.waitForLeader(third.value.epoch, afterCut));
  expect(fourth.ms).toBeLessThan(takeoverMs + slackMs);
  await steppedDown(cut);
  await expectContinuity(fourth.value, afterCut, beforeCut);
  await workGoesOn(writer);

  await waitFor(
    'the minute of the stopped leader',
    () => performance.now() - stoppedAt,
    (ms) => ms >= stoppedMs,
    { timeoutMs: stoppedMs },
  );
  const [{ n: stoppedAfter } = { n: '0' }] = (await readDdlAudit(database)).filter(({ role }) => role === stopped.role).slice(-1);
  stopped.daemon.program.signal('SIGCONT');
  await stopped.daemon.waitForLog('leadership ended', { timeoutMs: 60_000 });
  await stopped.daemon.waitForSample('leader{database="app"}', 0, { timeoutMs: 60_000 });
  await stopped.daemon.waitForLog('following', { timeoutMs: 90_000 });
  await workGoesOn(writer);

  const written = await writer.stop();
  await waitFor(
    'all partitions ahead',
    () => partitionFaults(database, 'ticks', written),
    (faults) => faults.length === 0,
    { timeoutMs: 60_000 },
  );
  const audit = await readDdlAudit(database);
  expect(new Set(audit.map(({ epoch }) => epoch)).size).toBeGreaterThanOrEqual(4);
  // Each asks for its epoch in its own message; only DETACH CONCURRENTLY cannot (late-statement.test.ts).
  expect(audit.filter(({ tag, claimed }) => tag !== 'ALTER TABLE' && claimed === null)).toEqual([]);
  expect(audit.filter(({ role, n }) => role === stopped.role && Number(n) > Number(stoppedAfter))).toEqual([]);
  await expectOrderlyWork(database, fleet.members);
  expect((await fleet.waitForLeader(0, [...afterCut, stopped])).member).toBe(fourth.value.member);
});
