import { readMigration } from '../../journal/migration/records.ts';
import type { Verdict } from '../../partition/migration/status.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { parseCapture } from '../capture/live-capture.ts';
import type { Engine } from '../engine.ts';
import { catchUp } from '../replay/catch-up.ts';
import { proveCapture } from '../run/check-definition.ts';
import { pauseMigration } from '../run/pause-migration.ts';
import { saveMigration } from '../save.ts';
import { verify } from './verify.ts';

/**
 * A full verification that pauses the migration when anything differs (`MigrationError` PD602), and is kept otherwise; with nothing to be found any
 * more, the pause for what was found before ends.
 */
export async function verifyWhole(engine: Engine, signal: AbortSignal): Promise<void> {
  await catchUp(engine, signal);
  const verdict = await verify(engine, null, signal);
  if (engine.record.verdict?.at !== verdict.at) await saveMigration(engine, { verdict }, signal);
  const { fingerprint } = await readMigration(engine.session, engine.surroundings.journalSchema, engine.id, signal);
  const problem = problemOf(engine, verdict, parseCapture(fingerprint)?.isUnproven === true);
  if (problem !== null) await pauseMigration(engine, 'mismatch', problem, signal);
  await proveCapture(engine, signal);
  if (engine.record.paused?.kind === 'mismatch') await saveMigration(engine, { paused: null }, signal);
}

/** What differs, and what to do: after a switch first the way back, then the repair. */
function problemOf({ spec, surroundings }: Engine, { mismatches, differences, live }: Verdict, isCaptureUnproven: boolean): string | null {
  if (mismatches === 0 && differences.length === 0) return null;
  const keys = `${surroundings.journalSchema}.migration_mismatch`;
  const rows = mismatches === 0 ? [] : [`${mismatches} rows differ between the two tables, by key in ${keys}`];
  const column = quoteIdentifier(spec.partitionKey.name);
  const repair =
    mismatches === 0
      ? 'Make both tables alike again'
      : `Write these rows again on ${formatQualifiedName(spec.table)} (UPDATE ... SET ${column} = ${column}; a row that is only on the other side: INSERT it, ` +
        'then DELETE it), which makes replay bring them over';
  const back = isCaptureUnproven
    ? 'Triggers of partitiond were off in between, or a partition was taken away: until both tables are equal, no rollback is made, as it would lose rows. ' +
      'Attach a partition again that was taken away; where its rows shall be gone, make it anew, INSERT them from the old table and DELETE them. '
    : `\`${migrateCommand('rollback', spec.table)}\` makes the old table live again. `;
  const wayOut =
    live === 'target'
      ? `${back}Find out who wrote past the triggers or to the table that follows. `
      : 'Find out who wrote to the table that follows or turned triggers off. ';
  const otherwise = live === 'target' ? '' : `, or give up with \`${migrateCommand('abort', spec.table)}\``;
  return (
    `${[...rows, ...differences].join('; ')}. ${wayOut}${repair}, then run \`${migrateCommand('verify', spec.table)}\` or \`${migrateCommand('start', spec.table)}\`, ` +
    `which verifies anew${otherwise}.`
  );
}
