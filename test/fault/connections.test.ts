import { writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { busyPolicy, createBusyTable, everySecond } from '../support/busy-table.ts';
import { type ConnectionSample, startConnectionSampler } from '../support/connection-sampler.ts';
import { anyPorts, type Daemon, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import { startRowWriter } from '../support/row-writer.ts';
import { waitFor } from '../support/wait-for.ts';

const watchMs = 15_000;
const allowed = ['partitiond/collector', 'partitiond:leader', 'partitiond:probe', 'partitiond:run'];

/** A configuration of all `databases`, each reached as that role. */
function configuration(databases: readonly TestDatabase[], role: { readonly name: string; readonly password: string }): string {
  const entries = databases.map((database, index) => {
    const url = new URL(database.url);
    url.username = role.name;
    url.password = role.password;
    return `  - { name: db${index}, url: ${JSON.stringify(url.href)}, tables: [${busyPolicy('ticks')}] }`;
  });
  const schedules = everySecond.replace('collect:', 'probe: "* * * * * *", collect:');
  return `${anyPorts}\n${schedules}\ndatabases:\n${entries.join('\n')}\n`;
}

/** Application names of one role's connections to one database, sample by sample. */
function seenOf(samples: readonly ConnectionSample[], role: string, database: string): readonly (readonly string[])[] {
  return samples.map(({ connections }) =>
    connections.filter((one) => one.role === role && one.database === database).map(({ application }) => application),
  );
}

/** The longest time for which connections of that role to that database were seen in one sample after the other. */
function longestPresenceMs(samples: readonly ConnectionSample[], role: string, database: string): number {
  let since: number | null = null;
  let longest = 0;
  for (const { atMs, connections } of samples) {
    const isPresent = connections.some((one) => one.role === role && one.database === database);
    since = isPresent ? (since ?? atMs) : null;
    if (since !== null) longest = Math.max(longest, atMs - since);
  }
  return longest;
}

async function ledBy(daemon: Daemon, count: number): Promise<readonly boolean[]> {
  const samples = await daemon.scrape();
  return Array.from({ length: count }, (_, index) => samples.get(`leader{database="db${index}"}`) === 1);
}

it('hold at most four sessions for each database they lead, and none for those they follow', async () => {
  await using first = await createDatabase();
  await using second = await createDatabase();
  await using third = await createDatabase();
  const databases = [first, second, third];
  for (const database of databases) await createBusyTable(database, 'ticks');
  const roles = [await first.createRole('a', 'SUPERUSER'), await first.createRole('b', 'SUPERUSER')] as const;
  using fileA = policyFile(first, []);
  using fileB = policyFile(first, []);
  await writeFile(fileA.path, configuration(databases, roles[0]));
  await writeFile(fileB.path, configuration(databases, roles[1]));
  await using a = await startDaemon(fileA.path);
  await using b = await startDaemon(fileB.path);
  const whoLeads = async (): Promise<readonly (0 | 1 | null)[]> => {
    const [byA, byB] = [await ledBy(a, 3), await ledBy(b, 3)];
    return byA.map((isA, index) => (isA ? 0 : byB[index] === true ? 1 : null));
  };
  const leaders = await waitFor('three leaders', whoLeads, (who) => !who.includes(null), { timeoutMs: 60_000 });

  await using sampler = await startConnectionSampler(first, 15);
  const writers = databases.map((database) => startRowWriter(database.url, 'public.ticks', 40));
  const until = performance.now() + watchMs;
  await waitFor(
    'the end of the watch',
    () => performance.now(),
    (now) => now >= until,
    { timeoutMs: 2 * watchMs, pollMs: 100 },
  );
  const written = await Promise.all(writers.map((writer) => writer.stop()));
  for (const count of written) expect(count).toBeGreaterThan(60);
  expect(await whoLeads()).toEqual(leaders);
  expect(sampler.samples.length).toBeGreaterThan(200);
  for (const [index, leader] of leaders.entries()) {
    const database = databases[index]?.name ?? '';
    const leading = seenOf(sampler.samples, roles[leader ?? 0].name, database);
    for (const applications of leading) expect(new Set(applications).size, applications.join(' ')).toBe(applications.length);
    expect([...new Set(leading.flat())].toSorted()).toEqual(allowed);
    const follower = roles[leader === 0 ? 1 : 0].name;
    const following = seenOf(sampler.samples, follower, database);
    expect(Math.max(...following.map((applications) => applications.length))).toBeLessThanOrEqual(1);
    expect(following.filter((applications) => applications.length === 0).length).toBeGreaterThan(0.5 * following.length);
    expect(longestPresenceMs(sampler.samples, follower, database)).toBeLessThan(3_000);
  }
});
