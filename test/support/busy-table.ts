import type { Reader } from './reader.ts';

/**
 * A policy under which there is always something to do: `public.<name>`, ten ids a partition, the next four made ahead, all but the last
 * hundred ids dropped, and each task looks once a second. A writer (`startRowWriter`) that goes on counting keeps it moving.
 */
export function busyPolicy(name: string): string {
  return `{ table: public.${name}, interval: 10, premake: 4, retention: { keep: 100, action: drop, grace: 0 days } }`;
}

/** As `busyPolicy`, but what leaves is only detached, so that every row can be counted. */
export function detachingPolicy(name: string): string {
  return `{ table: public.${name}, interval: 10, premake: 4, retention: { keep: 100, action: detach } }`;
}

/** As `busyPolicy`, but nothing ever leaves: every row that was written can be counted. */
export function growingPolicy(name: string): string {
  return `{ table: public.${name}, interval: 10, premake: 4 }`;
}

export const everySecond: string =
  'schedules: { provision: "* * * * * *", retention: "* * * * * *", maintenance: off, index: off, collect: "* * * * * *" }\nsafety: { maxRemovals: 100 }';

export async function createBusyTable(database: Reader, name: string): Promise<void> {
  await database.query(`CREATE TABLE public.${name} (id int8 PRIMARY KEY) PARTITION BY RANGE (id)`);
}

/** Bounds of the attached partitions, ascending. */
async function bounds(database: Reader, name: string): Promise<readonly { readonly from: number; readonly to: number }[]> {
  const rows = await database.query<{ from: string; to: string }>(
    `SELECT bound[1] AS "from", bound[2] AS "to" FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid,
       regexp_match(pg_get_expr(c.relpartbound, c.oid), $$FROM \\('(-?\\d+)'\\) TO \\('(-?\\d+)'\\)$$) AS bound
     WHERE i.inhparent = $1::regclass`,
    [`public.${name}`],
  );
  return rows.map(({ from, to }) => ({ from: Number(from), to: Number(to) })).toSorted((a, b) => a.from - b.from);
}

/** What is wrong with the partitions of a busy table whose greatest row is `written`; empty when nothing is. */
export async function partitionFaults(database: Reader, name: string, written: number): Promise<readonly string[]> {
  const present = await bounds(database, name);
  const holes = present.slice(1).flatMap(({ from }, index) => (from === present[index]?.to ? [] : [`hole before ${from}`]));
  const last = present.at(-1)?.to ?? 0;
  const wanted = (Math.floor(written / 10) + 5) * 10;
  return last < wanted ? [...holes, `the last partition ends at ${last}, rows at ${written} need ${wanted}`] : holes;
}
