import { describe, expect, it } from 'vitest';
import { ConnectionError } from '../../src/errors.ts';
import { parseInterval } from '../../src/partition/interval.ts';
import type { ProbePolicy } from '../../src/partition/policy.ts';
import type { Session } from '../../src/postgres/session.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { createEvents, names, probe, run, runOne } from '../support/probing.ts';
import { policyOf } from '../support/reconcile.ts';

describe('what is left after pruning', () => {
  const cases: readonly (readonly [string, string, Partial<ProbePolicy>, string])[] = [
    ['while planning', 'SELECT * FROM ev WHERE at >= $1 AND at < $2', { params: ['2025-03-01', '2025-03-08'] }, 'ev_3'],
    ['when the executor starts', "SELECT * FROM ev WHERE at < now() - interval '1 day' AND at > '2025-04-02'", {}, 'ev_4'],
    ['to nothing', 'SELECT * FROM ev WHERE at > $1', { params: ['2031-01-01'] }, ''],
    ['by a stable function to nothing', "SELECT * FROM ev WHERE at > now() + interval '9 years'", {}, ''],
    ['never executed, of a subquery', 'SELECT * FROM ev WHERE at = (SELECT max(at) FROM cust)', { analyze: true }, 'ev_3'],
    ['never executed, of a nested loop', 'SELECT count(*) FROM cust c JOIN ev ON ev.at = c.at WHERE c.id = 3', { analyze: true }, 'ev_3'],
    ['never executed, of a self join', 'SELECT * FROM ev a JOIN ev b USING (at) WHERE a.id < 0', { analyze: true }, 'ev_1 ev_2 ev_3 ev_4'],
    ['of a MergeAppend', 'SELECT * FROM ev WHERE at < $1 ORDER BY at LIMIT 1', { params: ['2025-02-02'] }, 'ev_1 ev_2'],
    ['of a date', "SELECT * FROM ev WHERE at >= '2025-03-01'::date AND at < '2025-03-02'::date", {}, 'ev_3'],
    ['of a timestamp', "SELECT * FROM ev WHERE at = '2025-03-01 10:00'::timestamp", {}, 'ev_3'],
    ['of a list', 'SELECT * FROM ev WHERE at = ANY ($1)', { params: ['{2025-01-02,2025-04-02}'] }, 'ev_1 ev_4'],
    [
      'of a CTE and a UNION',
      'WITH a AS (SELECT * FROM ev WHERE at < $1) SELECT id FROM a UNION ALL SELECT id FROM ev WHERE at > $2',
      { params: ['2025-01-05', '2025-04-05'] },
      'ev_1 ev_4',
    ],
  ];

  it('is counted in plans of every kind', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const probes = cases.map(([name, sql, more]) =>
      probe(name, sql, { expect: { partitions: 9, planningMs: null, executionMs: null }, ...more }),
    );
    const results = await run(database, [policyOf('ev', { probes })]);
    expect(
      results.map((result) => [result.probe, names(result.touched?.scanned).split(' ').toSorted().join(' '), result.problems]),
    ).toEqual(cases.map(([name, , , left]) => [name, left, []]));
    expect(results.map(({ outcome }) => outcome)).toEqual(cases.map(() => 'met'));
  });

  it('is counted in a parallel plan, which a probe may have and the session may not', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`
      ALTER DATABASE ${database.name} SET max_parallel_workers_per_gather = 2;
      ALTER DATABASE ${database.name} SET parallel_setup_cost = 0;
      ALTER DATABASE ${database.name} SET parallel_tuple_cost = 0;
      ALTER DATABASE ${database.name} SET min_parallel_table_scan_size = 0;`);
    const result = await runOne(database, probe('parallel', "SELECT sum(v) FROM ev WHERE at >= '2025-02-01' AND v < 0", { analyze: true }));
    expect(result.plan).toContain('"Node Type": "Gather"');
    expect(names(result.touched?.scanned)).toBe('ev_2 ev_3 ev_4');
    expect(result.touched?.pruned.length).toBe(1);
  });

  it('is counted by direct partitions, and leaves beside them', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE ev (at date NOT NULL, org int4 NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM ('2025-01-01') TO ('2025-02-01') PARTITION BY HASH (org);
      CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM ('2025-02-01') TO ('2025-03-01') PARTITION BY HASH (org);
      CREATE TABLE ev_1_a PARTITION OF ev_1 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
      CREATE TABLE ev_1_b PARTITION OF ev_1 FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY LIST (org);
      CREATE TABLE ev_1_b_x PARTITION OF ev_1_b DEFAULT;
      CREATE TABLE ev_2_a PARTITION OF ev_2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
      CREATE TABLE ev_d PARTITION OF ev DEFAULT;`);
    const result = await runOne(database, probe('x', "SELECT * FROM ev WHERE at < '2025-01-05'"));
    expect(result.touched).toMatchObject({ scannedLeaves: 3, totalLeaves: 4 });
    expect(names(result.touched?.scanned)).toBe('ev_1 ev_d');
    expect(result.problems).toEqual(['2 of 3 partitions are left after pruning, 1 is allowed.']);
    expect(result.unpruned?.kind).toBe('asked-for');
  });

  it('knows partitions of odd names and in other schemas', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE SCHEMA "old""er";
      CREATE TABLE ev (at date NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE "old""er"."p\u001e \u001f\u001bé" PARTITION OF ev FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE "<b>" PARTITION OF ev FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');`);
    const result = await runOne(database, probe('all', 'SELECT * FROM ev'));
    expect(result.touched?.scanned).toEqual([
      { schema: 'old"er', name: 'p\u001e \u001f\u001bé' },
      { schema: 'public', name: '<b>' },
    ]);
  });

  it('has the partitions of a miss in the order of their bounds', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const result = await runOne(database, probe('all', 'SELECT * FROM ev'));
    expect(names(result.touched?.scanned)).toBe('ev_1 ev_2 ev_3 ev_4');
    expect(result).toMatchObject({ outcome: 'missed', unpruned: { kind: 'no-condition' }, allowed: 1, executionMs: null, buffers: null });
  });
});

