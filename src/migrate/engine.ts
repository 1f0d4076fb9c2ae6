/**
 * Turns an ordinary table into a partitioned one while it is read and written. Each step of docs/guides/migration.md is a function of an
 * `Engine` that reads catalog and journal and does what is missing, so that the same call goes on after anything. The room decides nothing that
 * plan/migration can decide without a server, and renders nothing: SQL on the user's tables comes from ddl/migration.
 */

import type { MigrationPolicy } from '../partition/migration/policy.ts';
import type { MigrationSpec } from '../partition/migration/spec.ts';
import type { MigrationRecord } from '../partition/migration/status.ts';
import type { Safety, TablePolicy } from '../partition/policy.ts';
import type { Clock } from '../postgres/clock.ts';
import type { Session } from '../postgres/session.ts';
import type { BatchRegister } from './batch-register.ts';
import type { MigrationEvent } from './event.ts';

/** One process at work on one migration: it holds the coordinator's lock and an epoch that each of its transactions checks. */
export interface Engine {
  readonly id: string;
  readonly spec: MigrationSpec;
  /** Of the table's entry in the configuration: interval, names, premake, time zone; `migration` is never null here. */
  readonly policy: TablePolicy & { readonly migration: MigrationPolicy };
  readonly surroundings: EngineSurroundings;
  /** The coordinator's own; phases run on it, one statement at a time. */
  readonly session: Session;
  /** SQL without semicolon that raises PD301 when another process has taken over; first in every writing transaction. */
  readonly guardSql: string;
  readonly register: BatchRegister;
  /** As last read or written by this process; phase and live change under `saveMigration` only. */
  record: MigrationRecord;
}

export interface EngineSurroundings {
  readonly database: string;
  readonly journalSchema: string;
  readonly serverVersion: number;
  readonly safety: Safety;
  readonly clock: Clock;
  /** Recorded in the journal. */
  readonly who: string;
  readonly observe: (event: MigrationEvent) => void;
  /** Another session without statement timeout, which holds the workers' shared lock; whoever asks for it closes it. */
  connect(purpose: string, signal: AbortSignal): Promise<Session>;
}
