import { describe, expect, it } from 'vitest';
import type { ProbePolicy } from '../../src/partition/policy.ts';
import { createDatabase } from '../support/database.ts';
import { createEvents, type ProbeOptions, probe, run, runOne } from '../support/probing.ts';
import { policyOf } from '../support/reconcile.ts';

describe('a probe that does not read its table', () => {
  it('has failed, unless a view, a function or another name of it may', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    await database.query(`
      CREATE VIEW recent AS SELECT * FROM ev WHERE at > '2031-01-01';
      CREATE FUNCTION latest() RETURNS SETOF ev LANGUAGE sql STABLE AS $$ SELECT * FROM ev WHERE at > '2031-01-01' $$;`);
    const cases: readonly (readonly [string, string])[] = [
      ['SELECT count(*) FROM cust WHERE id = 1', 'PD531'],
      ['SELECT 1', 'PD531'],
      ["SELECT * FROM ev WHERE at > '2031-01-01'", 'met'],
      ["SELECT * FROM ev_2 WHERE at > '2031-01-01' AND false", 'met'],
      ['SELECT * FROM recent', 'met'],
      ['SELECT * FROM latest()', 'met'],
    ];
    const probes = cases.map(([sql], i) => probe(`p${i}`, sql));
    const results = await run(database, [policyOf('ev', { probes })]);
    expect(results.map(({ sql, outcome, error }) => [sql, error?.code ?? outcome])).toEqual(cases);
    expect(results[0]?.problems).toEqual([expect.stringContaining('The probe says nothing of public.ev')]);
  });
});

describe('a run', () => {
  it('is dated at its end, by the clock of the database', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const probes = [
      probe('a', 'SELECT 1 FROM ev WHERE false'),
      probe('slow', "SELECT pg_sleep(0.3) FROM ev WHERE at = '2025-03-01'", { analyze: true }),
    ];
    const [first, slow] = await run(database, [policyOf('ev', { probes })]);
    expect(Number((slow?.ranAt ?? 0n) - (first?.ranAt ?? 0n))).toBeGreaterThanOrEqual(300_000);
  });

  it('warns where what it runs may do what no transaction undoes', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const plain = await database.createRole('plain');
    await database.query(`GRANT SELECT ON ev TO "${plain.name}"`);
    const one = "SELECT * FROM ev WHERE at = '2025-03-01'";
    const warnings = async (probes: readonly ProbePolicy[], options: ProbeOptions = {}): Promise<readonly string[]> => {
      const told: string[] = [];
      await run(database, [policyOf('ev', { probes })], { ...options, more: { warn: (sentence) => told.push(sentence) } });
      return told;
    };
    const analysed = [probe('run', one, { analyze: true })];
    expect(await warnings(analysed)).toEqual([expect.stringContaining('a superuser')]);
    expect(await warnings([probe('planned', one)])).toEqual([]);
    expect(await warnings(analysed, { role: plain.name })).toEqual([]);
    expect(await warnings(analysed, { url: plain.url })).toEqual([]);
    await database.query(`ALTER ROLE "${plain.name}" REPLICATION`);
    expect(await warnings(analysed, { url: plain.url })).toEqual([expect.stringContaining('a role with REPLICATION')]);
  });
});

describe('the role of probes', () => {
  it('is planned for with what it is given to plan by', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const role = await database.createRole('app');
    await database.query(`
      GRANT SELECT ON ev TO "${role.name}";
      ALTER ROLE "${role.name}" SET enable_partition_pruning = on;
      ALTER ROLE "${role.name}" IN DATABASE ${database.name} SET enable_partition_pruning = off;
      ALTER ROLE "${role.name}" SET statement_timeout = 1;`);
    const one = probe('one', "SELECT * FROM ev WHERE at = '2025-03-01'");
    expect(await runOne(database, one)).toMatchObject({ outcome: 'met' });
    const asRole = await runOne(database, one, { role: role.name });
    expect(asRole).toMatchObject({ outcome: 'missed', unpruned: { kind: 'pruning-off' } });
    expect(asRole.touched?.scanned).toHaveLength(4);
  });

  it('needs no more of the table than its key for the automatic probe', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const role = await database.createRole('narrow');
    await database.query(`GRANT SELECT (at) ON ev TO "${role.name}"`);
    const [result] = await run(database, [policyOf('ev')], { role: role.name });
    expect(result).toMatchObject({ outcome: 'met', problems: [] });
  });

  it('is that of probeRole, with its search_path, for the probe alone', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('reader');
    await database.query(`
      CREATE SCHEMA app;
      CREATE TABLE app.ev (at date NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE app.ev_1 PARTITION OF app.ev FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE app.hidden (n int4);
      GRANT USAGE ON SCHEMA app TO "${role.name}";
      GRANT SELECT ON app.ev TO "${role.name}";
      ALTER ROLE "${role.name}" SET search_path = app, public;`);
    const table = { schema: 'app', name: 'ev' };
    const probes = [
      probe('own', "SELECT * FROM ev WHERE at = '2025-01-05'"),
      probe('hidden', 'SELECT * FROM hidden'),
      probe('who', `SELECT 1 / (current_user = '${role.name}')::int FROM ev`, { analyze: true }),
    ];
    const results = await run(database, [policyOf('ev', { table, probes })], { role: role.name });
    expect(results.map(({ outcome }) => outcome)).toEqual(['met', 'failed', 'met']);
    expect(results[1]?.problems).toEqual([expect.stringContaining('permission denied for table hidden (SQLSTATE 42501)')]);
  });

  it('fails each probe, in words, where it is no role or may not be taken', async () => {
    await using database = await createDatabase();
    await createEvents(database);
    const plain = await database.createRole('plain');
    const [unknown] = await run(database, [policyOf('ev')], { role: 'no_such_role' });
    expect(unknown?.problems).toEqual([expect.stringContaining('role "no_such_role" does not exist')]);
    const results = await run(database, [policyOf('ev'), policyOf('ev')], { role: 'postgres', url: plain.url });
    expect(results.map(({ error }) => error?.code)).toEqual(['PD532', 'PD532']);
  });
});
