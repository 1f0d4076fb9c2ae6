import type { OptionDeclaration } from './declaration.ts';

function flag(name: string, summary: string, short?: string): OptionDeclaration {
  return { name, value: null, isRepeatable: false, summary, ...(short !== undefined && { short }) };
}

function valued(name: string, value: string, summary: string): OptionDeclaration {
  return { name, value, isRepeatable: false, summary };
}

type OptionKey =
  | 'config'
  | 'database'
  | 'table'
  | 'json'
  | 'now'
  | 'sql'
  | 'exitCode'
  | 'only'
  | 'allowRemovals'
  | 'schema'
  | 'for'
  | 'probe'
  | 'last'
  | 'limit'
  | 'until'
  | 'watch'
  | 'partition'
  | 'partitions'
  | 'drainDefault'
  | 'interval'
  | 'rehearse'
  | 'yes'
  | 'dropNow'
  | 'trial'
  | 'help'
  | 'version';

/** Every option there is; a command lists those that it takes. */
export const options: Readonly<Record<OptionKey, OptionDeclaration>> = {
  config: valued('config', 'FILE', 'the configuration; else PARTITIOND_CONFIG, ./partitiond.yaml, /etc/partitiond/partitiond.yaml'),
  database: { ...valued('database', 'NAME', 'only this database of the configuration (repeatable)'), isRepeatable: true },
  table: { ...valued('table', 'NAME', 'only this table, quoted as in SQL (repeatable)'), isRepeatable: true },
  json: flag('json', 'print JSON'),
  now: valued('now', 'INSTANT', 'plan for another clock, for example 2027-01-01 or 2027-01-01T12:00:00Z'),
  sql: flag('sql', 'print runnable SQL, each statement after its locks and its reason'),
  exitCode: flag('exit-code', 'exit 1 when there are steps'),
  only: valued('only', 'TASKS', 'only steps of these tasks: provision,retention,maintenance,index (maintenance: VACUUM, ANALYZE, REINDEX)'),
  allowRemovals: valued('allow-removals', 'N', 'let this run detach or drop up to N partitions per table (else safety.maxRemovals)'),
  schema: flag('schema', "print the configuration's JSON Schema"),
  for: valued('for', 'DURATION', 'stop after this time, for example 20s or 5m'),
  probe: { ...valued('probe', 'NAME', 'only the probes of this name (repeatable)'), isRepeatable: true },
  last: flag('last', 'print what the journal keeps of the last run that was not met, and run nothing'),
  limit: valued('limit', 'N', 'print up to N statements of each database (default 20)'),
  until: valued(
    'until',
    'PHASE',
    'start: stop after the work of that phase: prepare, backfill, catch-up, index, verify, ready (default ready)',
  ),
  watch: flag('watch', 'status: print it again every 2 s, until interrupted or over'),
  partition: valued('partition', 'NAME', 'verify: only the range of that partition, which is no verdict of the whole'),
  partitions: valued(
    'partitions',
    'NAMES',
    'plan, start: split or merge these neighbouring partitions of a partitioned table, by --interval',
  ),
  interval: valued('interval', 'INTERVAL', 'plan, start: of what the partitions of --partitions become, for example "1 month"'),
  drainDefault: flag('drain-default', 'plan, start: give the rows of the default partition partitions of their own'),
  rehearse: flag('rehearse', 'switch: run every statement of it, under its real locks for that time, print what each took, roll back'),
  yes: flag('yes', 'finish: do what cannot be undone'),
  dropNow: flag('drop-now', 'finish: drop the old table at once, instead of after `keepOld`'),
  trial: valued('trial', 'N', 'plan: migrate N rows in a schema of its own, measure, and drop them again'),
  help: flag('help', 'print this help', 'h'),
  version: flag('version', 'print the version', 'V'),
};
