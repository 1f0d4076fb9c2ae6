import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type MetricName, metricCatalogue, metricPrefix } from './metric-catalogue.ts';
import { labelNames, type MetricDeclaration } from './metric-declaration.ts';

export type Labels = Readonly<Record<string, string>>;

/** One value of a gauge. */
export interface Sample {
  readonly name: MetricName;
  readonly labels: Labels;
  readonly value: number;
}

type Family =
  | { readonly type: 'counter'; readonly metric: Counter }
  | { readonly type: 'gauge'; readonly metric: Gauge }
  | { readonly type: 'histogram'; readonly metric: Histogram };

/**
 * prom-client behind the catalogue: families in a registry of our own (the global one is shared with whatever else is loaded). Remembers
 * which label sets belong to which database, so that stepping down removes them all. No family has a `collect` function that asks anybody
 * anything: a scrape touches no database. A name or label that the catalogue lacks throws.
 */
export class MetricStore {
  readonly #registry = new Registry();
  readonly #families: ReadonlyMap<MetricName, Family>;
  /** Label sets of the leader and table families: database -> key -> sample identity. */
  readonly #led = new Map<string, Map<string, Omit<Sample, 'value'>>>();
  /** Of those, the ones that the last `replace` wrote. */
  readonly #replaced = new Map<string, ReadonlySet<string>>();

  constructor() {
    this.#families = new Map([...metricCatalogue].map(([name, declaration]) => [name, createFamily(name, declaration, this.#registry)]));
    collectDefaultMetrics({ register: this.#registry });
  }

  set(name: MetricName, labels: Labels, value: number): void {
    const family = this.#family(name, labels);
    if (family.type === 'gauge') family.metric.set(labels, value);
  }

  /** `by` 0 makes the series exist, so that its first increase is not lost. */
  increase(name: MetricName, labels: Labels, by: number): void {
    const family = this.#family(name, labels);
    if (family.type === 'counter') family.metric.inc(labels, by);
  }

  observe(name: MetricName, labels: Labels, value: number): void {
    const family = this.#family(name, labels);
    if (family.type === 'histogram') family.metric.observe(labels, value);
  }

  /** Makes an empty histogram series exist. */
  zero(name: MetricName, labels: Labels): void {
    const family = this.#family(name, labels);
    if (family.type === 'histogram') family.metric.zero(labels);
  }

  /** Writes `samples` and removes every other sample of that database that an earlier `replace` wrote: what is gone vanishes. */
  replace(database: string, samples: readonly Sample[]): void {
    const before = this.#replaced.get(database) ?? new Set();
    const now = new Set(samples.map((sample) => seriesKey(sample.name, sample.labels)));
    for (const key of before) if (!now.has(key)) this.#remove(database, key);
    for (const { name, labels, value } of samples) this.set(name, labels, value);
    this.#replaced.set(database, now);
  }

  /** Removes every series of the leader and table families of one database. */
  dropDatabase(database: string): void {
    for (const key of this.#led.get(database)?.keys() ?? []) this.#remove(database, key);
    this.#led.delete(database);
    this.#replaced.delete(database);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The text exposition format, version 0.0.4. */
  async render(): Promise<string> {
    return await this.#registry.metrics();
  }

  #family(name: MetricName, labels: Labels): Family {
    const family = this.#families.get(name);
    if (family === undefined) throw new TypeError(`${name} is not in the metric catalogue`);
    const database = labels['database'];
    if (database !== undefined && metricCatalogue.get(name)?.scope !== 'process') {
      const owned = this.#led.get(database) ?? new Map<string, Omit<Sample, 'value'>>();
      owned.set(seriesKey(name, labels), { name, labels });
      this.#led.set(database, owned);
    }
    return family;
  }

  #remove(database: string, key: string): void {
    const series = this.#led.get(database)?.get(key);
    if (series === undefined) return;
    this.#families.get(series.name)?.metric.remove(series.labels);
    this.#led.get(database)?.delete(key);
  }
}

/** Identifies a series whatever the order in which its labels were written; NUL occurs in no name. */
function seriesKey(name: MetricName, labels: Labels): string {
  const pairs = Object.keys(labels)
    .toSorted()
    .map((label) => `${label}\0${labels[label]}`);
  return [name, ...pairs].join('\0');
}

function createFamily(name: MetricName, declaration: MetricDeclaration, registry: Registry): Family {
  const common = { name: metricPrefix + name, help: declaration.help, labelNames: [...labelNames(declaration)], registers: [registry] };
  switch (declaration.type) {
    case 'counter':
      return { type: 'counter', metric: new Counter(common) };
    case 'gauge':
      return { type: 'gauge', metric: new Gauge(common) };
    case 'histogram':
      return { type: 'histogram', metric: new Histogram({ ...common, buckets: [...(declaration.buckets ?? [])] }) };
  }
}
