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
  const isUndone = phase === 'aborted';
  const movesRows = strategy === 'copy';
  const state = paused === null ? colours.good(phase) : colours.bad(`${phase}, paused (${paused.kind})`);
  const rows: readonly (readonly [string, string])[] = [
    ...(regrain === undefined ? [] : [['about', printable(aboutOf(regrain))] as const]),
    ['takes writes', sideText(live === 'source' ? 'old' : 'new', status)],
    ['by', movesRows ? `${strategy}, capture ${status.capture}` : `${strategy}, no row moves`],
    ...runnerRows(status),
    ...troubleRows(status, colours),
    ...(movesRows && !isUndone ? copyRows(status) : []),
    ...(status.brakes.length === 0 ? [] : [['held by', colours.doubtful(status.brakes.join(', '))] as const]),
    ...(isUndone ? [] : [['verdict', verdictText(status, colours)] as const]),
    ...(status.lastSwitch === null ? [] : [['last switch', switchText(status.lastSwitch, status)] as const]),
    ...oldTableRows(status),
    ['next', printable(status.next ?? 'nothing')],
    ...wayBackRows(status),
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
function wayBackRows({ next, phase, table }: MigrationStatus): readonly Row[] {
  if (phase !== 'switched' || next !== migrateCommand('finish --yes', table)) return [];
  return [['or back', `${printable(migrateCommand('rollback', table))}, with all writes made since; not after finish`]];
}

/** What a finish has left behind. */
function oldTableRows({ phase, kept }: MigrationStatus): readonly Row[] {
  if (phase !== 'finished') return [];
  return (kept ?? []).map(({ name, dropAfter }): Row => {
    const end = dropAfter === null ? 'kept until you drop it' : `dropped after ${formatInstant(dropAfter)}, by the daemon or apply`;
    return ['old table', printable(`${formatQualifiedName(name)}, ${end}`)];
  });
}

function sideText(which: 'old' | 'new', { regrain }: MigrationStatus): string {
  return `the ${which} ${regrain === undefined ? 'table' : 'partitions'}`;
}

function progressText(status: MigrationStatus): string {
  const { progress, rowsPerSecond, etaSeconds } = status;
  const rate = rowsPerSecond === null ? '' : `, ${scaledCount(rowsPerSecond)}/s`;
  const eta = etaSeconds === null || progress === 1 ? '' : `, done in about ${roughDuration(etaSeconds)}`;
  return `${Math.floor(progress * 100)} %, ${rowsText(status)}${rate}${eta}`;
}

function verdictText({ verdict, strategy, regrain }: MigrationStatus, colours: Colours): string {
  if (verdict === null) return 'none yet';
  const { at, rows, mismatches, differences } = verdict;
  const isGood = mismatches === 0 && differences.length === 0;
  if (strategy === 'attach') {
    const isAlike = isGood
      ? colours.good('indexes, constraints, grants and policies agree')
      : colours.bad(printable(differences.join('; ')));
    return `${isAlike} (${formatInstant(at)})`;
  }
  const found = isGood
    ? colours.good(regrain === undefined ? 'both tables are equal' : 'old and new partitions are equal')
    : colours.bad(`${mismatches} rows differ`);
  const catalog = differences.map((sentence) => `; ${printable(sentence)}`).join('');
  return `${found} (${scaledCount(rows)} rows compared, ${formatInstant(at)})${catalog}`;
}

function switchText({ at, direction, lockMs, attempts }: NonNullable<MigrationStatus['lastSwitch']>, status: MigrationStatus): string {
  const where = direction === 'forward' ? `to ${sideText('new', status)}` : `back to ${sideText('old', status)}`;
  return `${where} at ${formatInstant(at)}, locks held for ${Math.round(lockMs)} ms, attempt ${attempts}`;
}
