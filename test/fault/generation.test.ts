import { expect, it } from 'vitest';
import { busyPolicy, createBusyTable, everySecond, growingPolicy } from '../support/busy-table.ts';
import { anyPorts } from '../support/daemon.ts';
import { createDatabase } from '../support/database.ts';
import { readDdlAudit, startDdlAudit } from '../support/ddl-audit.ts';
import { isHeldBy, startMember } from '../support/fleet.ts';
import { readLeadership } from '../support/journal-audit.ts';
import { startRowWriter } from '../support/row-writer.ts';
import { expectOrderlyWork } from '../support/verdict.ts';
import { waitFor } from '../support/wait-for.ts';

const top = `${anyPorts}\n${everySecond}`;
const leads = 'leader{database="app"}';
const nowhere = 'postgresql://nobody@127.0.0.1:1/nowhere';

it('lets a process with an older configuration drop nothing after the newer one is gone, until it is told to reload', async () => {
  await using database = await createDatabase();
  await createBusyTable(database, 'ticks');
  await startDdlAudit(database);
  await using writer = startRowWriter(database.url, 'public.ticks', 20);
  // The older policy keeps a hundred ids, the newer one keeps everything.
  await using older = await startMember(database, { name: 'older', tables: [busyPolicy('ticks')], top });
  await older.daemon.waitForSample(leads, 1, { timeoutMs: 60_000 });
  older.network.redirect(nowhere);
  await older.daemon.waitForSample(leads, 0, { timeoutMs: 60_000 });

  await using newer = await startMember(database, { name: 'newer', tables: [growingPolicy('ticks')], top });
  await newer.daemon.waitForSample(leads, 1, { timeoutMs: 90_000 });
  await waitFor(
    'rows that the older policy would drop',
    () => writer.written,
    (written) => written > 250,
    { timeoutMs: 90_000 },
  );
  const dropped = async (): Promise<number> =>
    (await readDdlAudit(database)).filter(({ tag, isDrop }) => isDrop && tag === 'DROP TABLE').length;
  const droppedBefore = await dropped();
  older.network.redirect(database.url);
  newer.daemon.program.signal('SIGKILL');

  expect(await older.daemon.waitForLog('refusing to lead', { timeoutMs: 90_000 })).toMatchObject({ reason: 'old-generation' });
  await older.daemon.waitForSample('leadership_refused{database="app",reason="old-generation"}', 1, { timeoutMs: 60_000 });
  expect((await older.daemon.scrape()).get(leads)).toBe(0);
  expect(isHeldBy((await readLeadership(database))?.holder ?? null, newer)).toBe(true);
  expect(await dropped()).toBe(droppedBefore);

  expect((await fetch(`${older.daemon.admin}/-/reload`, { method: 'POST' })).ok).toBe(true);
  await older.daemon.waitForSample(leads, 1, { timeoutMs: 60_000 });
  await older.daemon.waitForSample('leadership_refused{database="app",reason="old-generation"}', (value) => value === 0);
  await waitFor('what the policy in force drops', dropped, (count) => count > droppedBefore, { timeoutMs: 60_000 });
  await writer.stop();
  await expectOrderlyWork(database, [older, newer]);
});
