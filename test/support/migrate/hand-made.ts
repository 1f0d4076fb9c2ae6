import { installJournal } from '../../../src/journal/install.ts';
import { BatchRegister } from '../../../src/migrate/batch-register.ts';
import type { Engine } from '../../../src/migrate/engine.ts';
import type { MigrationEvent } from '../../../src/migrate/event.ts';
import type { TableDefinition } from '../../../src/partition/migration/definition.ts';
import type { Capture, MigrationPolicy } from '../../../src/partition/migration/policy.ts';
import type { ColumnRef, Live, MigrationPhase, MigrationSpec } from '../../../src/partition/migration/spec.ts';
import type { MigrationRecord } from '../../../src/partition/migration/status.ts';
import type { TablePolicy } from '../../../src/partition/policy.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { connectSession } from '../../../src/postgres/session.ts';
import type { TestDatabase } from '../database.ts';
import { named, policyOf, template } from '../model.ts';
import { noAbort, openSession } from '../open-session.ts';
import { migrationPolicy } from './policy.ts';

/** What a test may want to be different from `revenues`, quarterly, with rows of 2024 and 2025. */
export interface HandMade {
  /** Makes the source and its rows; `public.revenues` of the requirements by default. */
  readonly source?: string;
  /** Makes the target `<table>_partitioned` with its partitions; quarters of 2024 q4 to 2025 q4 by default. */
  readonly target?: string;
  readonly table?: string;
  readonly key?: readonly string[];
  readonly partitionKey?: string;
  readonly capture?: Capture;
  readonly phase?: MigrationPhase;
  readonly live?: Live;
  readonly policy?: Partial<TablePolicy>;
  readonly migration?: Partial<MigrationPolicy>;
  readonly definition?: Partial<TableDefinition>;
}

export interface HandMadeEngine extends Engine, AsyncDisposable {
  readonly events: MigrationEvent[];
}

/** `migration` of an entry that copies, without pauses. */
export function handMadePolicy(changes: Partial<MigrationPolicy> = {}): MigrationPolicy {
  const policy = migrationPolicy({ strategy: 'copy' });
  return { ...policy, copy: { ...policy.copy, pace: 0 }, ...changes };
}

export const revenuesSource = `
CREATE TABLE public.revenues (
  id bigint PRIMARY KEY,
  org_id integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  amount numeric(12,2),
  note text
);
INSERT INTO public.revenues
SELECT n, n % 100, '2024-10-01 00:00+00'::timestamptz + n * interval '9 hours', n * 1.5, 'row ' || n
FROM generate_series(1, 1000) AS n`;

export const revenuesTarget = `
CREATE TABLE public.revenues_partitioned (
  id bigint NOT NULL,
  org_id integer NOT NULL,
  occurred_at timestamptz NOT NULL,
  amount numeric(12,2),
  note text,
  CONSTRAINT revenues_partitioned_pkey PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE public.revenues_2024_q4 PARTITION OF public.revenues_partitioned FOR VALUES FROM ('2024-10-01 00:00+00') TO ('2025-01-01 00:00+00');
CREATE TABLE public.revenues_2025_q1 PARTITION OF public.revenues_partitioned FOR VALUES FROM ('2025-01-01 00:00+00') TO ('2025-04-01 00:00+00');
CREATE TABLE public.revenues_2025_q2 PARTITION OF public.revenues_partitioned FOR VALUES FROM ('2025-04-01 00:00+00') TO ('2025-07-01 00:00+00');
CREATE TABLE public.revenues_2025_q3 PARTITION OF public.revenues_partitioned FOR VALUES FROM ('2025-07-01 00:00+00') TO ('2025-10-01 00:00+00');
CREATE TABLE public.revenues_2025_q4 PARTITION OF public.revenues_partitioned FOR VALUES FROM ('2025-10-01 00:00+00') TO ('2026-01-01 00:00+00')`;

/**
 * An engine on two tables that plain SQL has made, without the steps before the one under test: journal, lease and the row of the migration are
 * there, triggers and ranges are not. Hold it by `await using`, after the database.
 */
