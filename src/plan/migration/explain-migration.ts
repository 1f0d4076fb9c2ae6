import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { formatBytes } from '../maintenance/quantities.ts';
import { countOf } from '../wording.ts';
import type { MigrationPlan, MigrationStep, Refusal } from './migration-plan.ts';

/**
 * A plan for a terminal, one line each and without colours: what it comes to, what has to be done first, what is accepted, the steps with their
 * locks and the way back, then what else is worth knowing. Pure; the words are for people and may change, `--json` is for programs.
 */
export function explainMigration(plan: MigrationPlan): readonly string[] {
  const { table, refusals, waived, notes, steps, hash } = plan;
  const name = formatQualifiedName(table);
  return [
    `${name}: ${heading(plan)}`,
    ...(steps.length === 0 ? [] : ['', ...outline(plan)]),
    ...section(
      'Refused, until this is done:',
      refusals.flatMap((refusal) => explainRefusal(refusal, name)),
    ),
    ...section(
      'Accepted by migration.waive:',
      waived.map(({ waiver, subject, consequence }) => `  - ${waiver}, for ${subject}: ${consequence}`),
    ),
    ...section('Steps:', steps.flatMap(explainStep)),
    ...section(
      'Notes:',
      notes.map((note) => `  - ${note}`),
    ),
    '',
    refusals.length === 0 ? `Plan ${hash}. ${nextCommand(plan, name)}` : nextCommand(plan, name),
  ];
}

function heading({ refusals, steps, strategy, request }: MigrationPlan): string {
  const what =
    request === undefined
      ? 'be migrated'
      : `have its ${request === '--drain-default' ? 'default partition drained' : 'partitions re-grained'}`;
  if (refusals.length > 0) return `cannot ${what} yet, ${countOf(refusals.length, 'refusal')}`;
  if (request !== undefined) return `can ${what}, in ${countOf(steps.length, 'step')}`;
  return `can be migrated by ${strategy}, in ${countOf(steps.length, 'step')}`;
}

/** What it comes to, in two columns. */
function outline({ strategy, partitions, diskBytes, walBytes, estimatedSeconds, request }: MigrationPlan): readonly string[] {
  const ways = {
    copy: 'copy: a partitioned table is filled beside it',
    attach: 'attach: the table becomes the first partition, no row moves',
  };
  const rows: readonly (readonly [string, string])[] = [
    ['strategy', request === undefined ? ways[strategy] : 'copy: new partitions are filled beside the table, then they change places'],
    [
      'partitions',
      partitions === null ? 'unknown' : `${countOf(partitions.count, 'partition')} from ${partitions.first} to ${partitions.last}`,
    ],
    [
      'disk',
      diskBytes === 0
        ? 'nothing to speak of'
        : `about ${formatBytes(diskBytes)} more until the old ${request === undefined ? 'table is' : 'partitions are'} dropped`,
    ],
    ['WAL', walBytes === 0 ? 'nothing to speak of' : `about ${formatBytes(walBytes)}`],
    ['time', estimatedSeconds === null ? 'unknown' : `about ${formatSeconds(estimatedSeconds)} of work; windows and brakes come on top`],
  ];
  return rows.map(([label, text]) => `  ${label.padEnd(12)}${text}`);
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

/** What a message does not name by itself is named before it; the table goes without saying in many. */
function explainRefusal({ subject, message, waiver, consequence }: Refusal, table: string): readonly string[] {
  const told = subject === table || !message.includes(subject) ? `${subject}: ${message}` : message;
  return [`  - ${told}`, ...(waiver === null ? [] : [`    To accept it: migration.waive: [${waiver}]. ${consequence}`])];
}

const durations: Readonly<Record<MigrationStep['duration'], string>> = {
  none: '',
  brief: 'briefly, giving way to others: ',
  switch: 'all at once, for less than migration.switch.maxLock: ',
  long: 'for as long as it takes: ',
};

function explainStep({ number, title, locks, duration, undo }: MigrationStep): readonly string[] {
  const held = locks.length === 0 ? 'none' : durations[duration] + modes(locks);
  return [`  ${String(number).padStart(2)}  ${title}`, `      locks  ${held}`, `      undo   ${undo}`];
}

/** Relations by mode, in their order: `AccessShareLock on public.a, public.b; ShareLock on public.c`. */
function modes(locks: MigrationStep['locks']): string {
  const byMode = new Map<string, string[]>();
  for (const { relation, mode } of locks) byMode.set(mode, [...(byMode.get(mode) ?? []), relation]);
  return [...byMode].map(([mode, relations]) => `${mode} on ${relations.join(', ')}`).join('; ');
}

function nextCommand({ refusals, request }: MigrationPlan, name: string): string {
  const rest = request === undefined ? name : `${name} ${request}`;
  if (refusals.length === 0) return `Nothing was changed. Next: partitiond migrate start --table ${rest}`;
  return `Nothing was changed. Next: what is refused above, then partitiond migrate plan --table ${rest}`;
}

/** `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
