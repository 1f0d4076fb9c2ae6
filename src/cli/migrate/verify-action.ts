import { MigrationError, UsageError } from '../../errors.ts';
import type { StoredMigration } from '../../journal/migration/records.ts';
import { isUnfinished } from '../../migrate/run/begin-migration.ts';
import { runsFrom, verifyNow } from '../../migrate/run/run-migration.ts';
import { verify } from '../../migrate/verify/verify.ts';
import { formatQualifiedName, parseQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { options } from '../command-line/options.ts';
import { scaledCount } from '../output/migration-line.ts';
import { printJson } from '../output/print-json.ts';
import { type MigrationWork, storedMigration, withEngine, withSession } from './migration-work.ts';
import { printStatus } from './status-action.ts';

/** `migrate verify`: a full pass now, or one over the range of a partition. Exits 4 when anything differs. */
export async function runVerifyAction(work: MigrationWork): Promise<number> {
  const { invocation, io } = work;
  const partition = partitionAsked(work);
  const record = await withSession(work, (session) => storedMigration(work, session));
  if (!runsFrom(record.phase, 'verify')) throw nothingToVerify(record);
  if (partition === null) {
    await withEngine(work, record.id, (running) => verifyNow(running, io.signal));
    await printStatus(work);
    return 0;
  }
  const verdict = await withEngine(work, record.id, ({ engine }) => verify(engine, partition, io.signal));
  const { rows, mismatches } = verdict;
  if (invocation.has(options.json)) printJson(io.stdout, { partition: formatQualifiedName(partition), rows, mismatches });
  else io.stdout.write(`${formatQualifiedName(partition)}: ${scaledCount(rows)} rows compared, ${mismatches} differ.\n`);
  return mismatches === 0 ? 0 : 4;
}

function nothingToVerify(record: StoredMigration): MigrationError {
  const why = isUnfinished(record)
    ? `there is nothing to verify yet; \`${migrateCommand('start', record.table)}\` goes on with it`
    : 'it is over';
  return new MigrationError('PD601', `The migration of ${formatQualifiedName(record.table)} is in phase ${record.phase}: ${why}.`);
}

function partitionAsked({ invocation, policy }: MigrationWork): QualifiedName | null {
  const text = invocation.value(options.partition);
  if (text === null) return null;
  try {
    // Partitions live beside their table.
    return parseQualifiedName(text.includes('.') ? text : `${formatQualifiedName({ ...policy.table, name: 'x' }).slice(0, -1)}${text}`);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError('PD003', `--partition ${JSON.stringify(text)}: ${problem}`, { cause });
  }
}
