import { formatInstant } from '../../partition/calendar.ts';
import type { MigrationStatus } from '../../partition/migration/status.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { formatBytes } from '../../plan/maintenance/quantities.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { aboutOf } from '../../plan/migration/regrain/plan-regrain.ts';
import type { Colours } from './colours.ts';
import { roughDuration, rowsText, scaledCount } from './migration-line.ts';
import { printable } from './printable.ts';

/** A migration as `migrate status` prints it: one line of where it is, then what is worth knowing, each with its word in front. */
export function migrationText(status: MigrationStatus, colours: Colours): string {
  const { phase, live, strategy, paused, regrain } = status;
  const movesRows = strategy === 'copy';
  const state = paused === null ? colours.good(phase) : colours.bad(`${phase}, paused (${paused.kind})`);
  const rows: readonly (readonly [string, string])[] = [
    ...(regrain === undefined ? [] : [['about', printable(aboutOf(regrain))] as const]),
    ['takes writes', `the ${live === 'source' ? 'old' : 'new'} ${regrain === undefined ? 'table' : 'partitions'}`],
    ['by', movesRows ? `${strategy}, capture ${status.capture}` : `${strategy}, no row moves`],
    ...runnerRows(status),
    ...troubleRows(status, colours),
    ...(movesRows ? copyRows(status) : []),
    ...(status.brakes.length === 0 ? [] : [['held by', colours.doubtful(status.brakes.join(', '))] as const]),
    ['verdict', verdictText(status, colours)],
    ...(status.lastSwitch === null ? [] : [['last switch', switchText(status.lastSwitch)] as const]),
    ['next', printable(nextText(status))],
  ];
  const width = Math.max(...rows.map(([word]) => word.length));
  const lines = rows.map(([word, text]) => `  ${word.padEnd(width)}  ${text}`);
  return `${colours.strong(printable(formatQualifiedName(status.table)))}: ${state}\n${lines.join('\n')}\n`;
}

type Row = readonly [string, string];

function troubleRows({ paused, problems }: MigrationStatus, colours: Colours): readonly Row[] {
  const rows: readonly Row[] = paused === null ? [] : [['because', paused.reason]];
  return [...rows, ...(problems ?? []).map((problem): Row => ['problem', problem])].map(([word, text]) => [
    word,
    colours.bad(printable(text)),
  ]);
}

function copyRows(status: MigrationStatus): readonly Row[] {
  return [
    ['progress', progressText(status)],
    ['backlog', `${scaledCount(status.backlogRows)} rows, ${formatBytes(status.logBytes)}`],
  ];
}

function runnerRows({ phase, runBy }: MigrationStatus): readonly Row[] {
  if (phase === 'finished' || phase === 'aborted') return [];
  return [['run by', runBy === null ? 'nobody right now' : printable(runBy)]];
}

/** After a switch nobody has to hurry, and may go back. */
function nextText({ next, phase, table }: MigrationStatus): string {
  if (next === null) return 'nothing';
  const finish = migrateCommand('finish --yes', table);
  if (phase !== 'switched' || next !== finish) return next;
  return `${finish} once nobody wants back (until then: ${migrateCommand('rollback', table)})`;
}

function progressText(status: MigrationStatus): string {
  const { progress, rowsPerSecond, etaSeconds } = status;
  const rate = rowsPerSecond === null ? '' : `, ${scaledCount(rowsPerSecond)}/s`;
  const eta = etaSeconds === null || progress === 1 ? '' : `, done in about ${roughDuration(etaSeconds)}`;
  return `${Math.floor(progress * 100)} %, ${rowsText(status)}${rate}${eta}`;
}

function verdictText({ verdict, strategy }: MigrationStatus, colours: Colours): string {
  if (verdict === null) return 'none yet';
  const { at, rows, mismatches, differences } = verdict;
  const isGood = mismatches === 0 && differences.length === 0;
  if (strategy === 'attach') {
    const isAlike = isGood
      ? colours.good('indexes, constraints, grants and policies agree')
      : colours.bad(printable(differences.join('; ')));
    return `${isAlike} (${formatInstant(at)})`;
  }
  const found = isGood ? colours.good('both tables are equal') : colours.bad(`${mismatches} rows differ`);
  const catalog = differences.map((sentence) => `; ${printable(sentence)}`).join('');
  return `${found} (${scaledCount(rows)} rows compared, ${formatInstant(at)})${catalog}`;
}

function switchText({ at, direction, lockMs, attempts }: NonNullable<MigrationStatus['lastSwitch']>): string {
  const where = direction === 'forward' ? 'to the new table' : 'back to the old table';
  return `${where} at ${formatInstant(at)}, locks held for ${Math.round(lockMs)} ms, attempt ${attempts}`;
}
