import { readMismatchCount } from '../../journal/migration/mismatches.ts';
import { readMigrations } from '../../journal/migration/records.ts';
import type { MigrationRecord, MigrationStatus } from '../../partition/migration/status.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { isUnfinished, withMigration } from './begin-migration.ts';
import { readStatus } from './read-status.ts';

/** A migration as the journal shows it at one moment. */
export interface SeenMigration {
  readonly record: MigrationRecord;
  readonly status: MigrationStatus;
  /** Rows known to differ. */
  readonly mismatches: number;
}

/** How long after its end a migration is still shown, for whoever looks the day after. */
const shownForMicros = 86_400_000_000n;

/** The newest migration of each table with a block `migration`, and of partitions of any, while it is not over and for a day after; a few short queries, no locks. */
export async function readSeenMigrations(
  session: Session,
  { tables, journalSchema: schema }: DatabasePolicy,
  now: bigint,
  signal: AbortSignal,
): Promise<readonly SeenMigration[]> {
  const records = await readMigrations(session, schema, signal);
  const seen: SeenMigration[] = [];
  for (const policy of tables) {
    const { table, migration } = policy;
    const record = records.find((one) => formatQualifiedName(one.table) === formatQualifiedName(table));
    if (record === undefined || (migration === null && record.regrain === undefined) || !isShown(record, now)) continue;
    const status = await readStatus(session, schema, record, withMigration(policy).migration.verify.maxAgeMs, signal);
    seen.push({ record, status, mismatches: await readMismatchCount(session, schema, record.id, signal) });
  }
  return seen;
}

function isShown(record: MigrationRecord, now: bigint): boolean {
  return isUnfinished(record) || (record.finishedAt !== null && now - record.finishedAt < shownForMicros);
}
