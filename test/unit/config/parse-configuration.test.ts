import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { DatabasePolicy } from '../../../src/partition/policy.ts';
import { parse, problemsOf, tableOf, withTable } from './support.ts';

const minimal = withTable('interval: 1 month');

function databaseWith(urlFile: string): DatabasePolicy | undefined {
  return parse(`databases: [{ name: a, urlFile: ${urlFile}, tables: [{ table: t, interval: 1 day }] }]`).databases[0];
}

describe('a configuration', () => {
  it('fills in every default of the contract', () => {
    expect(parse(minimal)).toEqual({
      log: { level: 'info', format: 'json' },
      http: { host: '0.0.0.0', port: 9788 },
      admin: { host: '127.0.0.1', port: 9789 },
      schedules: {
        timezone: 'UTC',
        maxRuntimeMs: 3_600_000,
        provision: '*/10 * * * *',
        retention: '7 * * * *',
        maintenance: '*/15 * * * *',
        index: '*/15 * * * *',
        migrate: '* * * * *',
        probe: '*/5 * * * *',
        collect: '* * * * *',
      },
      safety: { lockTimeoutMs: 100, lockBudgetMs: 300_000, statementTimeoutMs: 30_000, maxRemovals: 10, maxClockSkewMs: 300_000 },
      leadership: { enabled: true },
      metrics: { partitions: 'top', topPerTable: 20, maxSeries: 50_000, rowCounts: 'estimate' },
      journal: { keepMs: 90 * 86_400_000 },
      databases: [
        {
          name: 'app',
          connection: { kind: 'url', url: 'postgres://h/db' },
          journalSchema: 'partitiond',
          probeRole: null,
          tables: [
            {
              table: { schema: 'public', name: 't' },
              interval: { kind: 'calendar', count: 1, unit: 'month' },
              premake: 4,
              startFrom: null,
              timezone: 'UTC',
              encoding: { kind: 'auto' },
              name: '{table}_{yyyy}_{mm}',
              defaultPartition: 'none',
              retention: null,
              storage: {},
              maintenance: {
                vacuumDeadRatio: 0.1,
                vacuumDeadRows: 1_000_000,
                analyzeChangedRatio: 0.1,
                analyzeChangedRows: 1_000_000,
                freezeAgeRatio: 0.75,
                freezeClosed: true,
                closedForMs: 3_600_000,
                reindexBloat: 0.5,
                reindexMinBytes: 64 * 1024 * 1024,
                parentAnalyzeEveryMs: 86_400_000,
                limits: {
                  concurrency: 2,
                  window: null,
                  costDelayMs: null,
                  costLimit: null,
                  maxReplicationLagMs: 30_000,
                  maxLockWaiters: 10,
                },
              },
              indexes: [],
              dropRemovedIndexes: false,
              probes: [],
              targetPartitionBytes: 32 * 1024 ** 3,
              migration: null,
            },
          ],
        },
      ],
    });
  });

  it('reads every key of a table', () => {
    const table = tableOf(
      parse(
        withTable(
          `interval: 1 day, premake: 0, startFrom: 2024-10-01, timezone: Europe/Berlin, name: "p_{yyyy}{mm}{dd}", defaultPartition: managed,
           key: { encoding: { snowflake: { epoch: 2010-11-04T01:42:54.657Z, shift: 22 } } }, storage: { fillfactor: 90, toast.autovacuum_enabled: false },
           retention: { keep: 3 months, action: drop, grace: 0, schema: '"Old Ones"' }, maintenance: false, dropRemovedIndexes: true,
           indexes: [{ name: t_org, columns: [org_id] }], probes: [{ name: p, sql: SELECT 1, expect: { partitions: 0 } }], targetPartitionSize: 1 GB`,
        ),
      ),
    );
    expect(table).toEqual({
      table: { schema: 'public', name: 't' },
      interval: { kind: 'calendar', count: 1, unit: 'day' },
      premake: 0,
      // Midnight in Berlin.
      startFrom: BigInt(Date.parse('2024-09-30T22:00:00Z')) * 1000n,
      timezone: 'Europe/Berlin',
      encoding: { kind: 'snowflake', epochMs: 1_288_834_974_657n, shift: 22 },
      name: 'p_{yyyy}{mm}{dd}',
      defaultPartition: 'managed',
      retention: {
        keep: { kind: 'calendar', months: 3, days: 0, micros: 0n },
        action: 'drop',
        grace: { kind: 'calendar', months: 0, days: 0, micros: 0n },
        schema: 'Old Ones',
      },
      storage: { fillfactor: '90', 'toast.autovacuum_enabled': 'false' },
      maintenance: null,
      indexes: [expect.objectContaining({ name: 't_org' })],
      dropRemovedIndexes: true,
      probes: [expect.objectContaining({ name: 'p' })],
      targetPartitionBytes: 1024 ** 3,
      migration: null,
    });
  });

  it('reads integer intervals, starts and distances without rounding', () => {
    const table = tableOf(
      parse(
        withTable('interval: 9007199254740993, startFrom: -9223372036854775808, retention: { keep: 9007199254740995, action: detach }'),
      ),
    );
    expect(table.interval).toEqual({ kind: 'integer', step: 9_007_199_254_740_993n });
    expect(table.startFrom).toBe(-9_223_372_036_854_775_808n);
    expect(table.retention).toEqual({
      keep: { kind: 'integer', distance: 9_007_199_254_740_995n },
      action: 'detach',
      grace: null,
      schema: null,
    });
  });

  it('waits seven days between detach and drop unless told otherwise', () => {
    const { retention } = tableOf(parse(withTable('interval: 1 day, retention: { keep: 30 days, action: drop }')));
    expect(retention?.grace).toEqual({ kind: 'calendar', months: 0, days: 7, micros: 0n });
  });

  it('is the same as JSON, with tabs', () => {
    const json = JSON.stringify(
      { databases: [{ name: 'app', url: 'postgres://h/db', tables: [{ table: 't', interval: '1 month' }] }] },
      null,
      '\t',
    );
    expect(parse(json)).toEqual(parse(minimal));
  });

  it('reads a relative urlFile from the folder of the configuration', () => {
    expect(databaseWith('secrets/url')?.connection).toEqual({ kind: 'file', path: '/etc/partitiond/secrets/url' });
    expect(databaseWith('/run/url')?.connection).toEqual({ kind: 'file', path: '/run/url' });
  });

  it('switches a task off with false, null or off', () => {
    const { schedules } = parse(
      withTable('interval: 1 day', 'schedules: { provision: false, retention: null, collect: off, index: false }'),
    );
    expect(schedules).toEqual({
      timezone: 'UTC',
      maxRuntimeMs: 3_600_000,
      provision: null,
      retention: null,
      maintenance: '*/15 * * * *',
      index: null,
      migrate: '* * * * *',
      probe: '*/5 * * * *',
      collect: null,
    });
  });

  it('takes a section or key with nothing behind it as absent', () => {
    expect(parse(withTable('interval: 1 month, premake: null, name:', 'http:\nsafety: { lockTimeout: }\ndefaults:\n'))).toEqual(
      parse(minimal),
    );
  });

  it('follows anchors', () => {
    const text =
      'databases: [{ name: a, url: &u "postgres://h/a", tables: &t [{ table: t, interval: 1 day }] }, { name: b, url: *u, tables: *t }]';
    const [a, b] = parse(text).databases;
    expect(b).toEqual({ ...a, name: 'b' });
  });

  it('keeps names with quotes, dots, capitals and SQL as names', () => {
    const text = withTable('interval: 1 day').replace('table: t,', `table: '"Robert''); DROP TABLE x;--"."a.b ""c"" ü"',`);
    expect(tableOf(parse(text)).table).toEqual({ schema: "Robert'); DROP TABLE x;--", name: 'a.b "c" ü' });
  });
});