export async function handMade(database: TestDatabase, wanted: HandMade = {}): Promise<HandMadeEngine> {
  const table = wanted.table ?? 'revenues';
  const session = await openSession(database);
  await installJournal(session, 'partitiond', noAbort);
  await database.query(wanted.source ?? revenuesSource);
  await database.query(wanted.target ?? revenuesTarget);
  const spec = await specOf(database, table, wanted);
  const [sourceOid, targetOid] = [await oidOf(database, table), await oidOf(database, `${table}_partitioned`)];
  const { phase = 'backfill', live = 'source', capture = 'log' } = wanted;
  const [row] = await database.query<{ id: string }>(
    `INSERT INTO partitiond.migration (table_schema, table_name, source_oid, target_oid, strategy, capture, spec, plan_hash, phase, live, who)
     VALUES ('public', $1, $2, $3, 'copy', $4, $5, 'hash', $6, $7, 'test') RETURNING id`,
    [table, sourceOid, targetOid, capture, JSON.stringify(spec), phase, live],
  );
  const id = row?.id ?? '';
  await database.query(`INSERT INTO partitiond.migration_lease (migration_id, epoch, holder) VALUES ($1, 1, 'test')`, [id]);
  const events: MigrationEvent[] = [];
  const [version] = await database.query<{ version: string }>(`SELECT current_setting('server_version_num') AS version`);
  const migration = handMadePolicy({ partitionKey: spec.partitionKey.name, capture, ...wanted.migration });
  return {
    id,
    spec,
    policy: { ...policyOf({ table: named(table), name: '{table}_{yyyy}_q{q}', ...wanted.policy }), migration },
    surroundings: {
      database: 'app',
      journalSchema: 'partitiond',
      serverVersion: Number(version?.version),
      safety: { lockTimeoutMs: 100, lockBudgetMs: 5_000, statementTimeoutMs: 30_000, maxRemovals: 10, maxClockSkewMs: 300_000 },
      clock: systemClock,
      who: 'test',
      observe: (event) => events.push(event),
      connect: (purpose, signal) =>
        connectSession(
          { kind: 'url', url: database.url },
          { applicationName: `partitiond:${purpose}`, statementTimeoutMs: 0, lockTimeoutMs: 100 },
          signal,
        ),
    },
    session,
    guardSql: `SELECT partitiond.require_migration_epoch(${id}, 1)`,
    register: new BatchRegister(),
    record: recordOf(id, sourceOid, targetOid, spec, phase, live),
    events,
    [Symbol.asyncDispose]: () => session.close(),
  };
}

async function oidOf(database: TestDatabase, table: string): Promise<string> {
  const [row] = await database.query<{ oid: string }>('SELECT c.oid::text AS oid FROM pg_class AS c WHERE c.relname = $1', [table]);
  return row?.oid ?? '';
}

async function specOf(database: TestDatabase, table: string, wanted: HandMade): Promise<MigrationSpec> {
  const columns = await database.query<ColumnRef & { is_generated: boolean }>(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attgenerated <> '' AS is_generated,
       CASE WHEN a.attcollation <> t.typcollation THEN quote_ident(n.nspname) || '.' || quote_ident(l.collname) END AS collation
     FROM pg_attribute AS a
     JOIN pg_type AS t ON t.oid = a.atttypid
     LEFT JOIN pg_collation AS l ON l.oid = a.attcollation
     LEFT JOIN pg_namespace AS n ON n.oid = l.collnamespace
     WHERE a.attrelid = (SELECT c.oid FROM pg_class AS c WHERE c.relname = $1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [table],
  );
  const refs = columns.map(({ name, type, collation }) => ({ name, type, collation }));
  const byName = (name: string): ColumnRef => refs.find((column) => column.name === name) ?? { name, type: 'text', collation: null };
  return {
    subject: 'table',
    strategy: 'copy',
    capture: wanted.capture ?? 'log',
    table: named(table),
    targetName: named(`${table}_partitioned`),
    oldName: named(`${table}_unpartitioned`),
    columns: refs.filter((_, index) => columns[index]?.is_generated !== true),
    comparedColumns: refs,
    isHashable: !columns.some(({ type }) => /^(json|xml|point)$/.test(type)),
    key: (wanted.key ?? ['id']).map(byName),
    partitionKey: byName(wanted.partitionKey ?? 'occurred_at'),
    names: [],
    definition: definitionOf(table, wanted.definition),
    waived: [],
    isIdentityKept: false,
  };
}

/** Of a table on which nothing hangs. */
export function definitionOf(table: string, changes: Partial<TableDefinition> = {}): TableDefinition {
  return {
    oid: '0',
    name: named(table),
    relkind: 'r',
    persistence: 'permanent',
    ofType: null,
    belongsTo: null,
    parents: [],
    heirs: [],
    columns: [],
    indexes: [],
    checks: [],
    outgoing: [],
    incoming: [],
    triggers: [],
    sequences: [],
    views: [],
    functions: [],
    publications: [],
    statistics: [],
    comments: [],
    labels: [],
    template,
    columnOptions: [],
    strays: [],
    unknownDependents: [],
    ...changes,
  };
}

function recordOf(
  id: string,
  sourceOid: string,
  targetOid: string,
  spec: MigrationSpec,
  phase: MigrationPhase,
  live: Live,
): MigrationRecord {
  const now = BigInt(Date.now()) * 1000n;
  return {
    id,
    table: spec.table,
    sourceOid,
    targetOid,
    strategy: 'copy',
    capture: spec.capture,
    planHash: 'hash',
    phase,
    live,
    paused: null,
    verdict: null,
    lastSwitch: null,
    startedAt: now,
    phaseAt: now,
    progressAt: now,
    readyAt: null,
    switchedAt: null,
    finishedAt: null,
  };
}
