import { chownSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startCluster } from '../support/cluster.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { catalogFingerprint } from './support/catalog-fingerprint.ts';
import { createMonthly } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

/** Runs `apply`, which would change something if anything could, and expects that nothing was changed. */
async function applyBadly(
  database: TestDatabase,
  configure: (workspace: Workspace) => void,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly exitCode: number | null; readonly stdout: string; readonly stderr: string }> {
  using workspace = new Workspace();
  configure(workspace);
  const before = await catalogFingerprint(database);
  const { exitCode, stdout, stderr } = await workspace.run(['apply', '--now', '2025-03-10'], { env });
  expect((await catalogFingerprint(database)).filter(isUsers)).toEqual(before.filter(isUsers));
  expect(stderr).not.toMatch(/PD9\d\d|\n {4}at /);
  return { exitCode, stdout, stderr };
}

/** The journal may exist once a database was worked on; nothing else may be new. */
function isUsers(line: string): boolean {
  return !/\bpartitiond\b/.test(line);
}

const month = 'interval: 1 month';

describe('a configuration that cannot be used', () => {
  const cases: readonly (readonly [string, (url: string) => string, RegExp])[] = [
    ['malformed', (url) => `databases: [{ name: app, url: "${url}"`, /line \d+.*|PD103/],
    ['empty', () => '', /the file is empty; it needs at least `databases`/],
    [
      'with an unknown key',
      (url) => configurationText(url, { event: `${month}, premak: 3` }),
      /databases\[0\]\.tables\[0\]\.premak.*premake/,
    ],
    ['with an unknown section', (url) => configurationText(url, { event: month }, 'safty: {}'), /safty.*safety/],
    ['with a missing variable', () => `databases: [{ name: app, url: "\${NO_SUCH_URL}", tables: [] }]`, /databases\[0\]\.url.*NO_SUCH_URL/],
    [
      'with a bare number as a duration',
      (url) => configurationText(url, { event: month }, 'safety: { lockTimeout: 100 }'),
      /safety\.lockTimeout.*100/,
    ],
    [
      'with a bare number as an amount of time',
      (url) => configurationText(url, { event: `${month}, retention: { keep: 12, action: detach }` }),
      /retention\.keep.*12/,
    ],
    ['with an unknown unit', (url) => configurationText(url, { event: 'interval: 3 fortnights' }), /interval.*fortnight/],
    [
      'with an unknown time zone',
      (url) => configurationText(url, { event: `${month}, timezone: Europe/Berln` }),
      /timezone.*Europe\/Berln/,
    ],
    [
      'with a bad cron expression',
      (url) => configurationText(url, { event: month }, 'schedules: { provision: "61 * * * *" }'),
      /schedules\.provision.*61/,
    ],
    [
      'with a name that repeats',
      (url) => configurationText(url, { event: 'interval: 1 day, name: "{table}_{yyyy}_{mm}"' }),
      /name.*\{table\}_\{yyyy\}_\{mm\}/,
    ],
    [
      'without an action of retention',
      (url) => configurationText(url, { event: `${month}, retention: { keep: 1 year }` }),
      /retention.*action/,
    ],
    ['with a table twice', (url) => configurationText(url, { event: month, 'public.event': month }), /tables\[1\].*public\.event/],
  ];

  it.each(cases)('%s ends with exit code 2 and a sentence that names the place', async (_, text, message) => {
    await using database = await createDatabase();
    await createMonthly(database, 'event', '2025-03-01', 1);
    const { exitCode, stdout, stderr } = await applyBadly(database, (workspace) => workspace.configure(text(database.url)));
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('names all its problems at once, and never a password', async () => {
    await using database = await createDatabase();
    const text = `
log: { level: loud }
databases:
  - name: app
    url: "mysql://app:hunter2@db/app"
    tables:
      - { table: event, interval: 1 mnth }
      - { table: visit, interval: 1 day, premake: many }`;
    const { exitCode, stderr } = await applyBadly(database, (workspace) => workspace.configure(text));
    expect(exitCode).toBe(2);
    for (const path of ['log.level', 'databases[0].url', 'tables[0].interval', 'tables[1].premake']) expect(stderr).toContain(path);
    expect(stderr).not.toContain('hunter2');
  });

  it('is refused when the file cannot be read', async () => {
    await using database = await createDatabase();
    const { exitCode, stderr } = await applyBadly(database, (workspace) => mkdirSync(join(workspace.folder, 'partitiond.yaml')));
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/partitiond\.yaml cannot be read.*PD102/);
  });
});

describe('a table that cannot be managed', () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['that does not exist', 'SELECT 1', month, /public\.event.*(does not exist|no table)/],
    ['that is not partitioned', 'CREATE TABLE event (at timestamptz)', month, /not-partitioned.*public\.event/],
    ['that is a view', 'CREATE VIEW event AS SELECT now() AS at', month, /public\.event/],
    ['partitioned by LIST', 'CREATE TABLE event (kind text) PARTITION BY LIST (kind)', month, /unsupported-key.*LIST/],
    ['partitioned by HASH', 'CREATE TABLE event (id int) PARTITION BY HASH (id)', month, /unsupported-key.*HASH/],
    [
      'with an expression as key',
      "CREATE TABLE event (at timestamptz) PARTITION BY RANGE ((at AT TIME ZONE 'UTC'))",
      month,
      /unsupported-key.*expression/i,
    ],
    [
      'with a key of two columns',
      'CREATE TABLE event (at timestamptz, id int) PARTITION BY RANGE (at, id)',
      month,
      /unsupported-key.*column/i,
    ],
    [
      'with a calendar interval on an integer key',
      'CREATE TABLE event (id bigint) PARTITION BY RANGE (id)',
      month,
      /unsupported-key.*1 month.*whole number.*key\.encoding/,
    ],
    [
      'with an integer interval on a time key',
      'CREATE TABLE event (at timestamptz) PARTITION BY RANGE (at)',
      'interval: 1000',
      /unsupported-key.*1000/,
    ],
    [
      'with hours on a date key',
      'CREATE TABLE event (at date) PARTITION BY RANGE (at)',
      'interval: 1 hour',
      /unsupported-key.*(date|hour)/,
    ],
    ['with a text key without encoding', 'CREATE TABLE event (id text) PARTITION BY RANGE (id)', month, /unsupported-key.*ulid/i],
  ];

  it.each(cases)('%s is a finding that names the fix; apply exits 4 and the others are done', async (_, sql, keys, message) => {
    await using database = await createDatabase();
    await database.query(sql);
    await createMonthly(database, 'other', '2025-03-01', 5);
    const tables = { event: keys, other: month };
    const { exitCode, stdout, stderr } = await applyBadly(database, (workspace) =>
      workspace.configure(configurationText(database.url, tables)),
    );
    expect(exitCode).toBe(4);
    expect(stdout + stderr).toMatch(message);
    expect(stdout).toMatch(/2 tables: nothing to do; 1 finding/);
  });
});

