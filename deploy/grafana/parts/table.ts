import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as table from '@grafana/grafana-foundation-sdk/table';
import { colorBy, instantQuery, mappings, type Panel, type PanelText, refId, type Steps, thresholds, type Words } from './panel.ts';
import { tableLink } from './uid.ts';

interface Column {
  readonly title: string;
  readonly expr: string;
  readonly unit: string;
  /** Colours of the cell's text. */
  readonly steps?: Steps;
  readonly base?: string;
  readonly words?: Words;
  readonly decimals?: number;
}

interface TableOptions extends Omit<PanelText, 'unit'> {
  /** Labels that make a row, in the order of the first columns. Rows of several queries meet where all labels are equal. */
  readonly rows: readonly string[];
  /** Labels that queries group by and nobody wants to read. */
  readonly hidden?: readonly string[];
  readonly columns: readonly Column[];
  readonly sortBy: string;
  readonly descending?: boolean;
  readonly noValue?: string;
}

/** A row for each set of labels, a column for each query; the name of a table leads to its own dashboard. */
export function tablePanel(options: TableOptions): Panel {
  const { title, description, size, columns, sortBy, descending = false } = options;
  const [first] = columns;
  const panel = new table.PanelBuilder()
    .title(title)
    .description(description)
    .unit(first?.unit ?? 'short')
    .span(size[0])
    .height(size[1])
    .noValue(options.noValue ?? '')
    .targets(columns.map(({ expr }, index) => instantQuery({ expr, legend: '' }, index).format(prometheus.PromQueryFormat.Table)))
    .colorScheme(colorBy(dashboard.FieldColorModeId.Thresholds))
    .thresholds(thresholds([], 'text'))
    .cellHeight(common.TableCellHeight.Sm)
    .sortBy([new common.TableSortByFieldStateBuilder().displayName(sortBy).desc(descending)])
    .withTransformation({ id: 'merge', options: {} })
    .withTransformation({ id: 'organize', options: arrange(options) });
  for (const column of columns) panel.overrideByName(column.title, properties(column));
  if (options.rows.includes('table')) panel.overrideByName('table', [{ id: 'links', value: [tableLink] }]);
  return panel;
}

function arrange({ rows, hidden = [], columns }: TableOptions): Readonly<Record<string, unknown>> {
  // With a single query Grafana calls its column plainly Value.
  const names = columns.map((_, index) => (columns.length === 1 ? 'Value' : `Value #${refId(index)}`));
  return {
    excludeByName: Object.fromEntries(['Time', ...hidden].map((name) => [name, true])),
    indexByName: Object.fromEntries([...rows, ...names].map((name, index) => [name, index])),
    renameByName: Object.fromEntries(names.map((name, index) => [name, columns[index]?.title])),
  };
}

function properties({ unit, steps, base, words, decimals }: Column): dashboard.DynamicConfigValue[] {
  const colored = steps !== undefined || words !== undefined;
  return [
    { id: 'unit', value: unit },
    ...(decimals === undefined ? [] : [{ id: 'decimals', value: decimals }]),
    ...(words === undefined ? [] : [{ id: 'mappings', value: mappings(words) }]),
    ...(steps === undefined ? [] : [{ id: 'thresholds', value: thresholds(steps, base).build() }]),
    ...(colored ? [{ id: 'custom.cellOptions', value: { type: common.TableCellDisplayMode.ColorText } }] : []),
  ];
}
