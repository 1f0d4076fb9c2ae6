import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import {
  colorBy,
  instantQuery,
  lastValue,
  mappings,
  type Panel,
  type PanelText,
  type Query,
  type Steps,
  thresholds,
  type Words,
} from './panel.ts';

interface StatOptions extends PanelText {
  readonly queries: readonly Query[];
  /** Colours; without them the number is plain text: a fact, neither good nor bad. */
  readonly steps?: Steps;
  /** The colour below the first step, green by default. */
  readonly base?: string;
  /** Of single queries, by their legend. */
  readonly stepsOf?: Readonly<Record<string, Steps>>;
  readonly noValue?: string;
  readonly decimals?: number;
  readonly words?: Words;
}

/** One number, or a few, of now: coloured as a whole when it has thresholds, so that red is seen from across the room. */
export function statPanel(options: StatOptions): Panel {
  const { title, description, unit, size, queries, steps, base, stepsOf, noValue, decimals, words } = options;
  const panel = new stat.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .span(size[0])
    .height(size[1])
    .targets(queries.map(instantQuery))
    .reduceOptions(lastValue())
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(steps === undefined ? common.BigValueColorMode.None : common.BigValueColorMode.Background)
    .colorScheme(colorBy(dashboard.FieldColorModeId.Thresholds))
    .textMode(queries.length > 1 ? common.BigValueTextMode.ValueAndName : common.BigValueTextMode.Auto)
    .thresholds(thresholds(steps ?? [], steps === undefined ? 'text' : base));
  for (const [legend, own] of Object.entries(stepsOf ?? {})) {
    panel.overrideByName(legend, [{ id: 'thresholds', value: thresholds(own).build() }]);
  }
  if (noValue !== undefined) panel.noValue(noValue);
  if (decimals !== undefined) panel.decimals(decimals);
  if (words !== undefined) panel.mappings(mappings(words));
  return panel;
}
