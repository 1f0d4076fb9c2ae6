import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { environmentName } from '../../../src/config/declaration/environment-name.ts';
import { knownPaths } from '../../../src/config/declaration/known-keys.ts';
import { processKeys } from '../../../src/config/declaration/process-keys.ts';
import type { JsonValue } from '../../../src/config/format/format.ts';
import { exampleConfiguration } from '../../../src/config/page/example-configuration.ts';
import { configurationJsonSchema } from '../../../src/config/page/json-schema.ts';
import { renderConfigurationPage } from '../../../src/config/page/render-page.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { defaultTemplate } from '../../../src/partition/name-template.ts';
import { accepts } from './mini-json-schema.ts';
import { parse, problemsOf, withTable } from './support.ts';

const examples = new URL('../../../examples/', import.meta.url);
const schema = configurationJsonSchema();
const exampleFiles = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.yaml'));

function isAccepted(text: string): boolean {
  const value: JsonValue = parseYaml(text);
  return accepts(schema, value);
}

describe('the JSON Schema', () => {
  it.each(exampleFiles)('accepts the example %s', (file) => {
    expect(isAccepted(readFileSync(new URL(file, examples), 'utf8'))).toBe(true);
  });

  it('is closed at every level', () => {
    const open: string[] = [];
    const visit = (value: JsonValue, path: string): void => {
      if (typeof value !== 'object' || value === null) return;
      if (!Array.isArray(value) && 'type' in value && value['type'] === 'object' && 'properties' in value) {
        if (value['additionalProperties'] !== false) open.push(path);
      }
      for (const [key, inner] of Object.entries(value)) visit(inner, `${path}/${key}`);
    };
    visit(schema, '');
    expect(open).toEqual([]);
    expect(JSON.stringify(schema)).not.toContain('$ref');
  });

  it.each([
    'interval: 1 month',
    'interval: 15 Minutes, premake: 0',
    'interval: 1000, startFrom: 5, retention: { keep: 5, action: drop, grace: 0 }',
    'interval: 1 day, retention: { keep: 1 year 6 months, action: drop }',
    'interval: 1 day, retention: null',
    'interval: 1 day, retention: false, name: null',
    'interval: 1 day, key: { encoding: { snowflake: { epoch: 0, shift: 22 } } }',
    'interval: 1 day, storage: { fillfactor: 90, autovacuum_enabled: false }',
    'interval: 1 day, maintenance: false, indexes: null',
    'interval: 1 day, maintenance: { reindexBloat: false, reindexMinSize: 8192, vacuumDeadRatio: 1, window: { cron: "0 1 * * *", for: 4h } }',
    'interval: 1 day, maintenance: { reindexMinSize: 1 GB, window: null, maxLockWaiters: false }, indexes: []',
    'interval: 1 day, indexes: [{ name: i, columns: [a, b DESC], include: c }, { name: j, expression: lower(a), columns: null, partitions: newest 2 }]',
    'interval: 1 day, indexes: [{ name: i, columns: a, with: { fillfactor: 80 }, method: bloom, partitions: { newest: 2 } }], dropRemovedIndexes: true',
    'interval: 1 day, probes: null, targetPartitionSize: 1 GB',
    'interval: 1 day, probes: [], targetPartitionSize: 8192',
    'interval: 1 day, probes: [{ name: a-b_1, sql: "SELECT 1;", params: [a, 1.50, true, null], expect: { partitions: 0, planning: null } }]',
    'interval: 1 day, probes: [{ name: p, sql: x, params: null, analyze: true, timeout: 10ms, expect: { execution: 1s, planning: 5ms } }]',
  ])('accepts what the parser accepts: %s', (keys) => {
    expect(() => parse(withTable(keys))).not.toThrow();
    expect(isAccepted(withTable(keys))).toBe(true);
  });

  it('leaves variables to the parser', () => {
    expect(isAccepted(withTable('interval: "${I}", premake: "${N}", key: { encoding: "${E}" }', 'http: { port: "${PORT}" }'))).toBe(true);
  });

  const good = withTable('interval: 1 day');
  it.each([
    ['an unknown key', withTable('interval: 1 day, premaek: 3')],
    ['an unknown section', `${good}saftey: {}`],
    ['no interval', withTable('premake: 3')],
    ['an unknown unit', withTable('interval: 1 fortnight')],
    ['an interval of zero', withTable('interval: 0')],
    ['a negative premake', withTable('interval: 1 day, premake: -1')],
    ['retention without action', withTable('interval: 1 day, retention: { keep: 3 days }')],
    ['grace without drop', withTable('interval: 1 day, retention: { keep: 3 days, action: detach, grace: 7 days }')],
    ['an unknown encoding', withTable('interval: 1 day, key: { encoding: epoch }')],
    ['snowflake without shift', withTable('interval: 1 day, key: { encoding: { snowflake: { epoch: 0 } } }')],
    ['an unknown action', withTable('interval: 1 day, retention: { keep: 3 days, action: delete }')],
    ['a bare number as duration', `${good}safety: { lockTimeout: 100 }`],
    ['a duration in months', `${good}journal: { keep: 3 months }`],
    ['a port out of range', `${good}http: { port: 65536 }`],
    ['a boolean that is a word', `${good}leadership: { enabled: yes }`],
    ['no databases', 'log: {}'],
    ['an empty list of databases', 'databases: []'],
    ['no tables', 'databases: [{ name: a, url: "postgres://h/d", tables: [] }]'],
    ['both url and urlFile', 'databases: [{ name: a, url: "postgres://h/d", urlFile: x, tables: [{ table: t, interval: 1 day }] }]'],
    ['neither url nor urlFile', 'databases: [{ name: a, tables: [{ table: t, interval: 1 day }] }]'],
    ['maintenance that is true', withTable('interval: 1 day, maintenance: true')],
    ['a share that is no number', withTable('interval: 1 day, maintenance: { vacuumDeadRatio: 10% }')],
    ['a share out of range', withTable('interval: 1 day, maintenance: { freezeAgeRatio: 2 }')],
    ['a size in an unknown unit', withTable('interval: 1 day, maintenance: { reindexMinSize: 64 mb }')],
    ['a window without its length', withTable('interval: 1 day, maintenance: { window: { cron: "0 1 * * *" } }')],
    ['an index without a name', withTable('interval: 1 day, indexes: [{ columns: [a] }]')],
    ['an index without keys', withTable('interval: 1 day, indexes: [{ name: i }]')],
    ['an index with two kinds of keys', withTable('interval: 1 day, indexes: [{ name: i, columns: [a], expression: b }]')],
    ['an index without columns', withTable('interval: 1 day, indexes: [{ name: i, columns: [] }]')],
    ['an index of partitions unknown', withTable('interval: 1 day, indexes: [{ name: i, columns: [a], partitions: newest }]')],
    ['indexes in defaults', `${good}defaults: { indexes: [] }`],
    ['a target that is no size', withTable('interval: 1 day, targetPartitionSize: big')],
    ['a probe without a name', withTable('interval: 1 day, probes: [{ sql: x, expect: { partitions: 1 } }]')],
    ['a probe whose name is not plain', withTable('interval: 1 day, probes: [{ name: a b, sql: x, expect: { partitions: 1 } }]')],
    ['a probe without SQL', withTable('interval: 1 day, probes: [{ name: p, expect: { partitions: 1 } }]')],
    ['a probe without expectations', withTable('interval: 1 day, probes: [{ name: p, sql: x }]')],
    ['a probe that expects null', withTable('interval: 1 day, probes: [{ name: p, sql: x, expect: null }]')],
    ['a probe that expects nothing', withTable('interval: 1 day, probes: [{ name: p, sql: x, expect: { partitions: null } }]')],
    ['a time without running', withTable('interval: 1 day, probes: [{ name: p, sql: x, expect: { execution: 1s } }]')],
    ['a time while not running', withTable('interval: 1 day, probes: [{ name: p, sql: x, analyze: false, expect: { execution: 1s } }]')],
    ['a list as a param', withTable('interval: 1 day, probes: [{ name: p, sql: x, params: [[1]], expect: { partitions: 1 } }]')],
    ['probes in defaults', `${good}defaults: { probes: [] }`],
    ['a table in defaults', `${good}defaults: { table: x }`],
  ])('refuses, like the parser, %s', (_, text) => {
    expect(problemsOf(text).length).toBeGreaterThan(0);
    expect(isAccepted(text)).toBe(false);
  });

  it('lets tables leave out what defaults may say', () => {
    expect(isAccepted(withTable('retention: { keep: 3 days }', 'defaults: { interval: 1 day, retention: { action: detach } }'))).toBe(true);
  });
});

