import { readFileSync } from 'node:fs';

/** What a series is at minute n of a test. */
export type Value =
  /** A constant. */
  | number
  /** The time at that minute plus so many seconds (negative: ago), so that an age or a runway stays the same. */
  | { readonly fromNow: number }
  /** promtool's own notation, from minute 0 on. */
  | string;

/** One series of one pod; labels of the place and of the pod are added. */
export interface Series {
  /** Without `partitiond_`, or `up`. */
  readonly metric: string;
  /** In place of, or beside, those that every series of that metric has here. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: Value;
  /** Of which of several pods at once: added to the pod's name. */
  readonly pod?: string;
}

/** Series that one pod exports from minute `from` to minute `to`, both included, or to the end of the test. */
export interface Stretch {
  readonly pod: string;
  readonly from: number;
  readonly to?: number;
  readonly series: readonly Series[];
  /** Replaces labels of the place, for a second one beside it; an empty text takes a label away. */
  readonly place?: Readonly<Record<string, string>>;
}

export interface InputSeries {
  readonly series: string;
  readonly values: string;
}

/** Where all tests play unless they say otherwise. */
export const place: Readonly<Record<string, string>> = { cluster: 'eu', namespace: 'shop', job: 'partitiond' };
const defaults: Readonly<Record<string, string>> = { database: 'main', schema: 'public', table: 'orders' };

const listed: readonly { readonly name: string; readonly labels: readonly string[] }[] = JSON.parse(
  readFileSync('deploy/metrics.json', 'utf8'),
);
const known: ReadonlyMap<string, readonly string[]> = new Map(listed.map(({ name, labels }) => [name, labels]));

/**
 * The series of a test as promtool reads them, until minute `end`. Where a stretch ends before that its series get a staleness marker, as a
 * scrape that no longer has them leaves behind; a mere gap proves nothing, for the look-back bridges it. Throws at a metric or label that
 * deploy/metrics.json does not know.
 */
export function inputSeries(stretches: readonly Stretch[], end: number): readonly InputSeries[] {
  const written = new Map<string, Written>();
  for (const { pod, from, to, series, place: ownPlace } of stretches) {
    for (const one of series) {
      const name = seriesName(one, pod + (one.pod ?? ''), ownPlace ?? {});
      const { parts, length } = written.get(name) ?? { parts: [], length: 0 };
      if (from < length) throw new Error(`${name} begins anew before it has ended`);
      const last = to ?? end;
      const added = [...missed(from - length), notation(one.value, from, last), ...(to === undefined ? [] : ['stale'])];
      written.set(name, { parts: [...parts, ...added], length: last + 2 });
    }
  }
  return [...written].map(([series, { parts }]) => ({ series, values: parts.join(' ') }));
}

/** A series as far as it is written, and how many minutes that takes. */
interface Written {
  readonly parts: readonly string[];
  readonly length: number;
}

function missed(minutes: number): readonly string[] {
  if (minutes <= 0) return [];
  return [minutes === 1 ? '_' : `_x${minutes}`];
}

/** Without empty labels, as Prometheus has them. */
export function withoutEmpty(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''));
}

function notation(value: Value, from: number, to: number): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return `${value}+0x${to - from}`;
  return `${value.fromNow + 60 * from}+60x${to - from}`;
}

function seriesName({ metric, labels }: Series, pod: string, ownPlace: Readonly<Record<string, string>>): string {
  const own = ownLabels(metric, labels ?? {});
  const all = { ...place, ...ownPlace, instance: `${pod}:9788`, ...own };
  const text = Object.entries(withoutEmpty(all)).map(([label, value]) => `${label}="${value}"`);
  return `${metric === 'up' ? metric : `partitiond_${metric}`}{${text.join(', ')}}`;
}

function ownLabels(metric: string, given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (metric === 'up') return given;
  const names = known.get(`partitiond_${metric}`);
  if (names === undefined) throw new Error(`partitiond_${metric} is not in deploy/metrics.json`);
  const labels = names.map((name): [string, string] => {
    const value = given[name] ?? defaults[name];
    if (value === undefined) throw new Error(`a test gives no ${name} to partitiond_${metric}`);
    return [name, value];
  });
  const odd = Object.keys(given).find((name) => !names.includes(name));
  if (odd !== undefined) throw new Error(`partitiond_${metric} has no label ${odd}`);
  return Object.fromEntries(labels);
}
