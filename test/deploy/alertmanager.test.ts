import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Workspace } from '../e2e/support/workspace.ts';
import { type ManagedAlert, startAlertmanager } from '../support/deploy/alerting/alertmanager.ts';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { readPromql } from '../support/deploy/promql.ts';
import { type AlertRule, isAlert, isRecording, readRules } from '../support/deploy/rules/rules-file.ts';
import { waitFor } from '../support/wait-for.ts';

interface Inhibition {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}

interface Matchers {
  readonly alerts: readonly string[];
  readonly severity: string | null;
}

const path = 'deploy/alertmanager/alertmanager.example.yml';
const text = readFileSync(path, 'utf8');
const example: { readonly inhibit_rules: readonly Inhibition[] } = parse(text);
const rules = readRules();
const alertRules = rules.filter(isAlert);

/** What an inhibition is about; every matcher list is of our job, names alerts, and has a severity where the name alone will not do. */
function read(matchers: readonly string[]): Matchers {
  const parsed = matchers.map((matcher) => /^(\w+)=~?"([^"]*)"$/.exec(matcher)?.slice(1) ?? []);
  const valueOf = (label: string): string | null => parsed.find(([name]) => name === label)?.[1] ?? null;
  expect(valueOf('job')).toBe('partitiond');
  return { alerts: valueOf('alertname')?.split('|') ?? [], severity: valueOf('severity') };
}

function rulesOf({ alerts, severity }: Matchers): readonly AlertRule[] {
  return alertRules.filter(({ alert, labels }) => alerts.includes(alert) && (severity === null || labels['severity'] === severity));
}

/** Labels that an alert's series have, by the groupings of its expression and of the recordings in it. */
function labelsOf(expr: string): ReadonlySet<string> {
  const { groupings, selectors } = readPromql(expr);
  const recorded = selectors.flatMap(({ metric }) => rules.filter(isRecording).filter(({ record }) => record === metric));
  const own = groupings.filter(({ kind }) => kind === 'by').flatMap(({ labels }) => labels);
  return new Set([...own, ...recorded.flatMap((rule) => [...labelsOf(rule.expr)])]);
}

describe('the example for Alertmanager', () => {
  it('is a configuration that Alertmanager takes', async (context) => {
    const amtool = deployTool(context, 'amtool');
    const { code, stdout, stderr } = await runTool(amtool, ['check-config', path]);
    expect(stdout + stderr).toContain('SUCCESS');
    expect(code).toBe(0);
    expect(stdout).toContain(`${example.inhibit_rules.length} inhibit rules`);
  });

  it.for([
    ['critical', 'page'],
    ['warning', 'ticket'],
    ['info', 'nobody'],
    ['misspelled', 'ticket'],
  ] as const)('routes severity %s to: %s', async ([severity, receiver], context) => {
    const amtool = deployTool(context, 'amtool');
    const route = async (...labels: readonly string[]): Promise<string> =>
      (await runTool(amtool, ['config', 'routes', 'test', `--config.file=${path}`, ...labels])).stdout.trim();
    const names = new Set(alertRules.filter(({ labels }) => labels['severity'] === severity).map(({ alert }) => alert));
    for (const alertname of [...names, 'Another'])
      expect(await route('job=partitiond', `severity=${severity}`, `alertname=${alertname}`), alertname).toBe(receiver);
    expect(await route('job=postgres', `severity=${severity}`)).toBe('nobody');
  });

  it('has a place for every severity of the rules', () => {
    const severities = new Set(alertRules.map(({ labels }) => labels['severity']));
    expect([...severities].map(String).toSorted()).toEqual(['critical', 'warning']);
  });
});

describe('the inhibitions', () => {
  it('are those of alerts that exist, in severities that they have', () => {
    const all = example.inhibit_rules.flatMap((rule) => [read(rule.source_matchers), read(rule.target_matchers)]);
    expect(all.length).toBeGreaterThan(0);
    for (const matchers of all) {
      expect(matchers.alerts).not.toEqual([]);
      for (const alert of matchers.alerts) expect(rulesOf({ ...matchers, alerts: [alert] }), alert).not.toEqual([]);
    }
  });

  it('compare labels that both alerts have, so that one database or table never mutes another', () => {
    for (const rule of example.inhibit_rules) {
      const both = [...rulesOf(read(rule.source_matchers)), ...rulesOf(read(rule.target_matchers))];
      for (const { alert, expr } of both)
        for (const label of rule.equal) expect(labelsOf(expr), `${alert} has the label ${label}`).toContain(label);
    }
  });

  it('compare every label that both have, but the job', () => {
    for (const rule of example.inhibit_rules) {
      const [source, target] = [rule.source_matchers, rule.target_matchers].map((matchers) => rulesOf(read(matchers)));
      const shared = (source ?? []).flatMap((one) => [...labelsOf(one.expr)]).filter((label) => label !== 'job');
      const wanted = shared.filter((label) => (target ?? []).every((one) => labelsOf(one.expr).has(label)));
      expect(rule.equal.toSorted()).toEqual([...new Set(wanted)].toSorted());
    }
  });

  it('mute what follows from something worse, there and nowhere else', async (context) => {
    const binary = deployTool(context, 'prometheus-alertmanager');
    using workspace = new Workspace();
    await using alertmanager = await startAlertmanager(binary, text, workspace.folder);
    const place = { job: 'partitiond', cluster: 'eu', namespace: 'shop' };
    const table = { ...place, database: 'app', schema: 'public', table: 'events' };
    const sent = [
      { ...table, alertname: 'PartitionRunwayExhausted', severity: 'critical' },
      { ...table, alertname: 'PartitionRunwayLow', severity: 'warning' },
      { ...table, alertname: 'PartitionRunwayLow', severity: 'warning', table: 'other' },
      { ...table, alertname: 'PartitionFreezeAgeHigh', severity: 'critical' },
      { ...table, alertname: 'PartitionFreezeAgeHigh', severity: 'warning' },
      { ...place, alertname: 'PartitiondDown', severity: 'critical', namespace: 'down' },
      { ...place, alertname: 'PartitiondConfigDrift', severity: 'warning', namespace: 'down', database: 'app' },
      { ...place, alertname: 'PartitiondNoLeader', severity: 'critical', namespace: 'down', database: 'app' },
      { ...place, alertname: 'PartitiondNoLeader', severity: 'critical', database: 'app' },
      { ...place, alertname: 'PartitiondTaskStale', severity: 'warning', database: 'app', task: 'probe' },
      { ...place, alertname: 'PartitiondTaskStale', severity: 'warning', database: 'other', task: 'probe' },
      { ...place, alertname: 'PartitiondConfigDrift', severity: 'warning', database: 'app' },
    ];
    const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(sent.map((labels) => ({ labels }))),
    });
    expect(answer.status).toBe(200);
    const seen = await waitFor('all alerts', () => alertmanager.alerts(), isSettled(sent.length));
    const muted = seen.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => labels);
    const expected = [1, 4, 6, 7, 9].map((index) => sent[index]);
    expect(muted).toHaveLength(expected.length);
    expect(muted).toEqual(expect.arrayContaining(expected));
  });
});

function isSettled(count: number): (alerts: readonly ManagedAlert[]) => boolean {
  return (alerts) => alerts.length === count && alerts.every(({ status }) => status.state !== 'unprocessed');
}
