import type { DatabasePolicy, Safety } from '../partition/policy.ts';

/** The whole configuration after parsing: defaults filled in, every value checked, durations in milliseconds. */
export interface Configuration {
  readonly log: { readonly level: LogLevel; readonly format: 'json' | 'pretty' };
  readonly http: Listener;
  readonly admin: Listener;
  readonly schedules: Schedules;
  readonly safety: Safety;
  readonly leadership: { readonly enabled: boolean };
  readonly metrics: MetricsChoice;
  readonly journal: { readonly keepMs: number };
  readonly databases: readonly DatabasePolicy[];
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

/** What /metrics tells of single partitions, and where its numbers of rows come from. */
export interface MetricsChoice {
  readonly partitions: 'none' | 'top' | 'all';
  readonly topPerTable: number;
  readonly maxSeries: number;
  readonly rowCounts: 'estimate' | 'exact';
}

export interface Listener {
  readonly host: string;
  readonly port: number;
}

/**
 * Cron expressions (5 or 6 fields) by task, and the zone they are read in. Null switches a task off. `maxRuntimeMs` bounds neither
 * maintenance nor index nor migrate.
 */
export interface Schedules {
  readonly timezone: string;
  readonly maxRuntimeMs: number;
  readonly provision: string | null;
  readonly retention: string | null;
  readonly maintenance: string | null;
  readonly index: string | null;
  readonly migrate: string | null;
  readonly probe: string | null;
  readonly collect: string | null;
}