describe('defaults', () => {
  const defaults =
    'defaults: { premake: 9, timezone: Asia/Tokyo, storage: { fillfactor: 80 }, retention: { keep: 5 days, action: drop, grace: 2 days } }';

  it('hold for a table that says nothing', () => {
    const table = tableOf(parse(withTable('interval: 1 day', defaults)));
    expect(table).toMatchObject({ premake: 9, timezone: 'Asia/Tokyo', storage: { fillfactor: '80' } });
    expect(table.retention).toMatchObject({ keep: { days: 5 }, action: 'drop', grace: { days: 2 } });
  });

  it('give way key by key within retention and storage', () => {
    const table = tableOf(
      parse(withTable('interval: 1 day, premake: 1, retention: { keep: 9 days }, storage: { autovacuum_enabled: false }', defaults)),
    );
    expect(table).toMatchObject({ premake: 1, storage: { fillfactor: '80', autovacuum_enabled: 'false' } });
    expect(table.retention).toMatchObject({ keep: { days: 9 }, action: 'drop', grace: { days: 2 } });
  });

  it('let a table opt out of retention with null or false', () => {
    expect(tableOf(parse(withTable('interval: 1 day, retention: null', defaults))).retention).toBeNull();
    expect(tableOf(parse(withTable('interval: 1 day, retention: false', defaults))).retention).toBeNull();
  });

  it('let a table choose detach without taking back the default grace', () => {
    const { retention } = tableOf(parse(withTable('interval: 1 day, retention: { action: detach }', defaults)));
    expect(retention).toMatchObject({ action: 'detach', grace: null });
  });

  it('can hold the interval', () => {
    expect(tableOf(parse(withTable('premake: 1', 'defaults: { interval: 1 week }'))).interval).toEqual({
      kind: 'calendar',
      count: 1,
      unit: 'week',
    });
  });

  it('are blamed where they stand, once, however many tables they hold for', () => {
    const text = `defaults:\n  premake: -1\ndatabases: [{ name: a, url: "postgres://h/a", tables: [{ table: t, interval: 1 day }, { table: u, interval: 1 day }] }]`;
    expect(problemsOf(text)).toEqual([
      { path: 'defaults.premake', line: 2, message: '-1 cannot be used: it is less than 0. Allowed: a whole number from 0 to 100000' },
    ]);
  });

  it('are checked even when every table overrules them', () => {
    const text = withTable(
      'interval: 1 day, premake: 1, retention: null, key: { encoding: ulid }',
      'defaults: { premake: x, retention: { action: burn }, key: { encodng: x } }',
    );
    expect(problemsOf(text).map(({ path }) => path)).toEqual(['defaults.premake', 'defaults.key.encodng', 'defaults.retention.action']);
  });
});

