/** One family of an exposition. */
export interface ExposedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ExposedSample[];
}

export interface ExposedSample {
  /** With the suffix of a histogram. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/**
 * Reads the text exposition format, version 0.0.4, as strictly as Prometheus and promtool together: HELP, TYPE, then the samples of one family
 * and of no other; no family and no series twice; histograms cumulative up to +Inf. Throws with the line that breaks a rule.
 * Source: prometheus.io/docs/instrumenting/exposition_formats.
 */
export function parseExposition(text: string): readonly ExposedFamily[] {
  if (!text.endsWith('\n')) throw new Error('The last line has no line feed.');
  const families: Draft[] = [];
  const names = new Set<string>();
  const series = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const [, name, help] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
    if (name !== undefined && help !== undefined) families.push({ name, help, type: '', samples: [] });
    else addLine(families.at(-1), line);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (series.has(key) || (name !== undefined && names.has(name))) throw new Error(`A series or a family comes twice: ${line}`);
    series.add(key);
    names.add(name ?? '');
  }
  for (const family of families) checkFamily(family);
  return families;
}

interface Draft {
  readonly name: string;
  readonly help: string;
  type: string;
  readonly samples: ExposedSample[];
}

/** TYPE, or a sample behind it. */
function addLine(family: Draft | undefined, line: string): void {
  if (family === undefined) throw new Error(`There is no HELP before ${line}`);
  const [, name, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
  if (type !== undefined) {
    if (name !== family.name || family.type !== '') throw new Error(`TYPE is not behind its HELP: ${line}`);
    family.type = type;
    return;
  }
  const sample = parseSample(line);
  const base = family.type === 'histogram' ? sample.name.replace(/_(bucket|sum|count)$/, '') : sample.name;
  if (family.type === '' || base !== family.name) throw new Error(`A sample is not in its family: ${line}`);
  family.samples.push(sample);
}

const sampleLine = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)*)\})? (\S+)$/;
const value = /^(?:[+-]?Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

function parseSample(line: string): ExposedSample {
  const [, name, labels = '', number = ''] = sampleLine.exec(line) ?? [];
  if (name === undefined || !value.test(number)) throw new Error(`This is no sample: ${JSON.stringify(line)}`);
  const pairs = [...labels.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', text = '']): [string, string] => [
    label,
    text.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped)),
  ]);
  if (new Set(pairs.map(([label]) => label)).size !== pairs.length) throw new Error(`A label comes twice: ${line}`);
  return { name, labels: new Map(pairs), value: Number(number.replace('Inf', 'Infinity')) };
}

function checkFamily({ name, type, samples }: ExposedFamily): void {
  if (samples.length === 0) throw new Error(`${name} has no samples.`);
  if (type === 'counter' && samples.some((sample) => !(sample.value >= 0))) throw new Error(`${name} is a counter below 0.`);
  if (type !== 'histogram') return;
  for (const { labels, value: count } of samples.filter((sample) => sample.name === `${name}_count`)) {
    const buckets = samples.filter(
      (one) => one.name === `${name}_bucket` && [...labels].every(([label, text]) => one.labels.get(label) === text),
    );
    const isCumulative = buckets.every((bucket, i) => i === 0 || bucket.value >= (buckets[i - 1]?.value ?? 0));
    if (!isCumulative || buckets.at(-1)?.labels.get('le') !== '+Inf' || buckets.at(-1)?.value !== count) {
      throw new Error(`${name} is no histogram up to +Inf.`);
    }
  }
}
