import type { Mutant } from './mutants.ts';

/** Mistakes in what looks rather than acts: probes, recorded statements, advice, the status. */
export const insightMutants: readonly Mutant[] = [
  {
    mistake: 'sends 1.50 as 1.5',
    file: 'src/config/reading/read-probes.ts',
    text: 'isNumber ? { ...item, value: item.decimal } : item',
    replacement: 'item',
    test: { file: 'test/unit/config/probes.test.ts', name: 'take as params a price' },
  },
  {
    mistake: 'expects a time of a query that is only planned',
    file: 'src/config/reading/read-probes.ts',
    text: 'expect.executionMs !== null && !values.analyze && ',
    replacement: 'false && ',
    test: { file: 'test/unit/config/probes.test.ts', name: 'a time to run what is only planned' },
  },
  {
    mistake: 'runs the automatic probe of tables that were not asked for',
    file: 'src/cli/databases/probe-selection.ts',
    text: '    .filter((policy) => probeNames(policy).some(isWanted))\n',
    replacement: '',
    test: {
      file: 'test/unit/cli/probe-selection.test.ts',
      name: 'are those of a name, in every table that has one, and no automatic one instead',
    },
  },
  {
    mistake: 'lets a kept report speak to the terminal',
    file: 'src/cli/output/probe-text.ts',
    text: '      .map((line) => `  ${printable(line)}`),',
    replacement: '      .map((line) => `  ${line}`),',
    test: { file: 'test/unit/cli/probe-output.test.ts', name: 'is told line by line, escaped, and whether it is still so' },
  },
  {
    mistake: 'loses the report of the last miss with the next run that was met',
    file: 'src/journal/probe-records.ts',
    text: 'last_miss_report = COALESCE(EXCLUDED.last_miss_report, p.last_miss_report)',
    replacement: 'last_miss_report = EXCLUDED.last_miss_report',
    test: {
      file: 'test/integration/probe-records.pg.test.ts',
      name: 'keep the last miss when a later run was met, and replace it by a newer one',
    },
  },
  {
    mistake: 'writes results of probes whoever leads by now',
    file: 'src/journal/probe-records.ts',
    text: 'await session.execute(guard, signal);',
    replacement: "await session.execute('SELECT 1', signal);",
    test: { file: 'test/integration/probe-records.pg.test.ts', name: 'are not written by a leader whose epoch is over' },
  },
  {
    mistake: 'exports 0 where nothing is known of a probe',
    file: 'src/telemetry/probe-gauges.ts',
    text: 'if (value === null) this.#store.remove(name, labels);',
    replacement: 'if (value === null) this.#store.set(name, labels, 0);',
    test: {
      file: 'test/unit/telemetry/probe-gauges.test.ts',
      name: 'are absent where there is no value: of a probe that failed only that, when it ran, and what it may',
    },
  },
  {
    mistake: 'owes the probes a run after a pause, in which they ran',
    file: 'src/service/tasks/task-runner.ts',
    text: 'if (isWorkTask(task)) this.#owed.add(task);',
    replacement: "if (task !== 'collect') this.#owed.add(task);",
    test: { file: 'test/integration/probe-task.pg.test.ts', name: 'runs while work is paused, and is owed nothing afterwards' },
  },
  {
    mistake: 'forgets a firing that waits for its offset',
    file: 'src/service/tasks/next-runs.ts',
    text: 'last * 1_000 + offsetMs > nowMs',
    replacement: 'last * 1_000 > nowMs',
    test: {
      file: 'test/unit/service/next-runs.test.ts',
      name: 'are those that have fired and wait for their offset, then those of the next firing',
    },
  },
  {
    mistake: 'shows probes of a namesake in another schema',
    file: 'src/reconcile/table-status.ts',
    text: 'record.table.schema === table.schema && ',
    replacement: '',
    test: {
      file: 'test/unit/reconcile/table-status.test.ts',
      name: 'come in the order of the policy, without those of other tables and those it no longer has',
    },
  },
  {
    mistake: 'takes any improvement for a season',
    file: 'src/plan/growth/find-season.ts',
    text: 'seasonal <= share * alone',
    replacement: 'seasonal <= alone / share',
    test: { file: 'test/property/plan/growth.test.ts', name: 'takes no noise for a season' },
  },
  {
    mistake: 'forecasts that retention takes what is held',
    file: 'src/plan/growth/forecast.ts',
    text: 'if (partition.to <= lastCutoff && !partition.isHeld) leaving.push(partition);',
    replacement: 'if (partition.to <= lastCutoff) leaving.push(partition);',
    test: { file: 'test/unit/plan/growth-forecast.test.ts', name: 'leaves what is held, and never takes the default partition' },
  },
  {
    mistake: 'counts the locks of the indexes of a partitioned table before 16',
    file: 'src/plan/advice/lock-advice.ts',
    text: 'settings.version >= 160_000 ? parentIndexes : 0',
    replacement: 'settings.version >= 140_000 ? parentIndexes : 0',
    test: {
      file: 'test/unit/plan/advice-locks.test.ts',
      name: 'are the table, the partitions and their indexes, those of the table itself since 16',
    },
  },
  {
    mistake: 'recommends another interval to save a few partitions',
    file: 'src/plan/advice/interval-choice.ts',
    text: 'if (chosen.width > present.width && saved <= leastSaved) return null;',
    replacement: '',
    test: { file: 'test/unit/plan/advice-interval.test.ts', name: 'stays where no more than a dozen partitions would be saved' },
  },
  {
    mistake: 'leaves a variable in the policy entry that it offers for copying',
    file: 'src/plan/advice/ordinary/copyable.ts',
    text: "() => '$${'",
    replacement: "'$${'",
    test: { file: 'test/unit/plan/advice-ordinary.test.ts', name: 'keeps control characters and variables out of what is copied' },
  },
  {
    mistake: 'says nothing of a unique key without the column',
    file: 'src/plan/advice/ordinary/blockers.ts',
    text: 'if (key.columns.includes(column)) return [];',
    replacement: 'if (key.columns.length > 1) return [];',
    test: {
      file: 'test/unit/plan/advice-ordinary.test.ts',
      name: 'is every unique key without the column, with the columns that it should have',
    },
  },
  {
    mistake: 'mixes up tables of one name in two schemas',
    file: 'src/probe/statements/column-use.ts',
    text: '!hidden.has(this.#table.name) : schemaname === this.#table.schema',
    replacement: '!hidden.has(this.#table.name) : true',
    test: { file: 'test/unit/probe/column-use.test.ts', name: 'keeps tables of one name apart by their schema' },
  },
];
