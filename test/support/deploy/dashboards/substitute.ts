import type { Dashboard } from './dashboard.ts';

/** Values of variables by name, as Grafana would write them into a query. */
export type Values = Readonly<Record<string, string>>;

/** One of each that parses, and that no expression holds by chance. */
export const sampleValues: Values = {
  __rate_interval: '5m',
  __range: '6h',
  __interval: '1m',
  cluster: 'CLUSTER',
  job: 'JOB',
  instance: 'INSTANCE',
  database: 'DATABASE',
  schema: 'SCHEMA',
  table: 'TABLE',
};

/** What a dashboard asks for with all chosen, over six hours: `.+`, or what a variable says itself, as cluster does, which may be absent. */
export function valuesForAll({ templating: { list } }: Dashboard): Values {
  const chosen = list.map(({ name, allValue }): readonly [string, string] => [name, allValue ?? '.+']);
  return { ...sampleValues, ...Object.fromEntries(chosen) };
}

/** Puts values in place of `$name` and `${name}`. Throws at a variable that has none. */
export function substitute(text: string, values: Values): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (written, braced: string | undefined, plain: string | undefined) => {
    const value = values[braced ?? plain ?? ''];
    if (value === undefined) throw new Error(`the variable ${written} has no value in ${text}`);
    return value;
  });
}
