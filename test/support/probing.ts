import type { DatabasePolicy, ProbePolicy, TablePolicy } from '../../src/partition/policy.ts';
import type { QualifiedName } from '../../src/partition/qualified-name.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import type { Session } from '../../src/postgres/session.ts';
import { type ProbeContext, type ProbeResult, runProbes } from '../../src/probe/run-probes.ts';
import type { TestDatabase } from './database.ts';
import { noAbort, openSession } from './open-session.ts';
import { policyOf, testSafety } from './reconcile.ts';

export function probe(name: string, sql: string, overrides: Partial<ProbePolicy> = {}): ProbePolicy {
  const expected = { partitions: 1, planningMs: null, executionMs: null };
  return { name, sql, params: [], analyze: false, timeoutMs: 20_000, expect: expected, ...overrides };
}

export interface ProbeOptions {
  readonly role?: string;
  readonly url?: string;
  readonly tables?: readonly QualifiedName[];
  readonly session?: Session;
  readonly signal?: AbortSignal;
  readonly more?: Partial<ProbeContext>;
}

export async function run(
  database: TestDatabase,
  tables: readonly TablePolicy[],
  options: ProbeOptions = {},
): Promise<readonly ProbeResult[]> {
  const url = options.url ?? database.url;
  const policy: DatabasePolicy = {
    name: 'test',
    connection: { kind: 'url', url },
    journalSchema: 'partitiond',
    probeRole: options.role ?? null,
    tables,
  };
  await using own = await openSession(database, url);
  const context = { safety: testSafety, clock: systemClock, tables: options.tables ?? null, ...options.more };
  return await runProbes(options.session ?? own, policy, context, options.signal ?? noAbort);
}

export async function runOne(database: TestDatabase, one: ProbePolicy, options: ProbeOptions = {}): Promise<ProbeResult> {
  const [result] = await run(database, [policyOf('ev', { probes: [one] })], options);
  if (result === undefined) throw new Error('no result');
  return result;
}

export function names(list: readonly QualifiedName[] | undefined): string {
  return (list ?? []).map(({ name }) => name).join(' ');
}

/** `ev` by month from January to April 2025 with rows in each, `cust` beside it. */
export async function createEvents(database: TestDatabase): Promise<void> {
  await database.query(`
    SET TimeZone = 'UTC';
    CREATE TABLE ev (id int8, at timestamptz NOT NULL, v int4) PARTITION BY RANGE (at);
    CREATE TABLE cust (id int4 PRIMARY KEY, at timestamptz, n int4);
    INSERT INTO cust SELECT g, '2025-03-05'::timestamptz, g FROM generate_series(1, 50) AS g;
    DO $$ BEGIN FOR m IN REVERSE 4..1 LOOP
      EXECUTE format('CREATE TABLE ev_%s PARTITION OF ev FOR VALUES FROM (%L) TO (%L)', m, make_date(2025, m, 1), make_date(2025, m + 1, 1));
      EXECUTE format('CREATE INDEX ON ev_%s (at)', m);
    END LOOP; END $$;
    INSERT INTO ev SELECT g, '2025-01-01'::timestamptz + g * interval '10 minutes', g FROM generate_series(1, 17000) AS g;
    ANALYZE;`);
}
