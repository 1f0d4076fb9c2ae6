import type { Reader } from './reader.ts';

/** A step that the journal says was carried out more than once for the same object; empty is what a test wants to see. */
export async function stepsDoneTwice(database: Reader): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(/* sql */ `
    SELECT concat_ws(' ', kind, partition_schema || '.' || partition_name, count(*)) AS line
    FROM partitiond.operation WHERE outcome = 'ok' GROUP BY kind, partition_schema, partition_name HAVING count(*) > 1 ORDER BY 1`);
  return rows.map(({ line }) => line);
}

/** Errors of steps that found their work done already, or by somebody else at the same time. */
export async function stepsThatCollided(database: Reader): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(/* sql */ `
    SELECT concat_ws(' ', kind, partition_name, who, error) AS line FROM partitiond.operation
    WHERE error ~ 'already exists|does not exist|is not a partition|would overlap|concurrently' ORDER BY started_at`);
  return rows.map(({ line }) => line);
}

/** Steps without an outcome that began before the current leader did: a claim has to end them, so there is none. */
export async function stepsForgotten(database: Reader): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(/* sql */ `
    SELECT concat_ws(' ', o.kind, o.partition_name, o.who, o.started_at) AS line
    FROM partitiond.operation AS o CROSS JOIN partitiond.leadership AS l
    WHERE o.outcome IS NULL AND o.started_at < l.since ORDER BY o.started_at`);
  return rows.map(({ line }) => line);
}

export interface CurrentLeadership {
  readonly epoch: number;
  readonly holder: string;
}

/** Null before the journal exists and before the first leader. */
export async function readLeadership(database: Reader): Promise<CurrentLeadership | null> {
  const [place] = await database.query<{ exists: boolean }>(`SELECT to_regclass('partitiond.leadership') IS NOT NULL AS exists`);
  if (place?.exists !== true) return null;
  const [row] = await database.query<{ epoch: string; holder: string }>('SELECT epoch, holder FROM partitiond.leadership');
  return row === undefined ? null : { epoch: Number(row.epoch), holder: row.holder };
}
