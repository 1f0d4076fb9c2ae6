import { nearestWord } from '../../config/document/nearest-word.ts';
import { UsageError } from '../../errors.ts';
import type { Command, OptionDeclaration } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { type MigrationWork, migrationWork } from '../migrate/migration-work.ts';
import { runPlanAction } from '../migrate/plan-action.ts';
import { runStartAction } from '../migrate/start-action.ts';
import { runStatusAction } from '../migrate/status-action.ts';
import { runAbortAction, runFinishAction, runRollbackAction, runSwitchAction } from '../migrate/switch-actions.ts';
import { runVerifyAction } from '../migrate/verify-action.ts';
import type { Io } from '../output/io.ts';

const { config, database, table, json, until, watch, partition, partitions, interval, drainDefault, rehearse, yes, dropNow, trial } =
  options;

interface Action {
  readonly name: string;
  /** For the help: what it does, and what it may be repeated for. */
  readonly does: string;
  /** Besides --config, --database, --table and --json. */
  readonly options: readonly OptionDeclaration[];
  readonly run: (work: MigrationWork) => Promise<number>;
}

const actions: readonly Action[] = [
  {
    name: 'plan',
    does: 'what would be done, with locks, disk and time, and all that stands in the way; changes nothing (--trial)',
    options: [trial, partitions, interval, drainDefault],
    run: runPlanAction,
  },
  {
    name: 'start',
    does: 'goes on from wherever the migration is until it is ready; the same again after anything (--until)',
    options: [until, partitions, interval, drainDefault],
    run: runStartAction,
  },
  {
    name: 'status',
    does: 'phase, progress, backlog, verdict and the next command to type (--watch)',
    options: [watch],
    run: runStatusAction,
  },
  {
    name: 'verify',
    does: 'compares both tables now, row by row; also after a switch or a rollback (--partition)',
    options: [partition],
    run: runVerifyAction,
  },
  {
    name: 'switch',
    does: 'makes the partitioned table live under locks of less than half a second (--rehearse)',
    options: [rehearse],
    run: runSwitchAction,
  },
  { name: 'rollback', does: 'makes the old table live again, with all writes made since the switch', options: [], run: runRollbackAction },
  {
    name: 'finish',
    does: 'ends the synchronisation and dates the drop of the old table (--yes, --drop-now)',
    options: [yes, dropNow],
    run: runFinishAction,
  },
  { name: 'abort', does: 'before the switch: takes away all that was made; the table is as it was', options: [], run: runAbortAction },
];

const width = Math.max(...actions.map(({ name }) => name.length));

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'make an ordinary table a partitioned one, while it is in use',
  description:
    'Copies the table that --table names into a partitioned one beside it, keeps both in sync by triggers, verifies, and lets them change places\n' +
    'when told to; back again as well. What it shall become stands in the entry of the table, with a block `migration`. ACTION is one of\n\n' +
    `${actions.map(({ name, does }) => `  ${name.padEnd(width)}  ${does}`).join('\n')}\n\n` +
    'One process at a time works on a migration. Interrupted, it stops within 25 s where the next one goes on.\n' +
    'Results go to stdout; what is done is logged on stderr, or shown there in one line on a terminal (--json changes stdout alone).',
  operand: 'ACTION',
  options: [config, database, table, json, partitions, interval, drainDefault, trial, until, watch, partition, rehearse, yes, dropNow],
  examples: [
    { command: 'partitiond migrate plan --table public.revenues', does: 'read this before anything else' },
    {
      command: 'partitiond migrate plan --table public.revenues --trial 100000',
      does: 'the same, with time and disk as measured on so many rows',
    },
    { command: 'partitiond migrate start --table public.revenues', does: 'copy, index and verify, up to where it can be switched' },
    { command: 'partitiond migrate status --table public.revenues --watch', does: 'look at it from another terminal' },
    {
      command: 'partitiond migrate switch --table public.revenues --rehearse',
      does: 'all statements of the switch with what each takes, rolled back; the application waits for its locks as in the switch itself',
    },
    { command: 'partitiond migrate switch --table public.revenues', does: 'from now on the partitioned table takes the writes' },
    {
      command: 'partitiond migrate start --table public.revenues --partitions revenues_2024 --interval "1 month"',
      does: 'split a partition of a partitioned table; several that are merged stand with commas in between',
    },
    {
      command: 'partitiond migrate start --table public.revenues --drain-default',
      does: 'empty a default partition that holds too many rows for an ordinary step',
    },
    { command: 'partitiond migrate finish --table public.revenues --yes', does: 'when nobody will want to go back' },
  ],
  exits: [
    '0 the phase was reached, or printed',
    '3 the database could not be reached',
    '4 refused, failed, paused, or interrupted; `start` goes on',
    '5 another process runs this migration',
  ],
  run: runMigrate,
};

async function runMigrate(invocation: Invocation, io: Io): Promise<number> {
  const action = chosenAction(invocation.operands[0]);
  for (const option of [partitions, interval, drainDefault, trial, until, watch, partition, rehearse, yes, dropNow]) {
    if (invocation.has(option) && !action.options.includes(option)) {
      const whose = actions.filter((other) => other.options.includes(option)).map(({ name }) => name);
      throw new UsageError('PD002', `partitiond migrate ${action.name} has no option --${option.name}; ${whose.join(' and ')} has it.`);
    }
  }
  return await action.run(migrationWork(invocation, io));
}

function chosenAction(word: string | undefined): Action {
  const names = actions.map(({ name }) => name);
  const action = actions.find(({ name }) => name === word);
  if (action !== undefined) return action;
  if (word === undefined) throw new UsageError('PD001', `partitiond migrate needs an action: ${names.join(', ')}.`);
  const nearest = nearestWord(word, names);
  const hint = nearest === null ? `there are ${names.join(', ')}.` : `did you mean ${nearest}?`;
  throw new UsageError('PD001', `partitiond migrate has no action ${JSON.stringify(word)}; ${hint}`);
}
