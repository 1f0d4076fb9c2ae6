import { decodeWorkingParts, type WorkingParts, workingPartsSql } from '../../catalog/migration/facts/working-parts.sql.ts';
import { captureLog } from '../../ddl/migration/capture/capture-log.ts';
import { captureTriggerPrefix } from '../../ddl/migration/capture/capture-triggers.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import type { StoredMigration } from '../../journal/migration/records.ts';
import type { MigrationPhase } from '../../partition/migration/spec.ts';
import type { MigrationRecord } from '../../partition/migration/status.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import { liveOidOf } from '../switch/read-facts.ts';

/** While target, log and triggers are all there. */
const working: ReadonlySet<MigrationPhase> = new Set<MigrationPhase>(['backfill', 'catch-up', 'index', 'verify', 'ready', 'switched']);

/** What somebody has taken away that the migration cannot do without, as sentences with what that means and what to do; as a rule none. */
export async function readBrokenParts(
  session: Session,
  schema: string,
  record: StoredMigration,
  signal: AbortSignal,
): Promise<readonly string[]> {
  // Capture is installed, and has been seen to be.
  if (record.fingerprint === null) return [];
  const parts = await readParts(session, schema, record, signal);
  return parts === null ? [] : brokenParts(schema, record, parts);
}

/** Throws `MigrationError`: PD621 when the target is gone, as what was copied into it would count as copied; PD628 when the log is. */
export async function assertPartsAreThere(session: Session, schema: string, record: MigrationRecord, signal: AbortSignal): Promise<void> {
  const parts = await readParts(session, schema, record, signal);
  if (parts === null) return;
  if (!parts.hasTarget) throw new MigrationError('PD621', targetIsGone(record));
  if (!parts.hasLog && record.strategy === 'copy') throw new MigrationError('PD628', logIsGone(schema, record));
}

async function readParts(session: Session, schema: string, record: MigrationRecord, signal: AbortSignal): Promise<WorkingParts | null> {
  const { id, phase, targetOid } = record;
  if (!working.has(phase) || targetOid === null) return null;
  const parameters = [liveOidOf(record), targetOid, formatQualifiedName(captureLog(schema, id)), captureTriggerPrefix(id)];
  const [parts] = await session.rows(workingPartsSql, parameters, decodeWorkingParts, signal);
  if (parts === undefined) throw new InvariantError('PD903', 'read-working-parts returned no row');
  return parts;
}

function brokenParts(
  schema: string,
  record: MigrationRecord,
  { hasTarget, hasLog, triggersOn, triggersOff }: WorkingParts,
): readonly string[] {
  const { live, strategy, regrain } = record;
  const table = formatQualifiedName(record.table);
  const target = hasTarget ? [] : [targetIsGone(record)];
  // Nothing is captured, or elsewhere: on partitions.
  if (strategy === 'attach') return target;
  const abort = live === 'source' ? `Run \`${migrateCommand('abort', record.table)}\`, and begin again.` : '';
  const fails = logIsGone(schema, record);
  const [what, fix] =
    live === 'source'
      ? ['the new table gets none of them', `\`${migrateCommand('start', record.table)}\` pauses with what to do. ${abort}`]
      : [
          'the old table gets none of them',
          `\`${migrateCommand('start', record.table)}\` pauses with what to do; until then no rollback is made, as it would lose them.`,
        ];
  const uncaptured = `Triggers of partitiond on ${table} are gone or off: writes are not captured, and ${what}. ${fix}`;
  const areTriggersBad = regrain === undefined && (triggersOn === 0 || triggersOff > 0);
  return [...target, ...(hasLog || (triggersOn === 0 && regrain === undefined) ? [] : [fails]), ...(areTriggersBad ? [uncaptured] : [])];
}

function logIsGone(schema: string, { id, table, live, regrain }: MigrationRecord): string {
  const name = formatQualifiedName(table);
  const fails = `The log ${formatQualifiedName(captureLog(schema, id))} is gone: writes of the application to ${name} fail, as its triggers write there.`;
  if (live === 'source') return `${fails} Run \`${migrateCommand('abort', table)}\`, and begin again.`;
  const where = regrain === undefined ? name : `the new partitions of ${name}`;
  return (
    `${fails} Drop the triggers ${captureTriggerPrefix(id)}* of ${where}; what they had noted is lost, and the old rows are kept no further. There is no ` +
    `way back, only \`${migrateCommand('finish --yes', table)}\`.`
  );
}

function targetIsGone(record: MigrationRecord): string {
  const table = formatQualifiedName(record.table);
  return (
    `The partitioned table that the migration of ${table} had made is gone. Run \`${migrateCommand('abort', record.table)}\`, which leaves ${table} as ` +
    'it was, and begin again.'
  );
}
