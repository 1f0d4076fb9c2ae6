import { expect, it } from 'vitest';
import { parseInstant } from '../../src/partition/calendar.ts';
import type { Task } from '../../src/plan/step.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { indexOf, policyOf, reconcile } from '../support/reconcile.ts';

async function indexes(database: TestDatabase): Promise<readonly unknown[]> {
  return (await database.query("SELECT relname AS name FROM pg_class WHERE relname LIKE '%hot' ORDER BY 1")).map(({ name }) => name);
}

it('drops the index that came with a new partition once that has left the subset', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE t (id int8 NOT NULL, status text, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE t_2025_03 PARTITION OF t FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z');
    CREATE INDEX t_2025_03_hot ON t_2025_03 (id)`);
  const hot = indexOf('hot', ['id'], { partitions: { kind: 'newest', count: 2 } });
  const policies = [policyOf('t', { indexes: [hot], premake: 1 })];
  const run = async (at: string, ...tasks: readonly Task[]): Promise<readonly string[]> => {
    const report = await reconcile(database, policies, { request: { now: parseInstant(at, 'UTC'), tasks } });
    return report.tables.flatMap(({ steps }) => steps.map(({ step, outcome }) => `${step.kind} ${step.partition.name}: ${outcome}`));
  };
  expect(await run('2025-03-10T12:00:00Z', 'provision')).toEqual(['create-partition t_2025_04: ok']);
  expect(await indexes(database)).toEqual(['t_2025_03_hot', 't_2025_04_hot']);
  expect(await run('2025-04-10T12:00:00Z', 'index')).toEqual([]);
  await run('2025-06-10T12:00:00Z', 'provision');
  expect(await run('2025-06-10T12:00:00Z', 'index')).toEqual(['drop-index t_2025_04: ok']);
  // Nothing says that the first one is ours.
  expect(await indexes(database)).toEqual(['t_2025_03_hot', 't_2025_05_hot', 't_2025_06_hot', 't_2025_07_hot']);
});

it('makes a partition without an index that cannot be made, which the task index then tells', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE t (id int8 NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE t_2025_03 PARTITION OF t FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z');
    CREATE TABLE t_2025_05_taken (id int8)`);
  const misspelt = indexOf('hot', ['idd'], { partitions: { kind: 'current' } });
  const taken = indexOf('taken', ['id'], { partitions: { kind: 'current' } });
  for (const [premake, index] of [
    [1, misspelt],
    [2, taken],
  ] as const) {
    const policies = [policyOf('t', { indexes: [index], premake })];
    const request = { now: parseInstant('2025-03-10T12:00:00Z', 'UTC') };
    const provisioned = await reconcile(database, policies, { request: { ...request, tasks: ['provision'] } });
    expect(provisioned.tables.flatMap(({ steps }) => steps.map(({ step, outcome, error }) => [step.kind, outcome, error]))).toEqual([
      ['create-partition', 'ok', null],
    ]);
  }
  const [count] = await database.query<{ count: number }>("SELECT count(*)::int FROM pg_inherits WHERE inhparent = 't'::regclass");
  expect(count?.count).toBe(3);
  const request = { now: parseInstant('2025-03-10T12:00:00Z', 'UTC'), tasks: ['index'] as const };
  const indexed = await reconcile(database, [policyOf('t', { indexes: [misspelt], premake: 2 })], { request });
  expect(indexed.tables[0]?.steps.map(({ error }) => error?.message ?? '')).toEqual(
    Array.from({ length: 3 }, () => expect.stringContaining('column "idd" does not exist')),
  );
});
