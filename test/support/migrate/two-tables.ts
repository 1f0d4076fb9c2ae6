import type pg from 'pg';
import { sourceOf } from '../../../src/ddl/migration/replay/apply-entries.ts';
import type { BatchTicket } from '../../../src/migrate/batch-register.ts';
import { sidesOf } from '../../../src/partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../src/partition/qualified-name.ts';
import type { TestDatabase } from '../database.ts';
import type { HandMadeEngine } from './hand-made.ts';

/** Gives both tables of a hand-made engine the names that they have after a switch. */
export async function swapNames(database: TestDatabase, { spec }: HandMadeEngine): Promise<void> {
  await database.query(`ALTER TABLE ${formatQualifiedName(spec.table)} RENAME TO ${quoteIdentifier(spec.oldName.name)};
    ALTER TABLE ${formatQualifiedName(spec.targetName)} RENAME TO ${quoteIdentifier(spec.table.name)}`);
}

/** SQL that puts rows of the live table into the follower as a batch does; `clause` comes behind the table's name. */
export function copySql({ spec, record, id }: HandMadeEngine, clause = ''): string {
  const { live, follower } = sidesOf(spec, record.live);
  const names = spec.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  return `SET LOCAL partitiond.migration = '${id}';
    INSERT INTO ${formatQualifiedName(follower.name)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM ${sourceOf(live)} AS s ${clause}`;
}

/** Rows of one side that the other lacks, as texts that tell the side; none when both tables hold the same. */
export async function differences(database: TestDatabase, { spec, record }: HandMadeEngine): Promise<readonly string[]> {
  const { live, follower } = sidesOf(spec, record.live);
  const names = spec.comparedColumns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const texts = (table: string): string => `SELECT ROW(${names})::text AS x FROM ${table}`;
  const only = (what: string, a: string, b: string): string =>
    `SELECT '${what} ' || d.x AS difference FROM (${texts(a)} EXCEPT ALL ${texts(b)}) AS d`;
  const rows = await database.query<{ difference: string }>(
    `${only('missing', sourceOf(live), sourceOf(follower))} UNION ALL ${only('ghost', sourceOf(follower), sourceOf(live))}`,
  );
  return rows.map(({ difference }) => difference);
}

export async function logLength(database: TestDatabase, { id }: HandMadeEngine): Promise<number> {
  const [row] = await database.query<{ n: string }>(`SELECT count(*) AS n FROM partitiond.capture_${id}`);
  return Number(row?.n);
}

/** A batch in flight: registered, its snapshot known, its rows read and written, not committed. */
export interface HandMadeBatch {
  commit(): Promise<void>;
}

export async function beginBatch(engine: HandMadeEngine, client: pg.Client, clause = ''): Promise<HandMadeBatch> {
  const ticket: BatchTicket = engine.register.begin();
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  const { rows } = await client.query<{ snapshot: string }>('SELECT pg_current_snapshot()::text AS snapshot');
  ticket.know(rows[0]?.snapshot ?? '');
  await client.query(copySql(engine, clause));
  return {
    commit: async () => {
      await client.query('COMMIT');
      ticket.end();
    },
  };
}
