import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseCommandLine } from '../../src/cli/command-line/parse-command-line.ts';
import { commands } from '../../src/cli/commands.ts';
import { isAlert, readRules } from '../support/deploy/rules/rules-file.ts';
import { fillIn, placeholders, readRunbook, runbookNames, shellWords } from '../support/deploy/runbooks/runbook.ts';

const names = runbookNames();
const anything = Object.fromEntries(placeholders.map((word) => [word, word === 'COUNT' ? '20' : 'x.y']));

const alerts = readRules().filter(isAlert);

/** `critical, after 5m`, one for each rule of an alert, in the file's order. */
function severitiesOf(alert: string): readonly string[] {
  const rules = alerts.filter((rule) => rule.alert === alert);
  return rules.map((rule) => `${rule.labels['severity']}, after ${rule.for === '0s' ? '0m' : (rule.for ?? '0m')}`);
}

describe('the runbooks', () => {
  it('are one for each alert, and none for anything else', () => {
    expect(names).toEqual([...new Set(alerts.map(({ alert }) => alert))].toSorted());
  });

  it('are where the alerts say', () => {
    for (const { alert, annotations } of alerts) expect(annotations['runbook_url'], alert).toMatch(new RegExp(`/runbooks/${alert}\\.md$`));
  });
});

describe.each(names)('%s', (name) => {
  const runbook = readRunbook(name);

  it('has its alert for a title, its severities below, and four headings', () => {
    expect(runbook.text.startsWith(`# ${name}\n\nSeverity: `)).toBe(true);
    const told = /^Severity: (.*)$/m.exec(runbook.text)?.[1]?.split('; ') ?? [];
    expect(told.toSorted()).toEqual(severitiesOf(name).toSorted());
    expect(runbook.headings).toEqual(['Meaning', 'Impact', 'Diagnosis', 'Mitigation']);
  });

  it('says how to look and what to do, in SQL or commands', () => {
    for (const section of ['Diagnosis', 'Mitigation'])
      expect(
        runbook.blocks.filter((block) => block.section === section),
        section,
      ).not.toEqual([]);
    for (const { language } of runbook.blocks) expect(['sql', 'sh']).toContain(language);
    for (const line of runbook.commands) expect(['partitiond', 'kubectl', 'curl'], line).toContain(line.split(' ')[0]);
  });

  it('asks partitiond for nothing that it does not know', () => {
    for (const line of runbook.commands.filter((command) => command.startsWith('partitiond ')))
      expect(parseCommandLine(shellWords(fillIn(line, anything)).slice(1), commands), line).toMatchObject({ kind: 'run' });
  });

  it('names pods and Deployments by what the chart gives them', () => {
    const chart = ['_helpers.tpl', 'deployment.yaml'].map((file) => readFileSync(`helm/partitiond/templates/${file}`, 'utf8')).join('\n');
    const container = readFileSync('deploy/kubernetes/sidecar/container.yaml', 'utf8');
    for (const line of runbook.commands.filter((command) => command.startsWith('kubectl '))) {
      expect(line).toMatch(/^kubectl (get|describe|logs|rollout (restart|status)|scale|port-forward) /);
      expect(line).toContain(' -n NAMESPACE');
      for (const [, label = '', value] of line.matchAll(/ -l ([\w./]+)=(\S+)/g)) {
        expect(chart).toContain(`${label}: `);
        expect(value).toBe('partitiond');
      }
      for (const [port] of line.matchAll(/\b97\d\d\b/g)) expect(container).toContain(`containerPort: ${port}`);
    }
  });

  it('links to pages that are there', () => {
    for (const [, target = ''] of runbook.text.matchAll(/\]\(([^)]+)\)/g))
      expect(existsSync(`deploy/runbooks/${target}`), target).toBe(true);
  });
});

it('reaches the program in a pod as the image starts it', () => {
  const [, entrypoint = '[]'] = /^ENTRYPOINT (.*)$/m.exec(readFileSync('Dockerfile', 'utf8')) ?? [];
  const words: readonly string[] = JSON.parse(entrypoint);
  const container: { readonly name: string } = parse(readFileSync('deploy/kubernetes/sidecar/container.yaml', 'utf8'));
  expect(readRunbook('README').commands[0]).toBe(`kubectl exec -n NAMESPACE POD -c ${container.name} -- ${words.join(' ')} check`);
});

describe('what is left to the reader', () => {
  it('is explained, all of it and nothing else', () => {
    const used = new Set([...names, 'README'].flatMap((name) => readRunbook(name).placeholders));
    const rows = readRunbook('README').text.match(/^\| `.*$/gm) ?? [];
    const told = rows.flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, word = '']) => word));
    expect(told.toSorted()).toEqual([...used].toSorted());
    expect([...used].toSorted()).toEqual([...placeholders].toSorted());
  });

  it('is never left out silently', () => {
    expect(fillIn('SELECT * FROM SCHEMA.TABLE', { 'SCHEMA.TABLE': 'public.events' })).toBe('SELECT * FROM public.events');
    expect(() => fillIn('SELECT * FROM SCHEMA.TABLE', {})).toThrow('Nothing to put in place of SCHEMA.TABLE');
  });
});

it('tries every runbook on a broken database', () => {
  const trials = ['tables', 'daemon', 'migration'].map((part) => readFileSync(`test/deploy/runbooks-${part}.test.ts`, 'utf8')).join('\n');
  const tried = [...trials.matchAll(/tryRunbook\(\s*'(\w+)'/g)].map(([, name = '']) => name);
  expect(tried.toSorted()).toEqual(names);
});
