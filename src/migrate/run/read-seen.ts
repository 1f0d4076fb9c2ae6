import { readMismatchCount } from '../../journal/migration/mismatches.ts';
import { readMigrations } from '../../journal/migration/records.ts';
import type { MigrationRecord, MigrationStatus } from '../../partition/migration/status.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { isUnfinished } from './begin-migration.ts';
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

/** The newest migration of each table with a block `migration`, while it is not over and for a day after; a few short queries, no locks. */
export async function readSeenMigrations(
  session: Session,
  { tables, journalSchema: schema }: DatabasePolicy,
  now: bigint,
  signal: AbortSignal,
): Promise<readonly SeenMigration[]> {
  const policies = tables.filter(({ migration }) => migration !== null);
  if (policies.length === 0) return [];
  const records = await readMigrations(session, schema, signal);
  const seen: SeenMigration[] = [];
  for (const { table, migration } of policies) {
    const record = records.find((one) => formatQualifiedName(one.table) === formatQualifiedName(table));
    if (record === undefined || !isShown(record, now)) continue;
    const status = await readStatus(session, schema, record, migration?.verify.maxAgeMs ?? 0, signal);
    seen.push({ record, status, mismatches: await readMismatchCount(session, schema, record.id, signal) });
  }
  return seen;
}

function isShown(record: MigrationRecord, now: bigint): boolean {
  return isUnfinished(record) || (record.finishedAt !== null && now - record.finishedAt < shownForMicros);
}
