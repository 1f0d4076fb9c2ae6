import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';
import { catalogFingerprint } from './support/catalog-fingerprint.ts';
import { createMonthly, partitionNames } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const ready = { timeoutMs: 60_000 };
const tables = ['behavioral_event', 'behavioral_event_archive', 'revenues', 'expenses', 'device_reading', 'audit_log'];

describe('the demo', () => {
  it('plans, applies, shows and runs on a PostgreSQL of its own, answers on its URLs, and stops by itself', async () => {
    using workspace = new Workspace();
    await using demo = workspace.start(['demo', '--for', '12s']);
    const [, url = ''] = await demo.waitForLine('stdout', /^database +(postgresql:\S+)$/, ready);
    const [, metricsUrl = ''] = await demo.waitForLine('stdout', /^(http:\S+\/metrics)$/, ready);
    const [, folder = ''] = demo.stdout.match(/^policy +(\S+)\/partitiond\.yaml$/m) ?? [];
    expect(existsSync(folder)).toBe(true);
    for (const table of tables) expect(demo.stdout).toMatch(new RegExp(`^demo public\\.${table}: \\d+ steps?`, 'm'));
    for (const heading of ['plan', 'apply', 'status', 'probe', 'run']) expect(demo.stdout).toContain(`\n$ partitiond ${heading} --config `);
    expect(demo.stdout).toMatch(/ok +detach-partition public\.expenses_\d{4}_q\d/);
    expect(demo.stdout).toMatch(/6 tables: steps \d+ done; /);
    for (const table of tables) expect(demo.stdout).toMatch(new RegExp(`^demo +public\\.${table} +\\S+.* \\d+ +\\d+$`, 'm'));
    for (const path of ['livez', 'readyz', 'api/v1/status', 'api/v1/partitions'])
      expect(demo.stdout).toContain(metricsUrl.replace(/metrics$/, path));
    await waitFor(
      '/readyz to answer 200',
      () => fetch(metricsUrl.replace(/metrics$/, 'readyz')),
      (answer) => answer.status === 200,
    );
    const hasTables = async (): Promise<boolean> => /^partitiond_\S+\{[^}]*table="revenues"/m.test(await (await fetch(metricsUrl)).text());
    await waitFor('metrics of the tables', hasTables, (isThere) => isThere);
    await expectLooks(url);
    const { exitCode, stderr } = await demo.exited;
    expect(exitCode).toBe(0);
    expect(stderr).not.toMatch(/\] ERROR:|PD9\d\d/);
    expect(existsSync(folder)).toBe(false);
    await expect(new pg.Client({ connectionString: url }).connect()).rejects.toThrow('ECONNREFUSED');
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('leaves neither a server nor a folder behind after %s', async (signal) => {
    using workspace = new Workspace();
    // The daemon's own port is in use: by this, or by whoever made this fail.
    const occupant = createServer().listen(9788, '127.0.0.1');
    await Promise.race([once(occupant, 'listening'), once(occupant, 'error')]);
    await using demo = workspace.start(['demo']);
    const [, url = ''] = await demo.waitForLine('stdout', /^database +(postgresql:\S+)$/, ready);
    const [, folder = ''] = await demo.waitForLine('stdout', /^policy +(\S+)\/partitiond\.yaml$/, ready);
    if (signal === 'SIGTERM') {
      const [, port] = await demo.waitForLine('stdout', /^http:\/\/127\.0\.0\.1:(\d+)\/metrics$/, ready);
      expect(Number(port)).toBeGreaterThan(9788);
    }
    demo.signal(signal);
    const { exitCode, stderr } = await demo.exited;
    occupant.close();
    expect(exitCode).toBe(signal === 'SIGKILL' ? null : 0);
    expect(stderr).not.toMatch(/PD9\d\d/);
    const isThere = (): boolean => existsSync(folder);
    await waitFor('the folder to be gone', isThere, (exists) => !exists, { timeoutMs: 20_000 });
    await expect(new pg.Client({ connectionString: url }).connect()).rejects.toThrow('ECONNREFUSED');
  });

  it('with --config runs the daemon on that database and touches nothing outside the policy', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await createMonthly(database, 'event', '2025-03-01', 1);
    await createMonthly(database, 'stranger', '2020-01-01', 3);
    const file = workspace.write(
      'own.yaml',
      configurationText(database.url, { 'public.event': 'interval: 1 month' }, 'http: { port: 0 }\nadmin: { port: 0 }'),
    );
    const strangers = async (): Promise<readonly string[]> =>
      (await catalogFingerprint(database)).filter((line) => line.includes('stranger'));
    const before = await strangers();
    await using daemon = workspace.start(['demo', '--config', file]);
    await waitFor(
      'partitions ahead',
      () => partitionNames(database, 'public.event'),
      (names) => names.length > 4,
      { timeoutMs: 60_000 },
    );
    daemon.signal('SIGTERM');
    expect((await daemon.exited).exitCode).toBe(0);
    expect(await strangers()).toEqual(before);
    expect(daemon.stdout).not.toContain('rows loaded');
    expect((await workspace.run(['demo', '--config', file, '--for', '1s'])).exitCode).toBe(0);
  });
});

/** The tables are as the issue describes them, and an application goes on writing. */
async function expectLooks(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ parent: string; names: string }>(
      "SELECT inhparent::regclass::text AS parent, string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text) AS names FROM pg_inherits JOIN pg_class c ON c.oid = inhparent WHERE c.relkind = 'p' GROUP BY 1",
    );
    const names = new Map(rows.map((row) => [row.parent, row.names]));
    expect(names.get('behavioral_event_archive')).toMatch(/behavioral_event_archive_\d{4}( |$)/);
    for (const table of ['revenues', 'expenses']) {
      expect(names.get(table)).toMatch(new RegExp(`${table}_\\d{4}_q[1-4] `));
      expect(names.get(table)).toContain(`${table}_default`);
    }
    expect(names.get('behavioral_event')).toMatch(/behavioral_event_\d{4}_\d\d( |$)/);
    const count = async (): Promise<number> => Number((await client.query('SELECT count(*) FROM device_reading')).rows[0]?.count);
    const first = await count();
    await waitFor('new rows', count, (rowCount) => rowCount > first);
    const total = await client.query(
      'SELECT (SELECT count(*) FROM behavioral_event) + (SELECT count(*) FROM revenues) + (SELECT count(*) FROM expenses) AS rows',
    );
    expect(Number(total.rows[0]?.rows)).toBeGreaterThan(200_000);
  } finally {
    await client.end();
  }
}
