import { readdirSync, readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { configBranch } from '../../scripts/chart/config-branch.ts';
import { readComments } from '../../scripts/chart/values-comments.ts';
import { valuesSchema } from '../../scripts/chart/values-schema.ts';
import { configurationJsonSchema } from '../../src/config/page/json-schema.ts';
import { chartFolder, featureFiles, renderChart } from '../support/deploy/render-chart.ts';

const defaults = readFileSync(`${chartFolder}/values.yaml`, 'utf8');
const schema = valuesSchema(readComments(defaults));
const validator = new Ajv({ strict: false, allErrors: true });
const validate: ValidateFunction = validator.compile(schema);

const refusals = readdirSync(`${chartFolder}/ci/negative`)
  .toSorted()
  .map((name) => {
    const text = readFileSync(`${chartFolder}/ci/negative/${name}`, 'utf8');
    return { file: `${chartFolder}/ci/negative/${name}`, text, expected: /^# Expect: (?<words>.+)$/m.exec(text)?.groups?.['words'] };
  });

/** Alerts are known to the template, not to the schema. */
const byTemplate = ['alert-twice', 'ambiguous-alert', 'unknown-alert'];

it('is closed at every level, and leans on nothing outside', () => {
  const objects = everyObject(schema);
  expect(objects.length).toBeGreaterThan(300);
  const open = objects.filter((inner) => 'properties' in inner && inner['additionalProperties'] !== false);
  expect(open).toEqual([]);
  expect(JSON.stringify(schema)).not.toContain('"$ref"');
  expect(schema['$schema']).toBe('http://json-schema.org/draft-07/schema#');
});

it('accepts the values of every feature file', () => {
  for (const file of featureFiles()) {
    expect(validate(merged(parse(defaults), parse(readFileSync(file, 'utf8')))), `${file}: ${JSON.stringify(validate.errors)}`).toBe(true);
  }
});

it('refuses every file of refusals, by the schema alone wherever it can', () => {
  expect(refusals.length).toBeGreaterThanOrEqual(30);
  const bySchema = refusals.filter(({ file }) => !byTemplate.some((name) => file.endsWith(`/${name}.yaml`)));
  const accepted = bySchema.filter(({ text }) => validate(merged(parse(defaults), parse(text))));
  expect(accepted.map(({ file }) => file)).toEqual([]);
  expect(bySchema).toHaveLength(refusals.length - byTemplate.length);
});

it('makes helm say which key is wrong, and why', async (context) => {
  for (const { file, expected } of refusals) {
    const { code, stderr } = await renderChart(context, { values: file });
    expect(code, file).not.toBe(0);
    expect(expected, `${file} begins with "# Expect: words"`).toBeDefined();
    expect(stderr, file).toContain(expected);
    expect(stderr, `${file}: a message shows no password`).not.toContain('not-a-secret');
  }
});

it('allows a configuration exactly when partitiond does, but for what a chart must know beforehand', () => {
  const ours = validator.compile({ ...configBranch(), required: ['databases'] });
  const theirs = validator.compile(configurationJsonSchema());
  const whole: unknown = parse(readFileSync('examples/partitiond.yaml', 'utf8'));
  const variants = [whole, ...variantsOf(whole)];
  const counts = { accepted: 0, refused: 0 };
  for (const document of variants) {
    const accepted = theirs(document);
    const text = JSON.stringify(document);
    if (!accepted) expect(ours(document), `refused by partitiond, so by the chart: ${text}`).toBe(false);
    else if (!ours(document)) expect(JSON.stringify(ours.errors), text).toMatch(/'action'|without a password/);
    counts[accepted ? 'accepted' : 'refused'] += 1;
  }
  expect(counts.accepted).toBeGreaterThan(50);
  expect(counts.refused).toBeGreaterThan(50);
});

it('takes the many ways of writing a password in a URL for what they are', () => {
  const withUrl = (url: string): unknown => ({
    databases: [{ name: 'app', url, tables: [{ table: 'public.revenues', interval: '1 day' }] }],
  });
  const check = validator.compile(configBranch());
  for (const url of [
    'postgres://a:b@h/d',
    'postgresql://a:@h',
    'postgres://h/d?user=a&password=b',
    'postgres://h?PassWord=b',
    'postgres://a:${P}@h',
  ]) {
    expect(check(withUrl(url)), url).toBe(false);
  }
  for (const url of ['postgres://a@h:5432/d', 'postgres://h:5432/d?application_name=x', '${APP_URL}', 'postgres:///d?host=/tmp']) {
    expect(check(withUrl(url)), url).toBe(true);
  }
});

it('takes five fields or a word for a schedule, as Kubernetes does', () => {
  const check = (schedule: unknown): boolean => validate(merged(parse(defaults), { mode: 'none', cronjob: { schedule } }));
  for (const schedule of [
    '*/15 * * * *',
    '7 0,12 1-5 * *',
    '0 22 * * MON-fri',
    '00 07 ? Jan/2 0',
    '5/10 * 31 12 6',
    '@hourly',
    '@weekly',
  ]) {
    expect(check(schedule), schedule).toBe(true);
  }
  const prose = ['every hour', 'once in a while please do', '@often', 'CRON_TZ=UTC 0 * * * *', ''];
  const sentence = /five fields[^"]+/.exec(JSON.stringify(schema))?.[0];
  for (const schedule of [
    '0 0 * * * *',
    '* * * *',
    '60 * * * *',
    '0 24 * * *',
    '0 0 0 * *',
    '0 0 * 13 *',
    '0 0 * * 7',
    '*/0 * * * *',
    ...prose,
    sentence,
    5,
  ]) {
    expect(check(schedule), String(schedule)).toBe(false);
  }
});

it('lets a chart that contains this one hand down its global values, and a condition', () => {
  const values = { global: { anything: true }, mode: 'none', enabled: true };
  expect(validate(merged(parse(defaults), values)), JSON.stringify(validate.errors)).toBe(true);
  expect(validate(merged(parse(defaults), { ...values, enabled: 'yes' }))).toBe(false);
});

function everyObject(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap(everyObject);
  return isRecord(value) ? [value, ...Object.values(value).flatMap(everyObject)] : [];
}

/** As Helm merges values: maps key by key, null removes a key, everything else is replaced. */
function merged(base: unknown, top: unknown): unknown {
  if (!isRecord(base) || !isRecord(top)) return top;
  const entries = Object.entries(top).map(([key, value]) => [key, merged(base[key], value)]);
  return Object.fromEntries(Object.entries({ ...base, ...Object.fromEntries(entries) }).filter(([, value]) => value !== null));
}

/** The document with one thing in it changed: each value in turn replaced by null, false, a number, a variable and an object, or left out. */
function variantsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return items.flatMap((item, index) => variantsOf(item).map((variant) => items.with(index, variant)));
  }
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const { [key]: _left, ...others } = value;
    const replaced = [null, false, 7, '${NAME}', { bogus: 1 }, ...variantsOf(inner)].map((variant) => ({ ...value, [key]: variant }));
    return [others, { ...value, [`${key}X`]: inner }, ...replaced];
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
