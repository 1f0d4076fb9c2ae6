import type { ApplyContext, ApplyEvent, PartitionState } from '../../src/apply/apply-context.ts';
import type { PartitionTemplate } from '../../src/partition/partition.ts';
import type { QualifiedName } from '../../src/partition/qualified-name.ts';
import type {
  CreateDefault,
  CreatePartition,
  DetachPartition,
  DrainDefault,
  DropGuard,
  DropTable,
  FinalizeDetach,
} from '../../src/plan/step.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { connectSession, type Session } from '../../src/postgres/session.ts';
import type { TestDatabase } from './database.ts';

/** Steps as the planner would make them for `public.revenues (at timestamptz)`, each field replaceable. */

export const revenues: QualifiedName = { schema: 'public', name: 'revenues' };

export function named(name: string, schema = 'public'): QualifiedName {
  return { schema, name };
}

export const bareTemplate: PartitionTemplate = {
  owner: 'postgres',
  grants: [],
  defaultGrantees: [],
  rowSecurity: { enabled: false, forced: false, policies: [] },
  replicaIdentity: { kind: 'default' },
  publications: [],
  storage: {},
  tablespace: null,
  accessMethod: null,
  statisticsTargets: [],
};

const range = { from: 1_743_465_600_000_000n, to: 1_751_328_000_000_000n };
const bound = { from: '2025-04-01 00:00:00+00', to: '2025-07-01 00:00:00+00' };
const subject = { table: revenues, tableOid: '1', range, references: [], referencedBy: [] };

export function createPartition(changes: Partial<CreatePartition> = {}): CreatePartition {
  return {
    ...subject,
    ...bound,
    kind: 'create-partition',
    partition: named('revenues_2025_q2'),
    reason: 'the next quarter needs a partition',
    task: 'provision',
    keyColumn: 'at',
    keyType: 'timestamp with time zone',
    keyCollation: null,
    template: bareTemplate,
    storage: {},
    indexes: [],
    guard: null,
    ...changes,
  };
}

export function drainDefault(changes: Partial<DrainDefault> = {}): DrainDefault {
  const { guard: _none, ...made } = createPartition();
  return { ...made, kind: 'drain-default', defaultPartition: named('revenues_default'), ...changes };
}

export function createDefault(changes: Partial<CreateDefault> = {}): CreateDefault {
  return {
    ...subject,
    kind: 'create-default',
    range: null,
    partition: named('revenues_default'),
    reason: 'the policy asks for a default partition',
    task: 'provision',
    template: bareTemplate,
    storage: {},
    ...changes,
  };
}

export function detachPartition(changes: Partial<DetachPartition> = {}): DetachPartition {
  return {
    ...subject,
    ...bound,
    kind: 'detach-partition',
    partition: named('revenues_2025_q2'),
    partitionOid: '2',
    reason: 'it ended before the cut-off',
    task: 'retention',
    concurrently: true,
    defaultPartition: null,
    moveTo: null,
    dropAfter: null,
    ...changes,
  };
}

export function finalizeDetach(changes: Partial<FinalizeDetach> = {}): FinalizeDetach {
  return {
    ...subject,
    ...bound,
    kind: 'finalize-detach',
    partition: named('revenues_2025_q2'),
    partitionOid: '2',
    reason: 'an earlier detach was interrupted',
    task: 'retention',
    moveTo: null,
    dropAfter: null,
    ...changes,
  };
}

export function dropTable(changes: Partial<DropTable> = {}): DropTable {
  return {
    ...bound,
    table: revenues,
    tableOid: '1',
    range,
    references: [],
    kind: 'drop-table',
    partition: named('revenues_2025_q2'),
    partitionOid: '2',
    reason: 'its grace has passed',
    task: 'retention',
    ...changes,
  };
}

export function dropGuard(changes: Partial<DropGuard> = {}): DropGuard {
  return {
    table: revenues,
    tableOid: '1',
    range: null,
    kind: 'drop-guard',
    partition: named('revenues_default'),
    constraint: 'partitiond_guard_1',
    reason: 'a killed run left it behind',
    task: 'provision',
    ...changes,
  };
}

const never: AbortSignal = new AbortController().signal;

export interface StepSession extends AsyncDisposable {
  readonly session: Session;
  readonly events: ApplyEvent[];
  context(changes?: Partial<ApplyContext>): ApplyContext;
}

export const journalSchema = 'partitiond';

/**
 * A session as the program opens it, though with a lock timeout so long that a step which forgets to set its own shows, and an apply
 * context for it with a budget that suits tests. Installs no journal.
 */
export async function stepSession(database: TestDatabase, url: string = database.url): Promise<StepSession> {
  const settings = { applicationName: 'partitiond:apply', statementTimeoutMs: 30_000, lockTimeoutMs: 20_000 };
  const session = await connectSession({ kind: 'url', url }, settings, never);
  const events: ApplyEvent[] = [];
  return {
    session,
    events,
    context: (changes = {}) => ({
      serverVersion: 180000,
      budget: { attemptMs: 100, totalMs: 10_000, pauseMs: 30 },
      clock: systemClock,
      journal: { schema: journalSchema, runId: '00000000-0000-4000-8000-000000000001', who: 'test' },
      epochGuard: null,
      readPartitionState: (_tableOid, name) => readState(database, name),
      onEvent: (event) => events.push(event),
      ...changes,
    }),
    [Symbol.asyncDispose]: () => session.close(),
  };
}

async function readState(database: TestDatabase, name: QualifiedName): Promise<PartitionState | null> {
  const [state] = await database.query<PartitionState & Record<string, unknown>>(
    `SELECT c.oid::text AS "oid", i.inhparent::text AS "parentOid", pg_get_expr(c.relpartbound, c.oid) AS "boundText",
       COALESCE(i.inhdetachpending, false) AS "isDetachPending"
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_inherits AS i ON i.inhrelid = c.oid
     WHERE n.nspname = $1 AND c.relname = $2`,
    [name.schema, name.name],
  );
  return state ?? null;
}

export async function oidOf(database: TestDatabase, name: string): Promise<string> {
  const [row] = await database.query<{ oid: string }>('SELECT $1::regclass::oid::text AS oid', [name]);
  if (row === undefined) throw new Error(`no relation ${name}`);
  return row.oid;
}
