import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { mkdir, open, readlink, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { anyPorts, type Daemon, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { attachedPartitions } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';
import { Workspace } from './support/workspace.ts';

/** Each task once at the start of a term, and not again while a test lasts. */
const rarely = 'schedules: { provision: "0 0 1 1 *", retention: "0 0 1 1 *", maintenance: off, index: off, collect: "0 0 1 1 *" }';
const usual = `${anyPorts}\n${rarely}`;

/** Database by name, with the names of its tables in `public`. */
type Databases = Readonly<Record<string, { readonly database: TestDatabase; readonly tables: readonly string[] }>>;

function configuration(databases: Databases, top = usual): string {
  const entries = Object.entries(databases).map(([name, { database, tables }]) => {
    const list = tables.map((table) => `      - { table: public.${table}, interval: 1 month, premake: 1 }\n`);
    return `  - name: ${name}\n    url: ${JSON.stringify(database.url)}\n    tables:\n${list.join('')}`;
  });
  return `${top}\ndatabases:\n${entries.join('')}`;
}

async function createTables(database: TestDatabase, ...tables: readonly string[]): Promise<void> {
  for (const table of tables) await database.query(`CREATE TABLE public.${table} (at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
}

async function tablesOf(daemon: Daemon): Promise<readonly string[]> {
  return (await daemon.status()).databases.flatMap(({ database, tables }) => tables.map(({ table }) => `${database} ${table}`));
}

async function samplesWith(daemon: Daemon, label: string): Promise<readonly string[]> {
  return [...(await daemon.scrape()).keys()].filter((name) => name.includes(label));
}

async function waitForPartitions(database: TestDatabase, table: string): Promise<void> {
  const look = (): Promise<readonly string[]> => attachedPartitions(database, `public.${table}`);
  await waitFor(`partitions of ${table}`, look, (names) => names.length === 2, { timeoutMs: 60_000 });
}

function order(daemon: Daemon, path: string): Promise<Response> {
  return fetch(daemon.admin + path, { method: 'POST' });
}

interface Way {
  readonly how: string;
  /** Makes the file for the first time; answers its name. */
  put(folder: string, text: string): Promise<string>;
  replace(folder: string, text: string, daemon: Daemon): Promise<void>;
}

const name = 'partitiond.yaml';

async function write(folder: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

/** As kubelet's atomic writer does it: the files are links through `..data`, which is a link to a folder that never changes. */
async function swapData(folder: string, text: string): Promise<void> {
  const before = await readlink(join(folder, '..data')).catch(() => null);
  const version = `..2026_${performance.now()}`;
  await mkdir(join(folder, version));
  await write(join(folder, version), text);
  await symlink(version, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  if (before !== null) await rm(join(folder, before), { recursive: true });
}

const ways: readonly Way[] = [
  {
    how: 'is written and SIGHUP sent',
    put: write,
    replace: async (folder, text, daemon) => {
      await write(folder, text);
      daemon.program.signal('SIGHUP');
    },
  },
  {
    how: 'is written in two halves',
    put: write,
    replace: async (folder, text) => {
      await writeFile(join(folder, name), text.slice(0, text.length / 2));
      await delay(100);
      await writeFile(join(folder, name), text);
    },
  },
  {
    how: 'is replaced by another',
    put: write,
    replace: async (folder, text) => {
      await writeFile(join(folder, 'new.yaml'), text);
      await rename(join(folder, 'new.yaml'), join(folder, name));
    },
  },
  {
    how: 'is that of a ConfigMap',
    put: async (folder, text) => {
      await swapData(folder, text);
      await symlink(join('..data', name), join(folder, name));
      return join(folder, name);
    },
    replace: swapData,
  },
  {
    how: 'is a link into a folder that nobody watches',
    put: async (folder, text) => {
      await mkdir(join(folder, 'elsewhere'));
      await symlink(await write(join(folder, 'elsewhere'), text), join(folder, name));
      return join(folder, name);
    },
    replace: async (folder, text) => {
      await write(join(folder, 'elsewhere'), text);
    },
  },
];

describe('a changed configuration', () => {
  it.each(ways)('is live within a minute when its file $how', async ({ put, replace }) => {
    await using database = await createDatabase();
    await createTables(database, 'events', 'readings');
    using workspace = new Workspace();
    const file = await put(workspace.folder, configuration({ app: { database, tables: ['events'] } }));
    await using daemon = await startDaemon(file);
    await waitForPartitions(database, 'events');
    expect(await tablesOf(daemon)).toEqual(['app public.events']);

    await replace(workspace.folder, configuration({ app: { database, tables: ['events', 'readings'] } }), daemon);
    await waitForPartitions(database, 'readings');
    expect(await tablesOf(daemon)).toEqual(['app public.events', 'app public.readings']);
    expect(await daemon.waitForLog('configuration loaded')).toMatchObject({ level: 'info', changed: ['app'], added: [], removed: [] });
    expect(daemon.log().filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('leaves alone a table that it names no more, and takes away its series', async () => {
    await using database = await createDatabase();
    await createTables(database, 'events', 'readings');
    using workspace = new Workspace();
    const file = await write(workspace.folder, configuration({ app: { database, tables: ['events', 'readings'] } }));
    await using daemon = await startDaemon(file);
    const sample = (table: string): string => `table_partitions{database="app",schema="public",table="${table}",state="attached"}`;
    await daemon.waitForSample(sample('readings'), 2);

    await write(workspace.folder, configuration({ app: { database, tables: ['events'] } }));
    const others = (): Promise<readonly string[]> => samplesWith(daemon, '"readings"');
    await waitFor('its series to go', others, (names) => names.length === 0, { timeoutMs: 60_000 });
    await daemon.waitForSample(sample('events'), 2);
    expect(await tablesOf(daemon)).toEqual(['app public.events']);
    expect(await attachedPartitions(database, 'public.readings')).toHaveLength(2);
  });

  it('that cannot be used changes nothing, and says so until it is put right', async () => {
    await using database = await createDatabase();
    await createTables(database, 'events');
    using workspace = new Workspace();
    const good = configuration({ app: { database, tables: ['events'] } });
    const file = await write(workspace.folder, good);
    await using daemon = await startDaemon(file);
    await daemon.waitForSample('leader{database="app"}', 1);
    await daemon.waitForSample('config_last_reload_successful', 1);

    await write(workspace.folder, good.replace('1 month', '1 fortnight').replace('premake: 1', 'premak: 1'));
    await daemon.waitForSample('config_last_reload_successful', 0, { timeoutMs: 60_000 });
    const line = await daemon.waitForLog('configuration not loaded, the old one stays in force');
    expect(line).toMatchObject({ level: 'error', code: 'PD104', cause: 'file' });
    expect(line['problems']).toEqual([expect.stringContaining('interval'), expect.stringContaining('premak')].toReversed());
    const refused = await order(daemon, '/-/reload');
    expect([refused.status, await refused.json()]).toMatchObject([422, { problems: [{ line: 9 }, { line: 9 }] }]);
    await daemon.waitForSample('config_reloads_total{outcome="failed"}', 2);

    await unlink(file);
    const told = (): readonly unknown[] => daemon.log().map(({ code }) => code);
    await waitFor('the missing file in the log', told, (codes) => codes.includes('PD102'), { timeoutMs: 60_000 });
    expect((await daemon.scrape()).get('leader{database="app"}')).toBe(1);
    expect((await daemon.scrape()).get('leader_epoch{database="app"}')).toBe(1);
    expect(await tablesOf(daemon)).toEqual(['app public.events']);
    expect((await order(daemon, '/-/run?task=provision')).status).toBe(202);
    expect((await fetch(`${daemon.http}/readyz`)).status).toBe(200);

    await write(workspace.folder, good);
    await daemon.waitForSample('config_last_reload_successful', 1, { timeoutMs: 60_000 });
    await daemon.waitForSample('config_reloads_total{outcome="ok"}', (count) => count >= 2);
    expect((await daemon.scrape()).get('leader_epoch{database="app"}')).toBe(1);
  });

  it('adds databases and takes them away, lock, connections and series with them', async () => {
    await using first = await createDatabase();
    await using second = await createDatabase();
    await createTables(first, 'events');
    await createTables(second, 'events');
    using workspace = new Workspace();
    const one = { app: { database: first, tables: ['events'] } };
    const file = await write(workspace.folder, configuration(one));
    await using daemon = await startDaemon(file);
    await daemon.waitForSample('leader{database="app"}', 1);

    await write(workspace.folder, configuration({ ...one, other: { database: second, tables: ['events'] } }));
    await waitForPartitions(second, 'events');
    await daemon.waitForSample('leader{database="other"}', 1);
    await write(workspace.folder, configuration(one));
    const others = (): Promise<readonly string[]> => samplesWith(daemon, 'database="other"');
    await waitFor('its series to go', others, (names) => names.length === 0, { timeoutMs: 60_000 });
    const connections =
      "SELECT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'partitiond%'";
    // The server takes a moment to forget one that has just been closed.
    await waitFor(
      'its connections to be gone',
      () => second.query(connections),
      (rows) => rows.length === 0,
    );
    expect((await daemon.scrape()).get('leader_epoch{database="app"}')).toBe(1);
    expect(await tablesOf(daemon)).toEqual(['app public.events']);
    daemon.program.signal('SIGTERM');
    expect((await daemon.program.exited).exitCode).toBe(0);
  });

  it('changes the log at once, and asks for a restart where a listener would have to move', async () => {
    await using database = await createDatabase();
    await createTables(database, 'events');
    using workspace = new Workspace();
    const file = await write(workspace.folder, configuration({ app: { database, tables: ['events'] } }));
    await using daemon = await startDaemon(file);
    await daemon.waitForSample('task_runs_total{database="app",task="collect",outcome="ok"}', 1);
    const quiet = usual.replace('debug', 'warn').replace('http: { host: 127.0.0.1', 'http: { host: 0.0.0.0');
    await write(workspace.folder, configuration({ app: { database, tables: ['events'] } }, quiet));
    expect(
      await daemon.waitForLog('restart needed: addresses of listeners do not change while running', { timeoutMs: 60_000 }),
    ).toMatchObject({
      level: 'warn',
      keys: ['http'],
    });
    const reloaded = await order(daemon, '/-/reload');
    expect([reloaded.status, await reloaded.json()]).toEqual([200, { added: [], removed: [], changed: [], needsRestart: ['http'] }]);
    expect(daemon.log().filter(({ msg }) => msg === 'configuration loaded')).toEqual([]);
  });
});

it('lets a process that was left behind lead again once it has loaded its configuration anew', async () => {
  await using database = await createDatabase();
  await createTables(database, 'events', 'readings');
  using workspace = new Workspace();
  const old = workspace.write('old.yaml', configuration({ app: { database, tables: ['events'] } }));
  const latest = workspace.write('latest.yaml', configuration({ app: { database, tables: ['events', 'readings'] } }));
  await using first = await startDaemon(old);
  await first.waitForSample('leader{database="app"}', 1);
  await using left = await startDaemon(old);
  await left.waitForLog('following');
  left.program.signal('SIGSTOP');
  await using successor = await startDaemon(latest);
  first.program.signal('SIGTERM');
  await successor.waitForSample('leader{database="app"}', 1, { timeoutMs: 60_000 });
  left.program.signal('SIGCONT');
  successor.program.signal('SIGTERM');
  await successor.program.exited;
  expect(await left.waitForLog('refusing to lead', { timeoutMs: 60_000 })).toMatchObject({ reason: 'old-generation' });
  expect((await left.status()).databases).toMatchObject([{ leadership: { isLeading: false, refused: 'old-generation' } }]);

  left.program.signal('SIGHUP');
  await left.waitForSample('leader{database="app"}', 1, { timeoutMs: 60_000 });
  expect((await left.status()).databases).toMatchObject([{ leadership: { isLeading: true, refused: null } }]);
});

it('survives a SIGHUP that comes before it has read its configuration, and loads it once more', async () => {
  await using database = await createDatabase();
  await createTables(database, 'events', 'readings');
  using workspace = new Workspace();
  const file = join(workspace.folder, name);
  const latest = workspace.write('latest.yaml', configuration({ app: { database, tables: ['events', 'readings'] } }));
  // A pipe holds the daemon at its start until it is written to and closed.
  execFileSync('mkfifo', [file]);
  await using program = workspace.start(['run', '--config', file]);
  const pipe = await waitFor(
    'a reader',
    () => open(file, constants.O_WRONLY | constants.O_NONBLOCK),
    () => true,
  );
  program.signal('SIGHUP');
  await pipe.writeFile(configuration({ app: { database, tables: ['events'] } }));
  await rename(latest, file);
  await pipe.close();
  await program.waitForLine('stderr', /"cause":"SIGHUP".*"configuration loaded"/, { timeoutMs: 60_000 });
  await waitForPartitions(database, 'readings');
  program.signal('SIGTERM');
  expect((await program.exited).exitCode).toBe(0);
});
