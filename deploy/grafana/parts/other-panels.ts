import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import {
  colorBy,
  instantQuery,
  lastValue,
  mappings,
  type Panel,
  type PanelText,
  type Query,
  rangeQuery,
  type Steps,
  thresholds,
  type Words,
} from './panel.ts';

/** Horizontal bars of now, the longest first when the query sorts. */
export function barPanel({
  title,
  description,
  unit,
  size,
  query,
  steps = [],
}: PanelText & { readonly query: Query; readonly steps?: Steps }): Panel {
  return new bargauge.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .span(size[0])
    .height(size[1])
    .min(0)
    .targets([instantQuery(query, 0)])
    .reduceOptions(lastValue())
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .showUnfilled(false)
    .colorScheme(colorBy(dashboard.FieldColorModeId.Thresholds))
    .thresholds(thresholds(steps, 'blue'));
}

/** How often each bucket of a histogram was hit; `unit` is that of the buckets. */
export function heatmapPanel({ title, description, unit, size, query }: PanelText & { readonly query: Query }): Panel {
  return new heatmap.PanelBuilder()
    .title(title)
    .description(description)
    .unit('short')
    .span(size[0])
    .height(size[1])
    .targets([rangeQuery(query, 0).format(prometheus.PromQueryFormat.Heatmap)])
    .calculate(false)
    .yAxis(new heatmap.YAxisConfigBuilder().unit(unit).min(0))
    .cellValues(new heatmap.CellValuesBuilder().unit('short'))
    .color(new heatmap.HeatmapColorOptionsBuilder().mode(heatmap.HeatmapColorMode.Scheme).scheme('Oranges').steps(64))
    .hideLegend();
}

/** A band for each series, coloured by its state. */
export function timelinePanel({
  title,
  description,
  unit,
  size,
  query,
  words,
}: PanelText & { readonly query: Query; readonly words: Words }): Panel {
  return new statetimeline.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .span(size[0])
    .height(size[1])
    .targets([rangeQuery(query, 0)])
    .colorScheme(colorBy(dashboard.FieldColorModeId.Thresholds))
    .thresholds(thresholds([], 'text'))
    .mappings(mappings(words))
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.8)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(false)
        .displayMode(common.LegendDisplayMode.List)
        .placement(common.LegendPlacement.Bottom)
        .calcs([]),
    );
}