describe('the environment', () => {
  it('wins over the file, which wins over the default', () => {
    const text = withTable('interval: 1 day', 'http: { port: 1 }\nlog: { level: warn }');
    const env = {
      PARTITIOND_HTTP_PORT: '2',
      PARTITIOND_SAFETY_LOCK_TIMEOUT: '50ms',
      PARTITIOND_LEADERSHIP_ENABLED: 'false',
      PARTITIOND_SCHEDULES_RETENTION: 'off',
    };
    const configuration = parse(text, env);
    expect(configuration.http.port).toBe(2);
    expect(configuration.log.level).toBe('warn');
    expect(configuration.safety.lockTimeoutMs).toBe(50);
    expect(configuration.leadership.enabled).toBe(false);
    expect(configuration.schedules.retention).toBeNull();
  });

  it('does not count when empty', () => {
    expect(parse(minimal, { PARTITIOND_HTTP_PORT: '' }).http.port).toBe(9788);
  });

  it('overrules even a value of the file that could not be used', () => {
    expect(parse(withTable('interval: 1 day', 'http: { port: x }'), { PARTITIOND_HTTP_PORT: '2' }).http.port).toBe(2);
  });

  it.each([
    ['PARTITIOND_HTTP_PORT', '12abc', 'http.port', 'it is not a whole number'],
    ['PARTITIOND_HTTP_PORT', '0x10', 'http.port', 'it is not a whole number'],
    ['PARTITIOND_LEADERSHIP_ENABLED', 'no', 'leadership.enabled', 'neither true nor false'],
    ['PARTITIOND_SAFETY_LOCK_TIMEOUT', '100', 'safety.lockTimeout', 'write its unit, for example 100ms'],
    ['PARTITIOND_ADMIN_PORT', 'tcp://10.0.0.1:9789', 'admin.port', 'enableServiceLinks: false'],
    ['PARTITIOND_LOG_LEVEL', 'INFO', 'log.level', 'did you mean info?'],
  ])('is named when %s=%s cannot be used', (name, value, path, part) => {
    const problems = problemsOf(minimal, { [name]: value });
    expect(problems).toEqual([{ path, line: null, message: expect.stringContaining(part) }]);
    expect(problems[0]?.message).toContain(`${name}=${value}`);
  });

  it('fills in variables in texts, once, and numbers too', () => {
    const env = { NAME: 'app ${HOME}', N: '7', LEVEL: 'debug', HOST: 'db' };
    const text =
      'log: { level: "${LEVEL}" }\ndatabases: [{ name: "${NAME}", url: "postgres://${HOST}/x", tables: [{ table: t, interval: 1 day, premake: "${N}" }] }]';
    const configuration = parse(text, env);
    expect(configuration.databases[0]).toMatchObject({
      name: 'app ${HOME}',
      connection: { url: 'postgres://db/x' },
      tables: [{ premake: 7 }],
    });
    expect(configuration.log.level).toBe('debug');
  });
});

describe('the examples', () => {
  const folder = new URL('../../../examples/', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));

  it('are there', () => {
    expect(files).toEqual(
      expect.arrayContaining(['keys.yaml', 'minimal.yaml', 'partitiond.yaml', 'one-million-organizations/partitiond.yaml']),
    );
  });

  it.each(files)('%s can be used as it stands', (file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    expect(parse(text, { DATABASE_URL: 'postgres://h/db' }).databases.length).toBeGreaterThan(0);
  });
});
