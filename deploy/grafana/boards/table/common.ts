import { byTable, led } from '../../parts/query.ts';

/** Labels that queries group by and nobody reads on the dashboard of a table. */
export const hidden: readonly string[] = ['cluster', 'namespace', 'job', 'database'];

export const tableRows: readonly string[] = ['schema', 'table'];
export const tableName = '{{schema}}.{{table}}';

/** A family of the chosen tables; `more` are labels beyond those of the table. */
export function ofTable(name: string, more: readonly string[] = [], extra = ''): string {
  return led(name, [byTable, ...more].join(', '), 'table', extra);
}
