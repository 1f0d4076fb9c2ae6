import type { UpkeepContext, UpkeepEvent } from '../../src/apply/upkeep/upkeep-context.ts';
import { installJournal } from '../../src/journal/install.ts';
import type { IndexPolicy, UpkeepLimits } from '../../src/partition/policy.ts';
import type { QualifiedName } from '../../src/partition/qualified-name.ts';
import type { Analyze, AttachIndex, CreateIndex, DropIndex, Reindex, UpkeepStep, Vacuum } from '../../src/plan/step.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import type { TestDatabase } from './database.ts';
import { journalSchema, named, oidOf, revenues } from './steps.ts';

/** Upkeep steps as the planner would make them for `public.revenues`, each field replaceable, and what runs them. */

const never: AbortSignal = new AbortController().signal;

export const noLimits: UpkeepLimits = {
  concurrency: 2,
  window: null,
  costDelayMs: null,
  costLimit: null,
  maxReplicationLagMs: null,
  maxLockWaiters: null,
};

export const amountIndex: IndexPolicy = {
  name: 'revenues_amount',
  keys: [{ kind: 'column', column: 'amount', options: '' }],
  method: 'btree',
  isUnique: false,
  include: [],
  where: null,
  storage: {},
  tablespace: null,
  partitions: { kind: 'all' },
};

/** Makes steps about `revenues` as the catalog has it. */
export interface UpkeepSteps {
  vacuum(partition: string, changes?: Partial<Vacuum>): Vacuum;
  analyze(partition: string, changes?: Partial<Analyze>): Analyze;
  reindex(partition: string, index: string, changes?: Partial<Reindex>): Promise<Reindex>;
  createIndex(partition: string, index: string, changes?: Partial<CreateIndex>): CreateIndex;
  attachIndex(partition: string, index: string, changes?: Partial<AttachIndex>): AttachIndex;
  dropIndex(partition: string, index: string, changes?: Partial<DropIndex>): Promise<DropIndex>;
}

/**
 * Table `revenues (id int, amount int, at timestamptz)` with `partitions` months of 2025 of 1000 rows each (`revenues_1` and so on), and the
 * journal.
 */
