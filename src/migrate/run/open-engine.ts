import { NotLeaderError } from '../../errors.ts';
import { joinWorkers, type Lease, type LeaseRequest, takeLease } from '../../journal/migration/lease.ts';
import { readMigration, readSpec } from '../../journal/migration/records.ts';
import type { MigrationPolicy } from '../../partition/migration/policy.ts';
import type { BrakeReason } from '../../partition/migration/status.ts';
import type { Safety, TablePolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Clock } from '../../postgres/clock.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { number, row } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { BatchRegister } from '../batch-register.ts';
import type { Engine, EngineSurroundings } from '../engine.ts';
import type { MigrationEvent } from '../event.ts';
import { HeldBrakes } from './held-brakes.ts';

export interface EngineRequest {
  readonly id: string;
  readonly table: QualifiedName;
  readonly policy: TablePolicy & { readonly migration: MigrationPolicy };
  /** Name of the database in the configuration. */
  readonly database: string;
  readonly journalSchema: string;
  readonly safety: Safety;
  readonly clock: Clock;
  /** Recorded in the journal, for example `partitiond:migrate host/4711`. */
  readonly who: string;
  readonly observe: (event: MigrationEvent) => void;
  /** How long to wait for a process that may have been killed just now; `noticeWithinMs` for a command that nobody repeats. */
  readonly takeOverWithinMs: number;
  /** Of a daemon, whose place a command of a person may have. */
  readonly yields?: true;
  /** Opens a session of that application name, with `safety.lockTimeoutMs` and without a statement timeout. */
  readonly connect: (applicationName: string, signal: AbortSignal) => Promise<Session>;
}

/** An engine, and what holds its copy back just now. */
export interface RunningEngine {
  readonly engine: Engine;
  brakes(): readonly BrakeReason[];
  /** Whether anything was replayed or verified since the last call. */
  progressed?(): boolean;
}

export interface OpenEngine extends RunningEngine {
  /** Gives the migration back and closes the session. Never throws. */
  close(): Promise<void>;
}

/** The backends of a killed process notice within 5 s that nobody listens (postgres/pin-settings.ts). */
export const noticeWithinMs = 7_000;
const workersWaitMs = 10_000;

/**
 * Takes the migration over and makes an engine of it. Throws `NotLeaderError` (PD307) while another process runs it, `ConnectionError`,
 * `StatementError`. What the engine opens besides goes through `surroundings.connect`.
 */
export async function openEngine(request: EngineRequest, signal: AbortSignal): Promise<OpenEngine> {
  const { id, journalSchema: schema, clock, who } = request;
  const yielding = request.yields === true ? { yields: request.yields } : {};
  const lease: LeaseRequest = { schema, id, holder: who, clock, coordinatorWaitMs: request.takeOverWithinMs, workersWaitMs, ...yielding };
  const brakes = new HeldBrakes(() => clock.monotonicMs());
  const session = await request.connect('partitiond:migrate', signal);
  try {
    const held = await takeLease(session, lease, signal);
    if (held === null) throw runsElsewhere(request.table);
    const observe: EngineRequest['observe'] = (event) => {
      brakes.observe(event);
      request.observe(event);
    };
    const engine = await engineOf({ ...request, observe }, lease, held, session, signal);
    const close = async (): Promise<void> => {
      await held.release();
      await session.close();
    };
    return { engine, brakes: () => brakes.reasons(), progressed: () => brakes.progressed(), close };
  } catch (error) {
    await session.close();
    throw error;
  }
}

function runsElsewhere(table: QualifiedName): NotLeaderError {
  return new NotLeaderError(
    'PD307',
    `Another process runs the migration of ${formatQualifiedName(table)}; \`partitiond migrate status --table ${formatQualifiedName(table)}\` shows how far it is. ` +
      'Stop that one first (a daemon gives way by itself, and leaves it alone with `runner: cli`).',
  );
}

async function engineOf(
  request: EngineRequest,
  lease: LeaseRequest,
  { guardSql }: Lease,
  session: Session,
  signal: AbortSignal,
): Promise<Engine> {
  const { id, policy, database, journalSchema, safety, clock, who, observe } = request;
  const connect = async (purpose: string, until: AbortSignal): Promise<Session> => {
    const worker = await request.connect(`partitiond:migrate-${purpose}`, until);
    try {
      await joinWorkers(worker, lease, until);
      return worker;
    } catch (error) {
      await worker.close();
      throw error;
    }
  };
  const serverVersion = await readVersion(session, signal);
  const surroundings: EngineSurroundings = { database, journalSchema, serverVersion, safety, clock, who, observe, connect };
  // Read only now that nobody else writes it.
  const record = await readMigration(session, journalSchema, id, signal);
  const spec = await readSpec(session, journalSchema, id, signal);
  return { id, spec, policy, surroundings, session, guardSql, register: new BatchRegister(), record };
}

async function readVersion(session: Session, signal: AbortSignal): Promise<number> {
  const query = namedSql('read-server-version', `SELECT pg_catalog.current_setting('server_version_num') AS "version"`);
  const [answer] = await session.rows(query, [], row<{ version: number }>({ version: number }), signal);
  return answer?.version ?? 0;
}
