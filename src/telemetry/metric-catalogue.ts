import { leaderFamilies } from './catalogue/leader-families.ts';
import { migrationFamilies } from './catalogue/migration-families.ts';
import { probeFamilies } from './catalogue/probe-families.ts';
import { processFamilies } from './catalogue/process-families.ts';
import { partitionFamilies, tableEventFamilies, tableFamilies } from './catalogue/table-families.ts';
import type { FamilyDrafts, MetricDeclaration } from './metric-declaration.ts';

/** Upper bounds in seconds. Nothing may match an integer `le`: OpenMetrics prints 5 as 5.0. */
const buckets: Readonly<Record<'task' | 'lock', readonly number[]>> = {
  task: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400],
  lock: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
};

/**
 * Every metric family that partitiond exports, but for the process_* and nodejs_* defaults of prom-client. Names, labels and help texts are
 * written in catalogue/ alone: the exposition, deploy/metrics.json and docs/metrics.md are made from it.
 * Rules (observability.md, section 1): base units, `_total` on counters only, timestamps rather than ages, label values are the contract's
 * words, and a sum or an average over the labels of a family makes sense.
 * Source: prometheus.io/docs/practices/naming, prometheus.io/docs/practices/instrumentation.
 */
export const metricCatalogue: ReadonlyMap<MetricName, MetricDeclaration> = new Map([
  ...declare(processFamilies, 'process', 'events'),
  ...declare(leaderFamilies, 'leader', 'events'),
  ...declare(tableEventFamilies, 'table', 'events'),
  ...declare(probeFamilies, 'table', 'events'),
  ...declare(migrationFamilies, 'table', 'events'),
  ...declare(tableFamilies, 'table', 'snapshot'),
  ...declare(partitionFamilies, 'table', 'snapshot'),
]);

export type SnapshotName = keyof typeof tableFamilies | PartitionFamily;
export type PartitionFamily = keyof typeof partitionFamilies;
export type EventName =
  | keyof typeof processFamilies
  | keyof typeof leaderFamilies
  | keyof typeof tableEventFamilies
  | keyof typeof probeFamilies
  | keyof typeof migrationFamilies;
export type MetricName = SnapshotName | EventName;

/** In front of every name on the wire. */
export const metricPrefix = 'partitiond_';

function declare<Name extends MetricName>(
  families: FamilyDrafts<Name>,
  scope: MetricDeclaration['scope'],
  source: MetricDeclaration['source'],
): readonly [MetricName, MetricDeclaration][] {
  const names = Object.keys(families).filter((name): name is Name => name in families);
  return names.map((name): [MetricName, MetricDeclaration] => {
    const [type, labels, help, bounds] = families[name];
    return [name, { type, labels, help, scope, source, ...(bounds === undefined ? {} : { buckets: buckets[bounds] }) }];
  });
}
