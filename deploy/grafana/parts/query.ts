/** Where a panel looks: at processes, at the databases that are chosen, or at the tables that are chosen. */
export type Scope = 'process' | 'database' | 'table';

/** Labels of a database and of a table in Prometheus; `cluster` and `namespace` are empty where nobody sets them. */
export const byDatabase = 'cluster, namespace, job, database';
export const byTable: string = `${byDatabase}, schema, table`;

const scopeMatchers: Readonly<Record<Scope, string>> = {
  process: '',
  database: ',database=~"$database"',
  table: ',database=~"$database",schema=~"$schema",table=~"$table"',
};

/** Matchers of a family as it is scraped; `extra` is written behind them. */
export function matchers(scope: Scope, extra = ''): string {
  const more = extra === '' ? '' : `,${extra}`;
  return `{cluster=~"$cluster",job=~"$job",instance=~"$instance"${scopeMatchers[scope]}${more}}`;
}

/** A family of ours: `metric('leader', 'database')`. Names carry no `partitiond_` here. */
export function metric(name: string, scope: Scope, extra = ''): string {
  return `partitiond_${name}${matchers(scope, extra)}`;
}

/**
 * A family that only the leader exports, without its instance: for the moment in which two instances export it the larger value counts, so
 * that a failover doubles nothing.
 */
export function led(name: string, by: string, scope: Scope, extra = ''): string {
  return `max by (${by}) (${metric(name, scope, extra)})`;
}

/** A series of deploy/prometheus/partitiond.rules.yaml. It has no instance: which one led is of no interest there. */
export function recorded(name: string, scope: Scope): string {
  return `${name}{cluster=~"$cluster",job=~"$job"${scopeMatchers[scope]}}`;
}

/** Age of a time that is exported; `expression` yields seconds since 1970. */
export function age(expression: string): string {
  return `time() - ${expression}`;
}

/** Increase within the resolution of the graph, summed by labels. Sum of increases, as a new leader may start lower. */
export function increaseBy(by: string, name: string, scope: Scope, extra = ''): string {
  return `sum by (${by}) (increase(${metric(name, scope, extra)}[$__rate_interval]))`;
}

/** As `increaseBy`, without what did not happen: most reasons and outcomes are never seen, and would fill the legend. */
export function happened(by: string, name: string, scope: Scope): string {
  return `${increaseBy(by, name, scope)} > 0`;
}

/** The series of a selector that were the lowest or the highest in what is shown: the same ones all the way. */
export function extreme(which: 'lowest' | 'highest', count: number, selector: string): string {
  const pick = which === 'lowest' ? `bottomk(${count}, min_over_time(` : `topk(${count}, max_over_time(`;
  return `${selector} and ${pick}${selector}[$__range] @ end()))`;
}
