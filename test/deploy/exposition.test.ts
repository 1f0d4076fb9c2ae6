import { beforeAll, describe, expect, it } from 'vitest';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { listedMetrics } from '../support/deploy/dashboards/known-metrics.ts';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { type ExposedFamily, parseExposition } from '../support/exposition.ts';
import { policyFile } from '../support/policy-file.ts';
import { runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';

const listed = listedMetrics();

const top = `${anyPorts}
schedules: { provision: "*/5 * * * * *", retention: "*/5 * * * * *", index: off, probe: "*/5 * * * * *", collect: "* * * * * *", migrate: "* * * * * *" }`;

const tables = [
  `{ table: 'public."odd ""name"" \\ here"', interval: 1 month, premake: 2, defaultPartition: keep, retention: { keep: 30 years, action: detach }, maintenance: false }`,
  '{ table: public.numbers, interval: 100000, premake: 2, maintenance: false, probes: [{ name: low, sql: "SELECT id FROM public.numbers WHERE id < 5", analyze: true, expect: { partitions: 1 } }] }',
  // Half a second for each page: it is at work for as long as this takes.
  '{ table: public.dusty, interval: 1 month, premake: 1, maintenance: { costDelay: 100ms, costLimit: 1 } }',
  '{ table: public.moved, interval: 1 month, premake: 1, maintenance: false, migration: { partitionKey: at } }',
  // It is copied for minutes.
  '{ table: public.moving, interval: 1 month, premake: 1, maintenance: false, migration: { partitionKey: at, copy: { workers: 1, batchTime: 10ms, pace: 100 } } }',
];

/** A name that must be escaped, rows that no range takes, a key that grows, a table that VACUUM has to do with, and two that are migrated. */
async function createTables(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE EXTENSION pg_stat_statements;
    CREATE TABLE public."odd ""name"" \\ here" (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE public.odd_1 PARTITION OF public."odd ""name"" \\ here" FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z');
    CREATE TABLE public.odd_2 PARTITION OF public."odd ""name"" \\ here" FOR VALUES FROM ('2020-02-01Z') TO ('2020-03-01Z');
    CREATE TABLE public.odd_3 PARTITION OF public."odd ""name"" \\ here" FOR VALUES FROM ('2020-03-01Z') TO ('2020-04-01Z');
    CREATE TABLE public.odd_default PARTITION OF public."odd ""name"" \\ here" DEFAULT;
    INSERT INTO public."odd ""name"" \\ here" SELECT i, timestamptz '2020-01-01Z' + i * interval '1 hour' FROM generate_series(1, 2000) AS i;
    INSERT INTO public.odd_default VALUES (1, '1999-01-01Z');
    CREATE INDEX left_behind ON ONLY public."odd ""name"" \\ here" (id);
    CREATE TABLE public.numbers (id int8 NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE public.numbers_0 PARTITION OF public.numbers FOR VALUES FROM (0) TO (100000);
    INSERT INTO public.numbers SELECT generate_series(1, 50);
    CREATE TABLE public.dusty (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE public.dusty_1 PARTITION OF public.dusty FOR VALUES FROM ('2020-01-01Z') TO ('2020-02-01Z');
    CREATE TABLE public.dusty_2 PARTITION OF public.dusty FOR VALUES FROM ('2020-02-01Z') TO ('2020-03-01Z');
    SELECT count(*) FROM public.numbers WHERE id > 4;
    CREATE TABLE public.moved (id int8, at timestamptz, PRIMARY KEY (id, at));
    INSERT INTO public.moved SELECT i, timestamptz '2020-01-01Z' + i * interval '1 hour' FROM generate_series(1, 100) AS i;
    CREATE TABLE public.moving (LIKE public.moved INCLUDING ALL);
    INSERT INTO public.moving SELECT i, timestamptz '2020-01-01Z' + i * interval '1 second' FROM generate_series(1, 200000) AS i;
    ANALYZE`);
  // What a session has changed is counted at its end at the latest.
  const writer = await database.client();
  await writer.query(`
    INSERT INTO public.dusty SELECT i, timestamptz '2020-01-01Z' + i * interval '1 second' FROM generate_series(1, 100000) AS i;
    DELETE FROM public.dusty WHERE id % 2 = 0`);
  await writer.end();
}

/** One migration after its switch, and one that the daemon goes on with, with a change that waits. */
async function beginMigrations(database: TestDatabase, configuration: string): Promise<void> {
  for (const line of ['start --table public.moved', 'switch --table public.moved', 'start --table public.moving --until prepare']) {
    const { exitCode, stderr } = await runPartitiond(['migrate', ...line.split(' '), '--config', configuration]);
    expect(exitCode, stderr).toBe(0);
  }
  await database.query('UPDATE public.moving SET id = id + 1000000 WHERE id = 7');
}

function isOwn(name: string): boolean {
  return name.startsWith('partitiond_');
}

/** Texts of several scrapes that show together all that there can be; a key must grow for a minute until it is known when it ends. */
async function scrapeUntilComplete(): Promise<readonly string[]> {
  await using database = await createDatabase();
  await createTables(database);
  using file = policyFile(database, tables, top);
  await beginMigrations(database, file.path);
  await using daemon = await startDaemon(file.path);
  const texts: string[] = [];
  const missing = new Set(listed.map(({ name }) => name));
  let id = 50;
  const look = async (): Promise<readonly string[]> => {
    await database.query('INSERT INTO public.numbers VALUES ($1)', [(id += 1)]);
    const text = await (await fetch(`${daemon.http}/metrics`)).text();
    const found = parseExposition(text).filter(({ name }) => missing.delete(name));
    if (found.length > 0) texts.push(text);
    return [...missing];
  };
  await waitFor('the families of deploy/metrics.json', look, (names) => names.length === 0, { timeoutMs: 180_000, pollMs: 250 });
  return texts;
}

describe('what a daemon exposes of a database that has everything', () => {
  let texts: readonly string[] = [];
  let families: readonly ExposedFamily[] = [];
  beforeAll(async () => {
    texts = await scrapeUntilComplete();
    families = texts.flatMap(parseExposition);
  }, 240_000);

  it('is what deploy/metrics.json lists, no family more and none less, with those types, labels and help texts', () => {
    const own = families.filter(({ name }) => isOwn(name));
    expect([...new Set(own.map(({ name }) => name))].toSorted()).toEqual(listed.map(({ name }) => name).toSorted());
    for (const { name, type, help, samples } of own) {
      const metric = listed.find((one) => one.name === name);
      expect({ type, help }, name).toEqual({ type: metric?.type, help: metric?.help });
      const wanted = metric?.labels.toSorted().join(',');
      for (const { labels } of samples)
        expect(
          [...labels.keys()]
            .filter((label) => label !== 'le')
            .toSorted()
            .join(','),
          name,
        ).toBe(wanted);
    }
    expect(families.filter(({ name }) => !isOwn(name) && !/^(?:process|nodejs)_/.test(name))).toEqual([]);
  });

  it.for(['promtool', 'promtool3'] as const)('is nothing that %s has anything to say about', async (name, context) => {
    const promtool = deployTool(context, name);
    expect(texts.length).toBeGreaterThan(1);
    for (const text of texts) {
      const { stdout, stderr } = await runTool(promtool, ['check', 'metrics'], { input: text });
      const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !/^(?:process|nodejs)_/.test(line));
      expect(complaints).toEqual([]);
    }
  });

  it.for(['promtool', 'promtool3'] as const)('would not get past %s with a name that is wrong', async (name, context) => {
    const wrong = texts.map((text) => text.replaceAll('partitiond_steps_total', 'partitiond_steps'));
    const { stdout, stderr } = await runTool(deployTool(context, name), ['check', 'metrics'], { input: wrong.at(-1) ?? '' });
    expect(`${stdout}${stderr}`).toContain('partitiond_steps ');
  });
});
