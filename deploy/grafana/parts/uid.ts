import { createHash } from 'node:crypto';

/** The md5 of the file's name: the same in every installation, so that links and the `dashboard_url` of alerts hold. */
export function dashboardUid(file: string): string {
  return createHash('md5').update(file).digest('hex');
}

/** From a row of a table panel to the dashboard of that table; the other variables and the time come along. */
export const tableLink: { readonly title: string; readonly url: string; readonly targetBlank: boolean } = {
  title: 'Open this table',
  url: `/d/${dashboardUid('table.json')}?$\{datasource:queryparam}&$\{cluster:queryparam}&$\{job:queryparam}&$\{instance:queryparam}&var-database=$\{__data.fields.database}&var-schema=$\{__data.fields.schema}&var-table=$\{__data.fields.table}&$\{__url_time_range}`,
  targetBlank: false,
};