export async function createRevenues(db: TestDatabase, partitions: number, rows = 1000): Promise<UpkeepSteps> {
  const oids = new Map<string, string>();
  await db.query('CREATE TABLE revenues (id int, amount int, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
  for (let month = 1; month <= partitions; month += 1) {
    const bound = (at: number): string => `'2025-01-01 00:00:00+00'::timestamptz + ${at} * interval '31 days'`;
    await db.query(`CREATE TABLE revenues_${month} PARTITION OF revenues FOR VALUES FROM (${bound(month - 1)}) TO (${bound(month)})`);
    await db.query(`INSERT INTO revenues SELECT i, i, ${bound(month - 1)} FROM generate_series(1, ${rows}) AS i`);
  }
  const open = await connectWorker(db);
  await installJournal(open, journalSchema, never);
  await open.close();
  for (const { name, oid } of await db.query<{ name: string; oid: string }>(
    "SELECT relname AS name, oid::text AS oid FROM pg_class WHERE relname LIKE 'revenues%' AND relkind IN ('r', 'p')",
  )) {
    oids.set(name, oid);
  }
  return stepsOf(db, (name) => oids.get(name) ?? '0');
}

function stepsOf(db: TestDatabase, oid: (name: string) => string): UpkeepSteps {
  const base = (partition: string) => ({
    table: revenues,
    tableOid: oid('revenues'),
    partition: named(partition),
    partitionOid: oid(partition),
    range: null,
    reason: 'the test wants it',
    limits: noLimits,
  });
  const maintenance = (partition: string) => ({ ...base(partition), task: 'maintenance' as const });
  const index = (partition: string) => ({ ...base(partition), task: 'index' as const });
  return {
    vacuum: (partition, changes = {}) => ({
      ...maintenance(partition),
      kind: 'vacuum',
      freeze: false,
      analyze: true,
      frozen: null,
      ...changes,
    }),
    analyze: (partition, changes = {}) => ({ ...maintenance(partition), kind: 'analyze', isParent: partition === 'revenues', ...changes }),
    reindex: async (partition, name, changes = {}) => ({
      ...maintenance(partition),
      kind: 'reindex',
      index: named(name),
      indexOid: await oidOf(db, name),
      ...changes,
    }),
    createIndex: (partition, name, changes = {}) => ({
      ...index(partition),
      kind: 'create-index',
      index: named(name),
      definition: amountIndex,
      how: partition === 'revenues' ? 'only' : 'concurrently',
      ...changes,
    }),
    attachIndex: (partition, name, changes = {}) => ({
      ...index(partition),
      kind: 'attach-index',
      index: named(name),
      parentIndex: named('revenues_amount'),
      ...changes,
    }),
    dropIndex: async (partition, name, changes = {}) => ({
      ...index(partition),
      kind: 'drop-index',
      index: named(name),
      indexOid: await oidOf(db, name),
      concurrently: true,
      ...changes,
    }),
  };
}

/** A session as a worker has it; `url` of another role than the superuser. */
export async function connectWorker(db: TestDatabase, url: string = db.url): Promise<Session> {
  const settings = { applicationName: 'partitiond:maintenance', statementTimeoutMs: 30_000, lockTimeoutMs: 20_000 };
  return await connectSession({ kind: 'url', url }, settings, never);
}

/** `session`, but for `changes`. */
export function delegate(session: Session, changes: Partial<Session>): Session {
  return {
    pid: session.pid,
    rows: (...all) => session.rows(...all),
    execute: (...all) => session.execute(...all),
    complete: (...all) => session.complete(...all),
    transaction: (...all) => session.transaction(...all),
    onLost: (...all) => session.onLost(...all),
    onNotice: (...all) => session.onNotice(...all),
    close: () => session.close(),
    ...changes,
  };
}

export interface Conducting extends AsyncDisposable {
  readonly session: Session;
  readonly events: UpkeepEvent[];
  /** All that were opened for workers. */
  readonly workers: Session[];
  context(changes?: Partial<UpkeepContext>): UpkeepContext;
}

/** The conducting session, and a context that remembers events and worker sessions. */
export async function conducting(db: TestDatabase, url: string = db.url): Promise<Conducting> {
  const session = await connectWorker(db, url);
  const [server] = await db.query<{ version: number }>("SELECT current_setting('server_version_num')::int AS version");
  const events: UpkeepEvent[] = [];
  const workers: Session[] = [];
  return {
    session,
    events,
    workers,
    context: (changes = {}) => ({
      serverVersion: server?.version ?? 0,
      budget: { attemptMs: 100, totalMs: 10_000, pauseMs: 30 },
      clock: systemClock,
      journal: { schema: journalSchema, runId: '00000000-0000-4000-8000-000000000001', who: 'test' },
      epochGuard: null,
      readPartitionState: () => Promise.reject(new Error('upkeep asks for no partition')),
      onEvent: (event) => events.push(event),
      connect: async () => {
        const worker = await connectWorker(db, url);
        workers.push(worker);
        return worker;
      },
      windowEnd: () => null,
      freshUntilMs: null,
      readProgress: async () => [],
      isPaused: async () => false,
      ...changes,
    }),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

/** What the journal says of the steps, in the order in which they began. */
export async function operations(db: TestDatabase): Promise<readonly Record<string, unknown>[]> {
  return await db.query(
    `SELECT kind, partition_name AS partition, outcome, error FROM ${journalSchema}.operation ORDER BY started_at, partition_name`,
  );
}

/** Names of invalid indexes. */
export async function invalidIndexes(db: TestDatabase): Promise<readonly string[]> {
  const rows = await db.query<{ name: string }>(
    'SELECT c.relname AS name FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid WHERE NOT i.indisvalid ORDER BY 1',
  );
  return rows.map(({ name }) => name);
}

export function outcomesOf(
  reports: readonly {
    readonly step: UpkeepStep | { readonly kind: string; readonly partition: QualifiedName };
    readonly outcome: string;
    readonly yieldedTo?: string;
  }[],
): readonly string[] {
  return reports.map(
    ({ step, outcome, yieldedTo }) => `${step.kind} ${step.partition.name} ${outcome}${yieldedTo === undefined ? '' : ` ${yieldedTo}`}`,
  );
}
