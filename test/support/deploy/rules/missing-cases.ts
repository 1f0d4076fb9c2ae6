import { branchesOfOr } from '../promql.ts';
import { type AlertRule, metricsBehind, type Rule } from './rules-file.ts';

/** A test of promtool, as far as it is counted. */
export interface CountedCase {
  /** `severity: what` or `severity, branch: what`. */
  readonly name: string;
  readonly input_series: readonly { readonly series: string }[];
  readonly alert_rule_test?: readonly { readonly exp_alerts: readonly unknown[] }[];
}

type Expectation = 'fires' | 'stays quiet' | 'either';

/** What each alert must be tried with beside the cases of all, by words in the names of its cases. */
const ownCases: Readonly<Record<string, readonly string[]>> = {
  PartitiondDown: ['no `up` at all'],
  PartitiondTaskStale: ['quiet without', 'a pause', 'switched off'],
  PartitiondSnapshotStale: ['quiet without'],
  PartitiondConfigDrift: ['two releases in one namespace'],
  PartitionRunwayLow: ['quiet without', 'time keys: premake 1 at roll-over', 'integer keys: premake 1 at roll-over'],
  PartitionRunwayExhausted: ['quiet without', 'time keys: premake 1 at roll-over', 'integer keys: premake 1 at roll-over'],
  PartitionRetentionLag: ['quiet without', 'a held partition'],
  PartitionFreezeAgeHigh: ['both tiers'],
  PartitiondRemovalRefused: ['born at 0', 'restored at 7'],
};

/** What lacks a case of one rule, in words; empty when nothing does. `leaderMetrics`: those that only a leader exports. */
export function missingCases(
  rule: AlertRule,
  cases: readonly CountedCase[],
  { rules, leaderMetrics }: { readonly rules: readonly Rule[]; readonly leaderMetrics: ReadonlySet<string> },
): readonly string[] {
  const severity = rule.labels['severity'] ?? '';
  const branches = branchesOfOr(rule.expr);
  const prefixes = [...new Set(cases.map(({ name }) => prefixOf(name)))].filter((prefix) => prefix.split(', ')[0] === severity);
  const complete: string[] = [];
  const missing: string[] = [];
  for (const prefix of prefixes.filter((one) => cases.some(({ name }) => name.startsWith(`${one}: fires`)))) {
    const own = cases.filter(({ name }) => prefixOf(name) === prefix);
    const isOfLeader = own.some((one) => metricsOf(one).some((metric) => leaderMetrics.has(metric)));
    const lacks = wanted(rule, isOfLeader).filter(([what, expectation]) => !own.some((one) => isCase(one, prefix, what, expectation)));
    if (lacks.length === 0) complete.push(prefix);
    for (const [what, expectation] of lacks) missing.push(`${rule.alert} ${prefix}: no case "${what}" that ${expectation}`);
  }
  if (complete.length < branches.length)
    missing.push(`${rule.alert} ${severity} can fire in ${branches.length} ways, and ${complete.length} of them have all cases`);
  for (const branch of branches) {
    const others = branches.filter((one) => one !== branch).flatMap((one) => [...metricsBehind(one, rules)]);
    const telling = [...metricsBehind(branch, rules)].filter((metric) => !others.includes(metric));
    const firing = cases.filter(({ name }) => complete.some((prefix) => name.startsWith(`${prefix}: fires`))).flatMap(metricsOf);
    if (telling.length > 0 && !telling.some((metric) => firing.includes(metric)))
      missing.push(`${rule.alert} ${severity}: nothing fires by ${telling.join(', ')}`);
  }
  for (const words of ownCases[rule.alert] ?? [])
    if (!cases.some(({ name }) => name.includes(words))) missing.push(`${rule.alert}: no case "${words}"`);
  return missing;
}

function wanted(rule: AlertRule, isOfLeader: boolean): readonly (readonly [string, Expectation])[] {
  return [
    ['fires', 'fires'],
    ['quiet', 'stays quiet'],
    ...(rule.for === undefined ? [] : [['one evaluation before it has lasted', 'stays quiet'] as const]),
    ['leader moves', 'either'],
    ...(isOfLeader ? [['two pods export at once', 'fires'] as const] : []),
    ['without the label cluster', 'fires'],
    ['of two clusters only the one concerned', 'fires'],
  ];
}

function isCase(one: CountedCase, prefix: string, what: string, expectation: Expectation): boolean {
  if (!one.name.startsWith(`${prefix}: ${what}`)) return false;
  const checks = one.alert_rule_test ?? [];
  const isFiring = checks.some(({ exp_alerts }) => exp_alerts.length > 0);
  return checks.length > 0 && (expectation === 'either' || isFiring === (expectation === 'fires'));
}

function prefixOf(name: string): string {
  return name.split(': ')[0] ?? name;
}

function metricsOf({ input_series }: CountedCase): readonly string[] {
  return input_series.map(({ series }) => series.split('{')[0] ?? series);
}
