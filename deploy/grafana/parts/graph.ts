import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { colorBy, type Panel, type PanelText, type Query, rangeQuery, refId, type Steps, thresholds } from './panel.ts';

interface GraphOptions extends PanelText {
  readonly queries: readonly Query[];
  /** bars: things that happened in each step, stacked. areas: parts of a whole, stacked. */
  readonly draw?: 'lines' | 'bars' | 'areas';
  /** Lines across the graph where something begins to matter. */
  readonly limits?: Steps;
  /** The axis begins at 0 unless this is false: most of what we show is a count or an amount. */
  readonly fromZero?: boolean;
  /** Queries (by index) with an axis of their own at the right, and its unit. */
  readonly right?: { readonly queries: readonly number[]; readonly unit: string };
  /** Queries (by index) that are a wish or a limit: dashed. */
  readonly dashed?: readonly number[];
  /** In the legend of many lines; `max` by default. */
  readonly worst?: 'max' | 'min';
  readonly noValue?: string;
}

/** Values over time, all lines in one tooltip, the legend as a table with the last and the worst value. */
export function graphPanel(options: GraphOptions): Panel {
  const { title, description, unit, size, queries, draw = 'lines' } = options;
  const panel = new timeseries.PanelBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .span(size[0])
    .height(size[1])
    .targets(queries.map(rangeQuery))
    .colorScheme(colorBy(dashboard.FieldColorModeId.PaletteClassic))
    .lineWidth(draw === 'bars' ? 0 : 1)
    .fillOpacity({ lines: 5, bars: 80, areas: 40 }[draw])
    .drawStyle(draw === 'bars' ? common.GraphDrawStyle.Bars : common.GraphDrawStyle.Line)
    .showPoints(common.VisibilityMode.Never)
    .stacking(new common.StackingConfigBuilder().mode(draw === 'lines' ? common.StackingMode.None : common.StackingMode.Normal))
    .tooltip(tooltip())
    .legend(legend(draw === 'bars' ? ['sum'] : ['lastNotNull', options.worst ?? 'max']));
  addScale(panel, options);
  addAxesAndDashes(panel, options);
  return panel;
}

function addScale(panel: timeseries.PanelBuilder, { draw, limits, fromZero = true, noValue }: GraphOptions): void {
  if (fromZero) panel.min(0);
  if (noValue !== undefined || draw === 'bars') panel.noValue(noValue ?? 'nothing happened');
  if (limits === undefined) return;
  panel.thresholds(thresholds(limits, 'transparent'));
  panel.thresholdsStyle(new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed));
}

function addAxesAndDashes(panel: timeseries.PanelBuilder, { right, dashed = [] }: GraphOptions): void {
  for (const query of right?.queries ?? []) {
    panel.overrideByQuery(refId(query), [
      { id: 'unit', value: right?.unit },
      { id: 'custom.axisPlacement', value: common.AxisPlacement.Right },
    ]);
  }
  for (const query of dashed) {
    panel.overrideByQuery(refId(query), [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
    ]);
  }
}

function legend(calcs: string[]): common.VizLegendOptionsBuilder {
  return new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.Table)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs(calcs);
}

function tooltip(): common.VizTooltipOptionsBuilder {
  const options = new common.VizTooltipOptionsBuilder().mode(common.TooltipDisplayMode.Multi);
  // oxlint-disable-next-line unicorn/no-array-sort -- a setting of the tooltip, not an array
  return options.sort(common.SortOrder.Descending);
}
