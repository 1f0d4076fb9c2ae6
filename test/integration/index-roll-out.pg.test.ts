import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../src/partition/calendar.ts';
import type { TablePolicy } from '../../src/partition/policy.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { indexOf, policyOf, reconcile } from '../support/reconcile.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');

/** Two months and a default partition, the second month partitioned itself. */
const table = `
  CREATE TABLE t (id int8 NOT NULL, status text, "Odd Col" text, at timestamptz NOT NULL) PARTITION BY RANGE (at);
  CREATE TABLE t_02 PARTITION OF t FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z');
  CREATE TABLE "T 03" PARTITION OF t FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z') PARTITION BY HASH (id);
  CREATE TABLE t_03_a PARTITION OF "T 03" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
  CREATE TABLE t_03_b PARTITION OF "T 03" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
  CREATE TABLE t_rest PARTITION OF t DEFAULT;`;

async function run(database: TestDatabase, policy: TablePolicy): Promise<readonly string[]> {
  const report = await reconcile(database, [policy], { request: { now, tasks: ['index'] } });
  return report.tables.flatMap(({ plan, steps }) => [
    ...steps.map(({ step, outcome, error }) => `${step.kind} ${step.partition.name}: ${error?.message ?? outcome}`),
    ...(plan?.findings ?? []).map(({ kind, message }) => `${kind}: ${message}`),
  ]);
}

/** Names of all valid indexes, with the one that each is attached to. */
async function valid(database: TestDatabase): Promise<readonly unknown[]> {
  const rows = await database.query(`
    SELECT concat_ws(' of ', c.relname, p.relname) AS line FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
      LEFT JOIN pg_inherits AS h ON h.inhrelid = c.oid LEFT JOIN pg_class AS p ON p.oid = h.inhparent
      WHERE i.indisvalid AND c.relnamespace = 'public'::regnamespace ORDER BY c.relname COLLATE "C"`);
  return rows.map(({ line }) => line);
}

describe('an index of all partitions', () => {
  const tricky = indexOf('Odd x', ['id'], {
    keys: [
      { kind: 'column', column: 'Odd Col', options: 'COLLATE "C" text_pattern_ops DESC NULLS LAST' },
      { kind: 'expression', expression: 'lower(status) DESC' },
    ],
    include: ['id'],
    where: "status IN ('approved', 'it''s (done)') AND id > 5::int8",
  });

  it('is rolled out through partitions that are partitioned, whatever it is and they are called, and found again', async () => {
    await using database = await createDatabase();
    await database.query(table);
    const policy = policyOf('t', { indexes: [tricky] });
    expect((await run(database, policy)).filter((line) => !line.endsWith(': ok'))).toEqual([]);
    expect(await valid(database)).toEqual([
      'Odd x',
      'T 03_Odd x of Odd x',
      't_02_Odd x of Odd x',
      't_03_a_Odd x of T 03_Odd x',
      't_03_b_Odd x of T 03_Odd x',
      't_rest_Odd x of Odd x',
    ]);
    expect(await run(database, policy)).toEqual([]);
    const [changed] = await run(database, policyOf('t', { indexes: [{ ...tricky, storage: { fillfactor: '70' } }] }));
    expect(changed).toContain('name-taken: The name public."Odd x" is taken by an index of public.t');
  });

  it('becomes valid although the last partition that lacked it is gone', async () => {
    await using database = await createDatabase();
    await database.query(`${table}
      CREATE INDEX x ON ONLY t (status);
      CREATE INDEX ON ONLY "T 03" (status); ALTER INDEX x ATTACH PARTITION "T 03_status_idx";
      CREATE INDEX ON t_03_a (status); ALTER INDEX "T 03_status_idx" ATTACH PARTITION t_03_a_status_idx;
      CREATE INDEX ON t_03_b (status); ALTER INDEX "T 03_status_idx" ATTACH PARTITION t_03_b_status_idx;
      CREATE INDEX ON t_rest (status); ALTER INDEX x ATTACH PARTITION t_rest_status_idx;
      DROP TABLE t_02`);
    expect(await valid(database)).not.toContain('x');
    const policy = policyOf('t', { indexes: [indexOf('x', ['status'])] });
    expect(await run(database, policy)).toEqual(['attach-index T 03: ok']);
    expect(await valid(database)).toContain('x');
    expect(await run(database, policy)).toEqual([]);
  });

  it('goes on from what people began, with their indexes where they fit', async () => {
    await using database = await createDatabase();
    await database.query(`${table}
      CREATE INDEX x ON ONLY t (status);
      CREATE INDEX theirs ON t_02 (status);
      CREATE INDEX half ON ONLY "T 03" (status);
      CREATE INDEX ON t_03_a (status); ALTER INDEX half ATTACH PARTITION t_03_a_status_idx`);
    const policy = policyOf('t', { indexes: [indexOf('x', ['status'])] });
    expect(await run(database, policy)).toEqual([
      'create-index t_03_b: ok',
      'attach-index t_03_b: ok',
      'attach-index t_02: ok',
      'create-index t_rest: ok',
      'attach-index t_rest: ok',
      'attach-index T 03: ok',
    ]);
    const expected = ['half of x', 't_03_a_status_idx of half', 't_03_b_x of half', 't_rest_x of x', 'theirs of x', 'x'];
    expect(await valid(database)).toEqual(expected);
    expect(await run(database, policy)).toEqual([]);
  });
});
