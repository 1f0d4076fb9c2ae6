import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Breather } from './exposition/breather.ts';
import { countLines, limitLines } from './exposition/limit-lines.ts';
import type { PrintedFamilies } from './exposition/printed-families.ts';
import { type Labels, renderHeader } from './exposition/render-sample.ts';
import { type EventName, type MetricName, metricCatalogue, metricPrefix, type SnapshotName } from './metric-catalogue.ts';
import { labelNames, type MetricDeclaration } from './metric-declaration.ts';

type Family =
  | { readonly type: 'counter'; readonly metric: Counter }
  | { readonly type: 'gauge'; readonly metric: Gauge }
  | { readonly type: 'histogram'; readonly metric: Histogram };

/** A series, by what it takes to remove it. */
interface Series {
  readonly name: EventName;
  readonly labels: Labels;
}

/** What prom-client tells of the process and of Node.js, and our own families without a database, at most. */
const unownedSeries = 200;

/**
 * Where all values are. Families of events are prom-client's, in a registry of our own (the global one is shared with whatever else is
 * loaded); families of snapshots are kept as the text that they were printed to. Remembers which series belong to which database, so that
 * stepping down removes them all. Nothing here asks anybody anything: a scrape touches no database.
 */
export class MetricStore {
  readonly #registry = new Registry();
  readonly #families: ReadonlyMap<EventName, Family>;
  readonly #owned = new Map<string, Map<string, Series>>();
  readonly #printed = new Map<string, PrintedFamilies>();
  #ownedSeries = 0;

