import { listMetrics } from '../../../../scripts/docs-metrics.ts';
import { foreignFamilies } from './day-foreign.ts';
import { type Moment, type Sample, valuesOf } from './day-values.ts';

export type Day = 'good' | 'bad';

export const dayHours = 6;
const stepSeconds = 120;
const starts: Readonly<Record<Day, number>> = { good: Date.UTC(2026, 2, 10) / 1000, bad: Date.UTC(2026, 2, 12) / 1000 };

/** First and last second of a day; the two are far apart, so nothing of one is seen from the other. */
export function span(day: Day): { readonly from: number; readonly to: number } {
  return { from: starts[day], to: starts[day] + dayHours * 3600 };
}

/**
 * A day as OpenMetrics with times: every family of deploy/metrics.json with plausible values of two databases, five tables and three pods,
 * and what Prometheus and prom-client add. Throws at a family that it knows nothing of.
 */
export function renderDay(day: Day): string {
  const families = [...listMetrics().map(({ name, type }) => ({ name, type, values: valuesOf(name) })), ...foreignFamilies];
  const lines: string[] = [];
  for (const { name, type, values } of families) {
    // OpenMetrics writes the name of a counter without _total here.
    lines.push(`# TYPE ${type === 'counter' ? name.replace(/_total$/, '') : name} ${type}`);
    for (const moment of moments(day)) for (const sample of values(moment)) lines.push(render(name, sample, moment.now));
  }
  return `${lines.join('\n')}\n# EOF\n`;
}

function render(name: string, { labels, value, suffix = '' }: Sample, now: number): string {
  const written = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  return `${name}${suffix}{cluster="main",namespace="shop",job="partitiond",${written.join(',')}} ${value} ${now}`;
}

function* moments(day: Day): Generator<Moment> {
  for (let seconds = 0; seconds <= dayHours * 3600; seconds += stepSeconds) {
    yield { day, now: starts[day] + seconds, hour: seconds / 3600, isBad: day === 'bad' && seconds >= 3600 };
  }
}
