import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import type { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';

/** Every panel asks the data source that the dashboard's variable names. */
export const dataSource = { type: 'prometheus', uid: `$\{datasource}` } as const;

/** What every panel has to say of itself. */
export interface PanelText {
  readonly title: string;
  /** What it shows, and what to do when it looks wrong. */
  readonly description: string;
  /** Of the default field: one that Grafana knows, such as `s`, `bytes`, `short`. */
  readonly unit: string;
  /** In columns of 24 and rows of 30 pixels. */
  readonly size: readonly [width: number, height: number];
}

export interface Query {
  readonly expr: string;
  /** `{{label}}` in it must be a label of every series. */
  readonly legend: string;
}

/** From green upwards: each number is where the colour begins. */
export type Steps = readonly (readonly [from: number, color: string])[];

/** A built panel that still lacks its number and place. */
export interface Panel {
  id(id: number): Panel;
  build(): dashboard.Panel;
}

/** The letter by which a panel names its n-th query. */
export function refId(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

export function rangeQuery({ expr, legend }: Query, index: number): DataqueryBuilder {
  return query(expr, index).range().legendFormat(legend);
}

export function instantQuery({ expr, legend }: Query, index: number): DataqueryBuilder {
  return query(expr, index).instant().legendFormat(legend);
}

function query(expr: string, index: number): DataqueryBuilder {
  return new prometheus.DataqueryBuilder().datasource(dataSource).expr(expr).refId(refId(index));
}

/** Thresholds that begin with `base`, green unless told otherwise. */
export function thresholds(steps: Steps, base = 'green'): dashboard.ThresholdsConfigBuilder {
  return new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps([{ value: null, color: base }, ...steps.map(([value, color]) => ({ value, color }))]);
}

export function colorBy(mode: dashboard.FieldColorModeId): dashboard.FieldColorBuilder {
  return new dashboard.FieldColorBuilder().mode(mode);
}

/** Words for the values of a state: `{ 1: ['leads', 'green'] }`. */
export type Words = Readonly<Record<string, readonly [text: string, color: string]>>;

export function mappings(words: Words): dashboard.ValueMapping[] {
  const options = Object.fromEntries(Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]));
  return [{ type: dashboard.MappingType.ValueToText, options }];
}

/** The last value, as what counts now. */
export function lastValue(): common.ReduceDataOptionsBuilder {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false);
}