describe('a database that cannot be worked on', () => {
  it('is left out with exit code 3 when the password is wrong', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('app');
    const url = role.url.replace(role.password, 'wrongpassword');
    const { exitCode, stderr } = await applyBadly(database, (workspace) => workspace.configure(configurationText(url, { event: month })));
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/database app: Could not connect.*password.*PD202/);
    expect(stderr).not.toContain('wrongpassword');
  });

  it('is left out with exit code 3 when there is no database of that name', async () => {
    await using database = await createDatabase();
    const url = database.url.replace(database.name, `${database.name}_not`);
    const { exitCode, stderr } = await applyBadly(database, (workspace) => workspace.configure(configurationText(url, { event: month })));
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/PD204/);
  });

  it('names the GRANT when a privilege is missing, and changes nothing', async () => {
    await using database = await createDatabase();
    await createMonthly(database, 'event', '2025-03-01', 1);
    const role = await database.createRole('app');
    const owner = await database.createRole('owner');
    await database.query(`GRANT ALL ON SCHEMA public TO ${owner.name}; ALTER TABLE public.event OWNER TO ${owner.name}`);
    using workspace = new Workspace();
    workspace.configure(configurationText(role.url, { event: month }));
    const check = await workspace.run(['check', '--now', '2025-03-10']);
    expect(check.exitCode).toBe(1);
    expect(check.stdout).toMatch(new RegExp(`missing-privilege +.*GRANT ${owner.name} TO ${role.name};`));
    // Membership of a superuser would make the role one.
    await database.query('ALTER TABLE public.event OWNER TO postgres');
    const careful = await workspace.run(['check', '--now', '2025-03-10']);
    expect(careful.stdout).toContain(`ALTER TABLE public.event OWNER TO ${role.name};`);
    expect(careful.stdout).not.toContain('GRANT postgres');
    await database.query(`ALTER TABLE public.event OWNER TO ${owner.name}`);
    const { exitCode, stderr, stdout } = await applyBadly(database, (other) =>
      other.configure(configurationText(role.url, { event: month })),
    );
    expect(exitCode).toBe(4);
    expect(stderr + stdout).toMatch(new RegExp(`GRANT .* TO ${role.name};`));
  });

  it('refuses to change a database that is read-only by setting', async () => {
    await using database = await createDatabase();
    await createMonthly(database, 'event', '2025-03-01', 1);
    await database.query(`ALTER DATABASE ${database.name} SET default_transaction_read_only = on`);
    const { exitCode, stderr } = await applyBadly(database, (workspace) =>
      workspace.configure(configurationText(database.url, { event: month })),
    );
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/read-only.*25006/);
  });

  it('plans on a standby, and refuses to change anything there with a word about the primary', async () => {
    await using cluster = await startCluster();
    await using database = await createDatabase(cluster.url);
    await createMonthly(database, 'event', '2025-03-01', 1);
    using workspace = new Workspace();
    workspace.configure(configurationText(database.url, { event: month }));
    await cluster.stop();
    // A server that finds this file waits for WAL and is read-only until it is promoted: a standby, with nobody to follow.
    const signal = join(cluster.folder, 'data', 'standby.signal');
    writeFileSync(signal, '');
    const { uid, gid } = statSync(cluster.folder);
    chownSync(signal, uid, gid);
    await cluster.start();
    const plan = await workspace.run(['plan', '--now', '2025-03-10']);
    expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
    expect(plan.stdout).toContain('create public.event_2025_04');
    for (const args of [['apply', '--now', '2025-03-10'], ['pause'], ['resume']]) {
      const refused = await workspace.run(args);
      expect({ args, exitCode: refused.exitCode }).toEqual({ args, exitCode: 4 });
      expect(refused.stderr).toMatch(/database app: .*read-only standby; point `url` at the primary\. \(PD503\)/);
    }
    await cluster.stop();
    rmSync(signal);
    await cluster.start();
  });
});