describe('why the rest did not prune', () => {
  it('is told by what PostgreSQL printed', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const cases: readonly (readonly [string, string, (readonly string[])?])[] = [
      ["SELECT * FROM ev WHERE at::date = '2025-03-01'", 'cast-on-key'],
      ["SELECT * FROM ev WHERE date_trunc('day', at) = '2025-03-01'", 'function-on-key'],
      ['SELECT * FROM ev WHERE EXTRACT(month FROM at) = 3', 'function-on-key'],
      ["SELECT * FROM ev WHERE at + interval '1 day' > '2025-03-01'", 'function-on-key'],
      ["SELECT * FROM ev WHERE (at, id) > ('2025-03-01', 4)", 'function-on-key'],
      ["SELECT * FROM ev WHERE at > clock_timestamp() - interval '1 day'", 'volatile-value'],
      ["SELECT * FROM ev WHERE at <> '2025-03-01'", 'not-restricting'],
      ["SELECT * FROM ev WHERE at > '2025-03-01' OR v = 1", 'not-restricting'],
      ['SELECT * FROM ev WHERE at NOT IN (SELECT at FROM cust)', 'not-restricting'],
      ["SELECT * FROM ev WHERE at BETWEEN '2025-01-05' AND '2025-03-05'", 'asked-for'],
      ['SELECT * FROM ev WHERE at = (SELECT max(at) FROM cust)', 'generic-plan'],
      ['SELECT count(*) FROM ev JOIN cust c ON c.at = ev.at', 'join-only'],
      ['SELECT * FROM ev WHERE at IN (SELECT at FROM cust)', 'join-only'],
      ["WITH x AS MATERIALIZED (SELECT * FROM ev) SELECT * FROM x WHERE at > '2025-03-01'", 'no-condition'],
      ['SELECT * FROM ev WHERE v = 4', 'no-condition'],
    ];
    const probes = cases.map(([sql], i) => probe(`p${i}`, sql));
    const results = await run(database, [policyOf('ev', { probes })]);
    expect(results.map(({ sql, unpruned, problems }) => [sql, unpruned?.kind ?? problems])).toEqual(cases);
  });

  it('is the type of a value, unless the statement casts the key', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE ev (n int4 NOT NULL) PARTITION BY RANGE (n);
      CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (10);
      CREATE TABLE ev_2 PARTITION OF ev FOR VALUES FROM (10) TO (20);`);
    const probes = [
      probe('numeric', 'SELECT * FROM ev WHERE n = 5.5'),
      probe('parameter', 'SELECT * FROM ev WHERE n = $1::float8', { params: ['5'] }),
      probe('cast', 'SELECT * FROM ev WHERE n::numeric = $1', { params: ['5'] }),
      probe('bigint', 'SELECT * FROM ev WHERE n = $1::int8', { params: ['5'] }),
    ];
    const results = await run(database, [policyOf('ev', { interval: parseInterval('10'), name: '{table}_{from}', probes })]);
    expect(results.map(({ unpruned }) => unpruned?.kind)).toEqual(['type-differs', 'type-differs', 'cast-on-key', undefined]);
  });

  it('is that pruning is switched off', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`ALTER DATABASE ${database.name} SET enable_partition_pruning = off`);
    const result = await runOne(database, probe('off', "SELECT * FROM ev WHERE at = '2025-03-01'"));
    expect(result.unpruned?.kind).toBe('pruning-off');
  });
});

describe('a probe cannot write', () => {
  const functions = `
    CREATE SEQUENCE numbers;
    CREATE FUNCTION inserts() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN INSERT INTO written VALUES (1); RETURN 1; END $$;
    CREATE FUNCTION sets() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN SET TRANSACTION READ WRITE; INSERT INTO written VALUES (2); RETURN 1; END $$;
    CREATE FUNCTION configures() RETURNS int4 LANGUAGE plpgsql AS
      $$ BEGIN PERFORM set_config('transaction_read_only', 'off', false); INSERT INTO written VALUES (3); RETURN 1; END $$;
    CREATE FUNCTION catches() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN
      BEGIN SET LOCAL transaction_read_only = off; EXCEPTION WHEN OTHERS THEN NULL; END;
      INSERT INTO written VALUES (4); RETURN 1; END $$;
    CREATE FUNCTION commits() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'COMMIT'; INSERT INTO written VALUES (5); RETURN 1; END $$;`;

  it('whatever it tries, run or only planned', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`CREATE TABLE written (n int4); ${functions}`);
    const tries = [
      'INSERT INTO written VALUES (1)',
      'WITH w AS (INSERT INTO written VALUES (1) RETURNING n) SELECT * FROM w',
      'SELECT inserts()',
      'SELECT sets()',
      'SELECT configures()',
      'SELECT catches()',
      'SELECT commits()',
      "SELECT nextval('numbers')",
      'SELECT n INTO copied FROM written',
      'CREATE TABLE copied AS SELECT 1',
      'SELECT * FROM written FOR UPDATE',
      'COPY written FROM PROGRAM $$echo 1$$',
      'DO $$ BEGIN INSERT INTO written VALUES (1); END $$',
      'CALL nothing()',
      'SELECT 1; INSERT INTO written VALUES (1); COMMIT',
      'SELECT 1; COMMIT; INSERT INTO written VALUES (1)',
    ];
    const probes = tries.map((sql, i) => probe(`t${i}`, sql, { analyze: true }));
    const results = await run(database, [policyOf('ev', { probes })]);
    expect(results.filter(({ outcome }) => outcome !== 'failed').map(({ sql }) => sql)).toEqual([]);
    expect(results.map(({ error }) => error?.code)).toEqual(tries.map((_, i) => ([2, 3, 4, 5, 6, 7].includes(i) ? 'PD532' : 'PD531')));
    const planned = tries.filter((sql) => !/^SELECT [a-z]+\(/.test(sql));
    const again = await run(database, [policyOf('ev', { probes: planned.map((sql, i) => probe(`p${i}`, sql)) })]);
    expect(again.map(({ outcome }) => outcome)).toEqual(planned.map(() => 'failed'));
    expect(await database.query("SELECT n FROM written UNION ALL SELECT 9 FROM pg_class WHERE relname = 'copied'")).toEqual([]);
    expect(await database.query('SELECT is_called FROM numbers')).toEqual([{ is_called: false }]);
  });

  it('nor leave anything behind for the next', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`
      CREATE FUNCTION leaves() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN
        PERFORM set_config('search_path', 'pg_temp', false), set_config('role', 'none', false), set_config('statement_timeout', '1', false);
        PERFORM set_config('enable_partition_pruning', 'off', false), pg_advisory_lock(77);
        EXECUTE 'PREPARE kept AS SELECT 1';
        RETURN 1; END $$;`);
    await using session = await openSession(database);
    const shown = "SELECT current_setting('search_path') || current_setting('statement_timeout') || current_setting('jit') AS \"it\"";
    const read = async (): Promise<readonly string[]> =>
      await session.rows({ name: 'shown', text: shown }, [], (row) => row['it'] ?? '', noAbort);
    const before = await read();
    const probes = [
      probe('leaves', 'SELECT leaves()', { analyze: true, expect: { partitions: null, planningMs: null, executionMs: null } }),
      probe('next', "SELECT * FROM ev WHERE at = '2025-03-01'"),
    ];
    const results = await run(database, [policyOf('ev', { probes }), policyOf('ev')], { session });
    expect(results.map(({ outcome, problems }) => [outcome, problems])).toEqual([
      ['met', []],
      ['met', []],
      ['met', []],
    ]);
    expect(await read()).toEqual(before);
    const left = await database.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = $1", [session.pid]);
    expect(left).toEqual([]);
    const count = { name: 'count', text: 'SELECT count(*)::text AS "it" FROM pg_catalog.pg_prepared_statements' };
    expect(await session.rows(count, [], (row) => row['it'], noAbort)).toEqual(['0']);
  });
});

describe('what is wrong with one probe', () => {
  it('is its result, with the words of PostgreSQL, and the others run', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`CREATE FUNCTION lies() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN RAISE 'secret' USING ERRCODE = '57P01'; END $$;
      CREATE FUNCTION raises() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN RAISE 'customer %', 'secret'; END $$;
      CREATE FUNCTION own() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN RAISE 'secret' USING ERRCODE = 'AP001'; END $$;`);
    const fails: readonly (readonly [ProbePolicy, string, string])[] = [
      [probe('syntax', 'SELEC 1'), 'PD532', 'syntax error at or near "SELEC" (SQLSTATE 42601)'],
      [probe('table', 'SELECT * FROM nowhere'), 'PD532', 'relation "nowhere" does not exist (SQLSTATE 42P01)'],
      [probe('missing', 'SELECT * FROM ev WHERE at = $1'), 'PD531', '`params` hold 0 values'],
      [probe('superfluous', 'SELECT 1', { params: ['x'] }), 'PD531', 'uses no parameter'],
      [probe('value', 'SELECT * FROM ev WHERE at = $1', { params: ['secret'] }), 'PD532', 'SQLSTATE 22007; a value of `params`'],
      [probe('timeout', 'SELECT pg_sleep(60)', { analyze: true, timeoutMs: 50 }), 'PD533', 'within its `timeout` of 50 ms'],
      [probe('lies', 'SELECT lies()', { analyze: true }), 'PD532', 'PostgreSQL refused the probe: SQLSTATE 57P01.'],
      [probe('raises', 'SELECT raises()', { analyze: true }), 'PD532', 'PostgreSQL refused the probe: SQLSTATE P0001.'],
      [probe('own', 'SELECT own()', { analyze: true }), 'PD532', 'PostgreSQL refused the probe: SQLSTATE AP001.'],
    ];
    const good = probe('good', "SELECT * FROM ev WHERE at = '2025-03-01'", { analyze: true });
    const results = await run(database, [policyOf('ev', { probes: [...fails.map(([one]) => one), good] })]);
    expect(results.map(({ probe: name, error }) => [name, error?.code ?? null])).toEqual([
      ...fails.map(([{ name }, code]) => [name, code]),
      ['good', null],
    ]);
    for (const [i, [, , text]] of fails.entries()) expect(results[i]?.problems).toEqual([expect.stringContaining(text)]);
    expect(JSON.stringify(results.map(({ problems }) => problems))).not.toContain('secret');
    expect(results.at(-1)).toMatchObject({ outcome: 'met', buffers: { read: expect.any(Number) }, executionMs: expect.any(Number) });
  });

  it('is what is wrong with its table, and the others are looked at', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const tables = [policyOf('gone'), policyOf('cust', { probes: [probe('a', 'SELECT 1'), probe('b', 'SELECT 2')] }), policyOf('ev')];
    const results = await run(database, tables);
    expect(results.map(({ table, probe: name, outcome, error }) => [table.name, name, outcome, error?.code ?? null])).toEqual([
      ['gone', 'current-interval', 'failed', 'PD530'],
      ['cust', 'a', 'failed', 'PD530'],
      ['cust', 'b', 'failed', 'PD530'],
      ['ev', 'current-interval', 'met', null],
    ]);
    expect(results[1]?.problems).toEqual([expect.stringContaining('public.cust is an ordinary table')]);
    const chosen = await run(database, tables, { tables: [{ schema: 'public', name: 'ev' }] });
    expect(chosen.map(({ table }) => table.name)).toEqual(['ev']);
  });

  it('is that somebody holds its table, and nothing waits for longer than the lock timeout', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query('CREATE TABLE free (at date NOT NULL) PARTITION BY RANGE (at)');
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE ev IN ACCESS EXCLUSIVE MODE');
    const results = await run(database, [policyOf('ev'), policyOf('free')]);
    expect(results.map(({ outcome }) => outcome)).toEqual(['failed', 'met']);
    expect(results[0]?.problems).toEqual([expect.stringContaining('SQLSTATE 55P03')]);
  });

  it('is that it took the connection with it, once, and the others run on another', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const good = (name: string): ProbePolicy => probe(name, "SELECT * FROM ev WHERE at = '2025-03-01'");
    const ends = probe('ends', 'SELECT pg_terminate_backend(pg_backend_pid())', { analyze: true });
    const tables = [policyOf('ev', { probes: [good('before'), ends, good('after')] }), policyOf('ev')];
    let reconnects = 0;
    await using other = await openSession(database);
    const reconnect = async (): Promise<Session> => {
      reconnects += 1;
      return other;
    };
    const results = await run(database, tables, { more: { reconnect } });
    expect(results.map(({ outcome, error }) => [outcome, error?.code ?? null])).toEqual([
      ['met', null],
      ['failed', 'PD534'],
      ['met', null],
      ['met', null],
    ]);
    expect(results[1]?.problems).toEqual([expect.stringMatching(/^The connection was lost while the probe ran \(.*57P01\)/)]);
    expect(reconnects).toBe(1);
    // The automatic one asks twice, as no partition holds now.
    expect(other.reads.filter((name) => name === 'explain-probe')).toHaveLength(3);
    for (const more of [{}, { reconnect: () => Promise.reject(new ConnectionError('PD201', 'gone')) }]) {
      const alone = await run(database, tables, { more });
      expect(alone.map(({ error }) => error?.code ?? null)).toEqual([null, 'PD534', 'PD534', 'PD534']);
      expect(alone[3]?.problems).toEqual([expect.stringContaining('while the probe ends of public.ev ran')]);
    }
  });

  it('is not a connection that is lost between probes, nor an abort: those are thrown', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const victim = await openSession(database);
    const lost = new Promise((resolve) => victim.onLost(resolve));
    await database.query('SELECT pg_terminate_backend($1)', [victim.pid]);
    await lost;
    await expect(runOne(database, probe('any', 'SELECT * FROM ev'), { session: victim })).rejects.toMatchObject({
      name: 'ConnectionError',
    });
    await victim.close();
    const controller = new AbortController();
    const reason = new Error('stopped by the test');
    await using session = await openSession(database);
    const running = runOne(database, probe('sleeps', 'SELECT pg_sleep(60)', { analyze: true, timeoutMs: 60_000 }), {
      session,
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(reason), 200);
    await expect(running).rejects.toBe(reason);
    const state = { name: 'state', text: 'SELECT current_setting(\'transaction_read_only\') AS "it"' };
    expect(await session.rows(state, [], (row) => row['it'], noAbort)).toEqual(['off']);
  });

  it('may take longer than the statement timeout of the session', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await using session = await openSession(database);
    await session.execute('SET statement_timeout = 50', noAbort);
    const slow = probe('slow', "SELECT pg_sleep(0.3), count(*) FROM ev WHERE at = '2025-03-01'", {
      analyze: true,
      expect: { partitions: 1, planningMs: null, executionMs: 100 },
    });
    const result = await runOne(database, slow, { session });
    expect(result.outcome).toBe('missed');
    expect(result.problems).toEqual([expect.stringMatching(/^Execution took 3\d\d(\.\d+)? ms, 100 ms is allowed\.$/)]);
    expect(result.unpruned).toBeNull();
  });
});

describe('the probe that every table gets', () => {
  const day = (offset: number): string => `(now() AT TIME ZONE 'UTC')::date + ${offset}`;

  /** Yesterday, today and tomorrow, and a default partition: bounds by `bound(day)`. */
  async function createDays(database: TestDatabase, table: string, column: string, bound: (date: string) => string): Promise<void> {
    await database.query(`
      SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD';
      CREATE TABLE ${table} (${column} NOT NULL) PARTITION BY RANGE (k);
      DO $$ BEGIN FOR i IN -1..1 LOOP
        EXECUTE format('CREATE TABLE ${table}_%s PARTITION OF ${table} FOR VALUES FROM (%L) TO (%L)', i + 1, ${bound(`(${day(0)} + i)`)}, ${bound(`(${day(0)} + i + 1)`)});
      END LOOP; END $$;
      CREATE TABLE ${table}_rest PARTITION OF ${table} DEFAULT;`);
  }

  const epochMs = (date: string): string => `(extract(epoch FROM ${date}) * 1000)::int8`;
  const uuid = (date: string): string => `(lpad(to_hex(${epochMs(date)}), 12, '0') || '00000000000000000000')::uuid`;

  it('finds one partition for keys of every type, and says so', async () => {
    await using database = await createDatabase();
    await createDays(database, 'dates', 'k date', (date) => date);
    await createDays(database, 'stamps', 'k timestamptz', (date) => date);
    await createDays(database, 'walls', 'k timestamp', (date) => date);
    await createDays(database, 'uuids', 'k uuid', uuid);
    await createDays(database, 'millis', 'k int8', epochMs);
    await createDays(database, 'flakes', 'k int8', (date) => `(((extract(epoch FROM ${date}) * 1000)::int8 - 1288834974657) << 22)`);
    const daily = { interval: parseInterval('1 day'), name: '{table}_{yyyy}_{mm}_{dd}' };
    const results = await run(database, [
      policyOf('dates', daily),
      policyOf('stamps', daily),
      policyOf('walls', daily),
      policyOf('uuids', { ...daily, encoding: { kind: 'uuidv7' } }),
      policyOf('millis', { ...daily, encoding: { kind: 'epoch-ms' } }),
      policyOf('flakes', { ...daily, encoding: { kind: 'snowflake', epochMs: 1_288_834_974_657n, shift: 22 } as never }),
    ]);
    expect(results.map(({ table, outcome, touched, problems }) => [table.name, outcome, names(touched?.scanned), problems])).toEqual(
      ['dates', 'stamps', 'walls', 'uuids', 'millis', 'flakes'].map((table) => [table, 'met', `${table}_1`, []]),
    );
    expect(results[0]).toMatchObject({
      probe: 'current-interval',
      isAutomatic: true,
      sql: 'SELECT 1 FROM public.dates WHERE k >= $1 AND k < $2',
    });
  });

  it('takes the highest partition with rows of an integer key', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE ids (k int8 NOT NULL) PARTITION BY RANGE (k);
      CREATE TABLE ids_0 PARTITION OF ids FOR VALUES FROM (MINVALUE) TO (100);
      CREATE TABLE ids_1 PARTITION OF ids FOR VALUES FROM (100) TO (250);
      CREATE TABLE ids_2 PARTITION OF ids FOR VALUES FROM (250) TO (300);
      CREATE TABLE ids_d PARTITION OF ids DEFAULT;
      INSERT INTO ids VALUES (1), (120);
      CREATE TABLE empty (k numeric(20, 2) NOT NULL) PARTITION BY RANGE (k);
      CREATE TABLE empty_0 PARTITION OF empty FOR VALUES FROM (MINVALUE) TO (10.5);
      CREATE TABLE bare (k int4 NOT NULL) PARTITION BY RANGE (k);`);
    const tens = { interval: parseInterval('100'), name: '{table}_{from}' };
    const results = await run(database, [policyOf('ids', tens), policyOf('empty', tens), policyOf('bare', tens)]);
    expect(results.map(({ outcome, touched, problems }) => [outcome, names(touched?.scanned), problems])).toEqual([
      ['met', 'ids_1', []],
      ['met', 'empty_0', []],
      ['met', '', []],
    ]);
  });

  it('takes the partition that there is where the grid has another, or none reaches now', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`
      CREATE TABLE halves (k date NOT NULL) PARTITION BY RANGE (k);
      DO $$ DECLARE d date := date_trunc('month', ${day(0)}); BEGIN
        EXECUTE format('CREATE TABLE halves_1 PARTITION OF halves FOR VALUES FROM (%L) TO (%L)', d, d + 10);
        EXECUTE format('CREATE TABLE halves_2 PARTITION OF halves FOR VALUES FROM (%L) TO (%L)', d + 10, d + 20);
        EXECUTE format('CREATE TABLE halves_3 PARTITION OF halves FOR VALUES FROM (%L) TO (%L)', d + 20, d + 40);
      END $$;
      CREATE TABLE defaulted (k date NOT NULL) PARTITION BY RANGE (k);
      CREATE TABLE defaulted_d PARTITION OF defaulted DEFAULT;
      CREATE TABLE future (k date NOT NULL) PARTITION BY RANGE (k);
      CREATE TABLE future_1 PARTITION OF future FOR VALUES FROM ('2999-01-01') TO (MAXVALUE);`);
    const results = await run(database, [policyOf('halves'), policyOf('ev'), policyOf('defaulted'), policyOf('future')]);
    expect(results.map(({ outcome, touched, problems }) => [outcome, touched?.scanned.length, problems])).toEqual(
      results.map(() => ['met', 1, []]),
    );
    expect(results.slice(1).map(({ touched }) => names(touched?.scanned))).toEqual(['ev_4', 'defaulted_d', 'future_1']);
  });

  it('is missed where pruning is off, with the reason', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`ALTER DATABASE ${database.name} SET enable_partition_pruning = off`);
    const [result] = await run(database, [policyOf('ev')]);
    expect(result).toMatchObject({ outcome: 'missed', isAutomatic: true, unpruned: { kind: 'pruning-off' } });
  });

  it('leaves a partition out whose detach is pending', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const holder = await database.client();
    await holder.query('BEGIN; SELECT count(*) FROM ev');
    const detaching = await database.client();
    await detaching.query("SET statement_timeout = '300ms'");
    await expect(detaching.query('ALTER TABLE ev DETACH PARTITION ev_1 CONCURRENTLY')).rejects.toThrow('timeout');
    await holder.query('ROLLBACK');
    const result = await runOne(database, probe('all', 'SELECT * FROM ev'));
    expect(result.problems).toEqual(['3 of 3 partitions are left after pruning, 1 is allowed.']);
  });
});
