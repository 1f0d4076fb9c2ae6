import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { readPromql } from '../promql.ts';

export const rulesPath = 'deploy/prometheus/partitiond.rules.yaml';
export const testsFolder = 'deploy/prometheus/tests';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export type Rule = AlertRule | RecordingRule;

/** The rules in the order of the file, which has one group. */
export function readRules(): readonly Rule[] {
  const file: { readonly groups: readonly { readonly rules: readonly Rule[] }[] } = parse(readFileSync(rulesPath, 'utf8'));
  return file.groups.flatMap(({ rules }) => rules);
}

export function isAlert(rule: Rule): rule is AlertRule {
  return 'alert' in rule;
}

export function isRecording(rule: Rule): rule is RecordingRule {
  return 'record' in rule;
}

/** The recordings that an expression reads, directly or through others. */
export function recordingsOf(expr: string, rules: readonly Rule[]): readonly RecordingRule[] {
  const metrics = new Set(readPromql(expr).selectors.map(({ metric }) => metric));
  const direct = rules.filter(isRecording).filter(({ record }) => metrics.has(record));
  return [...new Set(direct.flatMap((rule) => [...recordingsOf(rule.expr, rules), rule]))];
}

/** All metrics that an expression reads in the end: recordings are looked through. */
export function metricsBehind(expr: string, rules: readonly Rule[]): ReadonlySet<string> {
  const records = recordingsOf(expr, rules);
  const all = [expr, ...records.map((rule) => rule.expr)].flatMap((one) => readPromql(one).selectors.map(({ metric }) => metric));
  return new Set(all.filter((metric) => !records.some(({ record }) => record === metric)));
}
