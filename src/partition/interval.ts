/**
 * The width of partitions, as the policy states it. Time keys take a calendar interval, integer keys a step.
 * `quarter` is kept as a unit of its own because the default name template depends on it.
 */
export type IntervalUnit = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year';

export interface CalendarInterval {
  readonly kind: 'calendar';
  readonly count: number;
  readonly unit: IntervalUnit;
}

export interface IntegerInterval {
  readonly kind: 'integer';
  readonly step: bigint;
}

export type Interval = CalendarInterval | IntegerInterval;

/** Calendar time such as `12 quarters` or `7 days`, or a distance of an integer key. Used by `keep` and `grace`. Not negative. */
export type Span = { readonly kind: 'calendar'; readonly months: number; readonly days: number; readonly micros: bigint }
  | { readonly kind: 'integer'; readonly distance: bigint };
