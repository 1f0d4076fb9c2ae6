import type { ListedMetric } from '../../scripts/docs-metrics.ts';

/** Labels that Prometheus, the operator or a histogram sets, and those whose sum has no meaning. */
const foreignLabels = new Set(['job', 'instance', 'namespace', 'pod', 'container', 'service', 'endpoint', 'le', 'quantile']);

/** What a number is counted in; base units only, at the end of the name, before `_total`. */
const units = ['seconds', 'bytes', 'ratio', 'transactions'];
const unitsThatAreNot =
  /_(milliseconds|ms|millis|microseconds|us|minutes|hours|days|kilobytes|kb|mb|megabytes|bits|percent|percentage)(_|$)/;

const rules: readonly (readonly [fault: string, isBroken: (metric: ListedMetric) => boolean])[] = [
  ['is not snake case with the prefix', ({ name }) => !/^partitiond_[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)],
  ['ends in _total exactly when it is a counter', ({ name, type }) => name.endsWith('_total') !== (type === 'counter')],
  ['ends in what a histogram or a summary adds', ({ name }) => /_(count|sum|bucket)$/.test(name)],
  ['names its type', ({ name }) => /_(gauge|counter|histogram|summary)(_|$)/.test(name)],
  ['has a unit that is no base unit', ({ name }) => unitsThatAreNot.test(name)],
  ['has its unit in the middle', ({ name }) => new RegExp(`_(${units.join('|')})_(?!total$|per_second$)`).test(name)],
  [
    'has labels that others set, or in no snake case',
    ({ labels }) => labels.some((label) => foreignLabels.has(label) || !/^[a-z][a-z0-9_]*$/.test(label)),
  ],
  ['has a help that is no sentence with a full stop', ({ help }) => !/^[A-Za-z0-9`][^\n]*\.$/.test(help)],
  ['has a help that does not name the unit', ({ name, help }) => !namesUnit(name, help)],
];

/**
 * What is wrong with a family by the rules of Prometheus and of observability.md, as sentences; empty when nothing is.
 * Source: prometheus.io/docs/practices/naming, and the checks of `promtool check metrics`.
 */
export function findNamingFaults(metric: ListedMetric): readonly string[] {
  return rules.flatMap(([fault, isBroken]) => (isBroken(metric) ? [`${metric.name} ${fault}`] : []));
}

function namesUnit(name: string, help: string): boolean {
  const unit = units.find((one) => name.replace(/_total$/, '').endsWith(`_${one}`));
  return unit === undefined || unit === 'ratio' || help.includes(unit) || (unit === 'transactions' && help.includes('multixact ids'));
}