describe('the page', () => {
  const page = renderConfigurationPage();

  it('begins with the example that is also a file', () => {
    expect(page.indexOf(exampleConfiguration)).toBeGreaterThan(0);
    expect(page.indexOf(exampleConfiguration)).toBeLessThan(page.indexOf('| Key |'));
    expect(readFileSync(new URL('partitiond.yaml', examples), 'utf8')).toBe(exampleConfiguration);
  });

  it('tells of every key', () => {
    const keys = knownPaths().filter((path) => !path.startsWith('defaults.'));
    expect(keys.length).toBeGreaterThan(40);
    for (const path of keys) expect(page).toContain(`\`${path.split('.').at(-1)}\``);
  });

  it('tells the variable of every key of the process', () => {
    for (const [name, { keys }] of Object.entries(processKeys)) {
      for (const key of Object.keys(keys)) expect(page).toContain(`| \`${environmentName(`${name}.${key}`)}\` |`);
    }
    expect(environmentName('safety.maxClockSkew')).toBe('PARTITIOND_SAFETY_MAX_CLOCK_SKEW');
  });

  it.each(['1 minute', '1 hour', '1 day', '1 week', '1 month', '1 quarter', '1 year', 1])('tells the default name for %s', (interval) => {
    expect(page).toContain(`\`${defaultTemplate(parseInterval(interval))}\``);
  });

  it('has no broken table: every row has the columns of its head', () => {
    const tables = page.split('\n\n').filter((block) => block.startsWith('|'));
    expect(tables.length).toBeGreaterThan(10);
    for (const table of tables) expect(new Set(table.trim().split('\n').map(columns)).size).toBe(1);
  });
});

function columns(row: string): number {
  return row.replaceAll('\\|', '').split('|').length;
}
