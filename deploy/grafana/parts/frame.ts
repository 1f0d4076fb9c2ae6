import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { dataSource, type Panel } from './panel.ts';
import { byDatabase, matchers } from './query.ts';
import { dashboardUid } from './uid.ts';

/** Panels under one heading, left to right; a full width of 24 begins the next line. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Board {
  /** Of the file in deploy/grafana. */
  readonly file: string;
  /** Behind "partitiond / ". */
  readonly name: string;
  readonly description: string;
  readonly rows: readonly Row[];
  /** Variables beyond those that all have. */
  readonly variables: readonly dashboard.QueryVariableBuilder[];
}

/** What all our dashboards have in common: variables, links to each other, marks where the leader changed, UTC, one minute, not editable. */
export function buildDashboard({ file, name, description, rows, variables }: Board): dashboard.Dashboard {
  const builder = new dashboard.DashboardBuilder(`partitiond / ${name}`)
    .uid(dashboardUid(file))
    .description(description)
    .tags(['partitiond'])
    .timezone('utc')
    .refresh('1m')
    .time({ from: 'now-6h', to: 'now' })
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .readonly()
    .variables([...sharedVariables(), ...variables])
    .annotations([leaderChanges()])
    .links([linkToOthers()]);
  let id = 0;
  const nextId = (): number => {
    id += 1;
    return id;
  };
  for (const row of rows) {
    builder.withRow(new dashboard.RowBuilder(row.title).id(nextId()));
    for (const panel of row.panels) builder.withPanel(withDataSource(panel.id(nextId())));
  }
  return builder.build();
}

function withDataSource(panel: Panel): { build(): dashboard.Panel } {
  return { build: () => ({ ...panel.build(), datasource: dataSource }) };
}

function sharedVariables(): (dashboard.DatasourceVariableBuilder | dashboard.QueryVariableBuilder)[] {
  return [
    new dashboard.DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    // Many installations have no label cluster; then there is nothing to choose, and `.*` matches its absence.
    withAll(choice('cluster', 'Cluster', 'label_values(partitiond_build_info, cluster)'))
      .allValue('.*')
      .hide(dashboard.VariableHide.HideVariable),
    withAll(choice('job', 'Job', 'label_values(partitiond_build_info{cluster=~"$cluster"}, job)')),
    withAll(choice('instance', 'Instance', 'label_values(partitiond_build_info{cluster=~"$cluster",job=~"$job"}, instance)')),
    withAll(choice('database', 'Database', `label_values(partitiond_leader${matchers('process')}, database)`)),
  ];
}

/** A variable whose values Prometheus knows, asked again whenever the time changes. */
export function choice(name: string, label: string, query: string): dashboard.QueryVariableBuilder {
  return (
    new dashboard.QueryVariableBuilder(name)
      .label(label)
      .datasource(dataSource)
      .query({ query, refId: name, qryType: 1 })
      .definition(query)
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      // oxlint-disable-next-line unicorn/no-array-sort -- a setting of the variable, not an array
      .sort(dashboard.VariableSort.AlphabeticalAsc)
  );
}

function withAll(variable: dashboard.QueryVariableBuilder): dashboard.QueryVariableBuilder {
  return variable.multi(true).includeAll(true).allValue('.+').current({ text: 'All', value: '$__all', selected: true });
}

function leaderChanges(): dashboard.AnnotationQueryBuilder {
  const expr = `sum by (${byDatabase}) (changes(partitiond_leader_epoch${matchers('database')}[$__rate_interval])) > 0`;
  return new dashboard.AnnotationQueryBuilder()
    .name('Leader changes')
    .datasource(dataSource)
    .enable(true)
    .iconColor('purple')
    .expr(expr)
    .target(new prometheus.DataqueryBuilder().expr(expr).range().refId('Anno').datasource(dataSource))
    .titleFormat('New leader')
    .textFormat('{{database}}')
    .tagKeys('database');
}

function linkToOthers(): dashboard.DashboardLinkBuilder {
  return new dashboard.DashboardLinkBuilder('partitiond')
    .type(dashboard.DashboardLinkType.Dashboards)
    .tags(['partitiond'])
    .includeVars(true)
    .keepTime(true)
    .asDropdown(false)
    .targetBlank(false)
    .icon('external link')
    .tooltip('');
}
