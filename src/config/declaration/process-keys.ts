import type { LogLevel } from '../configuration.ts';
import { schedule } from '../format/cron.ts';
import { duration } from '../format/duration.ts';
import { flag, port, wholeNumber } from '../format/number.ts';
import { host, oneOf } from '../format/text.ts';
import { timezone } from '../format/timezone.ts';
import { defaulted, type Key, type Section, section } from './key.ts';

/** What holds for the whole process. Every key here is also an environment variable, see environment-name.ts. */
export type ProcessKeys = {
  readonly log: Section<{ readonly level: Key<LogLevel>; readonly format: Key<'json' | 'pretty'> }>;
  readonly http: Section<ListenerKeys>;
  readonly admin: Section<ListenerKeys>;
  readonly schedules: Section<ScheduleKeys>;
  readonly safety: Section<SafetyKeys>;
  readonly leadership: Section<{ readonly enabled: Key<boolean> }>;
  readonly metrics: Section<MetricsKeys>;
  readonly journal: Section<{ readonly keep: Key<number> }>;
};

type ListenerKeys = { readonly host: Key<string>; readonly port: Key<number> };

type ScheduleKeys = { readonly timezone: Key<string>; readonly maxRuntime: Key<number> } & {
  readonly [task in 'provision' | 'retention' | 'maintenance' | 'index' | 'migrate' | 'probe' | 'collect']: Key<string | null>;
};

type SafetyKeys = {
  readonly lockTimeout: Key<number>;
  readonly lockBudget: Key<number>;
  readonly statementTimeout: Key<number>;
  readonly maxRemovals: Key<number>;
  readonly maxClockSkew: Key<number>;
};

type MetricsKeys = {
  readonly partitions: Key<'none' | 'top' | 'all'>;
  readonly topPerTable: Key<number>;
  readonly maxSeries: Key<number>;
  readonly rowCounts: Key<'estimate' | 'exact'>;
};

/** PostgreSQL and timers count milliseconds in 32 bits; 24 days stay below that. */
const longest = '24 days';

export const processKeys: ProcessKeys = {
  log: section('What partitiond writes to stderr.', {
    level: defaulted(oneOf('error', 'warn', 'info', 'debug'), 'info', 'The least important messages that are still written.'),
    format: defaulted(oneOf('json', 'pretty'), 'json', 'One JSON object a line, or coloured lines for people.'),
  }),
  http: section(
    'The listener for /metrics, /livez, /readyz, /api/v1/status, /api/v1/partitions and the page at / that links them; docs/openapi.yaml has the ' +
      'answers. A reload does not move it.',
    {
      host: defaulted(host, '0.0.0.0', 'The address to listen on.'),
      port: defaulted(port, 9788, 'The port to listen on; 0 takes any free one.'),
    },
  ),
  admin: section(
    'The listener for orders: POST /-/run, /-/reload, /-/pause and /-/resume, GET or POST /-/drain. It answers callers on this machine, and ' +
      'others only for /-/drain. A reload does not move it.',
    {
      host: defaulted(
        host,
        '127.0.0.1',
        'The address to listen on; in a pod 0.0.0.0, so that its preStop hook can ask for /-/drain. Other orders are still taken from this machine only.',
      ),
      port: defaulted(port, 9789, 'The port to listen on; 0 takes any free one.'),
    },
  ),
  schedules: section(
    'When the daemon runs its tasks, as cron expressions. Each task also runs once at start, in this order; `false` switches it off.',
    {
      timezone: defaulted(timezone, 'UTC', 'The zone in which the expressions are read.'),
      maxRuntime: defaulted(
        duration('1s', longest),
        '1h',
        'The longest that one run of a task may take; then it is aborted and counts as failed. It does not bound `maintenance` and `index`, which may well take hours: their `window` does.',
      ),
      provision: defaulted(schedule, '*/10 * * * *', 'Makes partitions ahead of time.'),
      retention: defaulted(schedule, '7 * * * *', 'Detaches and drops partitions that have left their retention.'),
      maintenance: defaulted(
        schedule,
        '*/15 * * * *',
        'Vacuums, analyses, freezes and reindexes what is due by `maintenance` of its table.',
      ),
      index: defaulted(
        schedule,
        '*/15 * * * *',
        'Builds the `indexes` of each table on partitions that lack them, and finishes or removes interrupted builds.',
      ),
      migrate: defaulted(
        schedule,
        '* * * * *',
        'Goes on with unfinished migrations that nobody runs (`runner: any`), and keeps both tables in sync until they are finished.',
      ),
      probe: defaulted(schedule, '*/5 * * * *', 'Plans the `probes` of each table, and asks which recorded statements do not prune.'),
      collect: defaulted(schedule, '* * * * *', 'Reads the figures behind /metrics.'),
    },
  ),
  safety: section('Limits that no table can loosen.', {
    lockTimeout: defaulted(
      duration('10ms', '1s'),
      '100ms',
      'The longest that one attempt waits for a lock, and so the longest that others queue behind it.',
    ),
    lockBudget: defaulted(duration('100ms', longest), '5m', 'All attempts of one step together; then it is left to the next run.'),
    statementTimeout: defaulted(duration('100ms', longest), '30s', 'The longest that one query of the catalog may take.'),
    maxRemovals: defaulted(
      wholeNumber(0, 1_000_000),
      10,
      'Partitions that one run may detach or drop, per table; when more are due, none is removed until `apply --allow-removals`.',
    ),
    maxClockSkew: defaulted(
      duration('1s', '1 day'),
      '5m',
      "Between the database's clock and this machine's; beyond it nothing is removed.",
    ),
  }),
  leadership: section('One instance leads per database, the others stand by.', {
    enabled: defaulted(
      flag,
      true,
      'false: this instance neither waits for others nor keeps them out; only where there is never a second one.',
    ),
  }),
  metrics: section('How much /metrics tells about single partitions.', {
    partitions: defaulted(
      oneOf('none', 'top', 'all'),
      'top',
      'Series for no partition, for some of each table (the current, next, default and held ones, then the largest), or for all where a process has at most 5,000, else as `top`.',
    ),
    topPerTable: defaulted(
      wholeNumber(0, 100_000),
      20,
      'With `partitions: top`, how many of each table; up to half as many again stay while their rank goes up and down.',
    ),
    maxSeries: defaulted(
      wholeNumber(1, 10_000_000),
      50_000,
      'Series of /metrics in all: beyond it, and beyond 2,000 partitions of a process (5,000 with `partitions: all`), series of single partitions are left out first and counted in `partitiond_metrics_dropped_series_total`.',
    ),
    rowCounts: defaulted(
      oneOf('estimate', 'exact'),
      'estimate',
      "Rows as PostgreSQL's statistics estimate them, or counted: a closed partition once, and again only after it has changed.",
    ),
  }),
  journal: section('The history in the managed database.', {
    keep: defaulted(duration('1 day', '36500 days'), '90 days', 'Age at which the history of operations and runs is trimmed.'),
  }),
};