  constructor() {
    this.#families = new Map(
      [...metricCatalogue].flatMap(([name, declaration]): [EventName, Family][] =>
        isEventName(name) ? [[name, createFamily(name, declaration, this.#registry)]] : [],
      ),
    );
    collectDefaultMetrics({ register: this.#registry });
  }

  set(name: EventName, labels: Labels, value: number): void {
    const family = this.#family(name, labels);
    if (family.type === 'gauge') family.metric.set(labels, value);
  }

  /** `by` 0 makes the series exist, so that its first increase is not lost. */
  increase(name: EventName, labels: Labels, by: number): void {
    const family = this.#family(name, labels);
    if (family.type === 'counter') family.metric.inc(labels, by);
  }

  observe(name: EventName, labels: Labels, value: number): void {
    const family = this.#family(name, labels);
    if (family.type === 'histogram') family.metric.observe(labels, value);
  }

  /** Makes an empty histogram series exist. */
  zero(name: EventName, labels: Labels): void {
    const family = this.#family(name, labels);
    if (family.type === 'histogram') family.metric.zero(labels);
  }

  /** For what is only there while it lasts. */
  remove(name: EventName, labels: Labels): void {
    const database = labels['database'];
    if (database !== undefined) this.#remove(database, seriesKey(name, labels));
  }

  /** Replaces all gauges of the tables of one database: what is gone vanishes. */
  print(database: string, printed: PrintedFamilies): void {
    this.#printed.set(database, printed);
  }

  /** Series that are there for no single partition; those of prom-client's own families are taken for as many as they can be. */
  seriesBesidePartitions(beside: string): number {
    let count = unownedSeries + this.#ownedSeries;
    for (const [database, printed] of this.#printed) {
      if (database === beside) continue;
      for (const [name, { series }] of printed) if (!isOfPartitions(name)) count += series;
    }
    return count;
  }

  /** Removes every series of the leader and table families of one database. */
  dropLeader(database: string): void {
    this.#printed.delete(database);
    for (const [key, { name }] of this.#owned.get(database) ?? [])
      if (metricCatalogue.get(name)?.scope !== 'process') this.#remove(database, key);
  }

  /** Removes every series of one database. */
  dropDatabase(database: string): void {
    this.dropLeader(database);
    for (const key of this.#owned.get(database)?.keys() ?? []) this.#remove(database, key);
    this.#owned.delete(database);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /**
   * The text exposition format, version 0.0.4, with at most `maxSeries` series: beyond it, series of partitions go first, then other gauges
   * of tables; what tells of the process and of events always stays. Families without series are left out.
   */
  async render(maxSeries: number): Promise<string> {
    const startedAt = performance.now();
    const breather = new Breather();
    const answer: { parts: string[]; series: number } = { parts: [], series: selfFamilies.length };
    for (const { name } of this.#registry.getMetricsAsArray()) {
      if (selfFamilies.some((self) => name === metricPrefix + self)) continue;
      // prom-client writes Nan, which the format does not know: an event loop that was not measured yet.
      const text = `${(await this.#registry.getSingleMetricAsString(name)).replace(/ Nan$/gm, ' NaN')}\n`;
      const series = countLines(text) - 2;
      if (series > 0) answer.parts.push(text);
      answer.series += series;
      await breather.breathe();
    }
    this.#addPrinted(answer, maxSeries);
    this.set('metrics_series', {}, answer.series);
    this.set('metrics_render_seconds', {}, (performance.now() - startedAt) / 1000);
    for (const self of selfFamilies) answer.parts.push(`${await this.#registry.getSingleMetricAsString(metricPrefix + self)}\n`);
    return answer.parts.join('');
  }

  #addPrinted(answer: { parts: string[]; series: number }, maxSeries: number): void {
    let dropped = 0;
    for (const [name, { type, help }] of metricCatalogue) {
      if (isEventName(name)) continue;
      const texts: string[] = [];
      for (const printed of this.#printed.values()) {
        const family = printed.get(name);
        if (family === undefined) continue;
        const count = Math.min(family.series, Math.max(0, maxSeries - answer.series));
        dropped += family.series - count;
        answer.series += count;
        if (count > 0) texts.push(count === family.series ? family.text : limitLines(family.text, count));
      }
      if (texts.length > 0) answer.parts.push(renderHeader(metricPrefix + name, type, help), ...texts);
    }
    this.increase('metrics_dropped_series_total', {}, dropped);
  }

  #family(name: EventName, labels: Labels): Family {
    const family = this.#families.get(name);
    if (family === undefined) throw new TypeError(`${name} is not in the metric catalogue`);
    const database = labels['database'];
    if (database !== undefined) {
      const owned = this.#owned.get(database) ?? new Map<string, Series>();
      const key = seriesKey(name, labels);
      if (!owned.has(key)) this.#ownedSeries += seriesOf(name);
      owned.set(key, { name, labels });
      this.#owned.set(database, owned);
    }
    return family;
  }

  #remove(database: string, key: string): void {
    const series = this.#owned.get(database)?.get(key);
    if (series === undefined) return;
    this.#families.get(series.name)?.metric.remove(series.labels);
    this.#owned.get(database)?.delete(key);
    this.#ownedSeries -= seriesOf(series.name);
  }
}

/** Written last, as they tell of the rest. */
const selfFamilies = ['metrics_series', 'metrics_render_seconds', 'metrics_dropped_series_total'] as const;

function isEventName(name: MetricName): name is EventName {
  return metricCatalogue.get(name)?.source === 'events';
}

function isOfPartitions(name: SnapshotName): boolean {
  return metricCatalogue.get(name)?.labels[0] === 'partition';
}

/** A histogram has one for each bucket, one for +Inf, sum and count. */
function seriesOf(name: EventName): number {
  const { buckets } = metricCatalogue.get(name) ?? {};
  return buckets === undefined ? 1 : buckets.length + 3;
}

/** Identifies a series whatever the order in which its labels were written; NUL occurs in no name. */
function seriesKey(name: EventName, labels: Labels): string {
  const pairs = Object.keys(labels)
    .toSorted()
    .map((label) => `${label}\0${labels[label]}`);
  return [name, ...pairs].join('\0');
}

function createFamily(name: EventName, declaration: MetricDeclaration, registry: Registry): Family {
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
