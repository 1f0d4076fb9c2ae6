import pg from 'pg';
import { seededRandom } from '../seeded-random.ts';

/**
 * An application that writes a table and, in the same transaction, the same rows into a ledger that no migration touches. Whatever becomes of a
 * transaction becomes of both, so at any quiet moment the table must hold exactly what the ledger holds: a lost row, a ghost, an old version
 * and a row twice all show.
 */
export interface LedgerWriters extends AsyncDisposable {
  /** Statements on the table that were committed so far. */
  readonly statements: number;
  /** Errors that the application saw, each with its operation; a migration must cause none. */
  readonly errors: readonly string[];
  /** How long statements on the table took, milliseconds, in no order. */
  readonly latencies: readonly number[];
  /** Ends when the transactions at work have. */
  stop(): Promise<void>;
}

export interface LedgerOptions {
  /** `(id bigint, org_id integer, occurred_at timestamptz, amount numeric, note text)`, unique by (id, occurred_at). */
  readonly table: string;
  readonly writers: number;
  /** Rows are of this stretch of time. */
  readonly from: string;
  readonly days: number;
  /** Pause between transactions of a writer; 0: none. Milliseconds. */
  readonly pauseMs: number;
  /** The application's own limit for a statement and for its waits. */
  readonly budgetMs: number;
  readonly seed: number;
  /** Of the transactions of every second writer. */
  readonly isolation?: 'repeatable read';
}

/** The ledger's table; made by `createLedger`. */
export const ledgerTable = 'public.ledger';

/** Makes the ledger with the rows that `table` has now. */
export async function createLedger(url: string, table: string): Promise<void> {
  await once(
    url,
    `CREATE TABLE ${ledgerTable} AS SELECT id, org_id, occurred_at, amount, note FROM ${table}; CREATE INDEX ON ${ledgerTable} (id)`,
  );
}

/** Rows in which table and ledger differ, as texts that say on which side they are; empty when the table is right. `part`: of which rows of the ledger. */
export async function compareLedger(url: string, table: string, part = 'true'): Promise<readonly string[]> {
  const columns = 'id, org_id, occurred_at, amount, note';
  const only = (what: string, a: string, b: string): string =>
    `(SELECT '${what} ' || x::text AS difference FROM (SELECT ${columns} FROM ${a} EXCEPT ALL SELECT ${columns} FROM ${b}) AS x LIMIT 20)`;
  const ledger = `(SELECT * FROM ${ledgerTable} WHERE ${part}) AS l`;
  const rows = await once(url, `${only('lost', ledger, table)} UNION ALL ${only('ghost', table, ledger)}`);
  return rows.map((row) => String(row['difference']));
}

type Random = () => number;

interface Writer {
  readonly options: LedgerOptions;
  readonly random: Random;
  readonly number: number;
  readonly client: pg.Client;
  /** Ids that this writer made; each belongs to one writer alone. */
  readonly ids: string[];
  nextId: number;
}

export async function startLedgerWriters(url: string, options: LedgerOptions): Promise<LedgerWriters> {
  const state = { statements: 0, errors: [] as string[], latencies: [] as number[], isStopping: false };
  const timed = async (client: pg.Client, sql: string, parameters: readonly unknown[]): Promise<pg.QueryResult> => {
    const startedAt = performance.now();
    const result = await client.query(sql, [...parameters]);
    state.latencies.push(performance.now() - startedAt);
    return result;
  };
  const work = async (writer: Writer): Promise<void> => {
    while (!state.isStopping) {
      const operation = choose(writer.random);
      try {
        const isolated = options.isolation !== undefined && writer.number % 2 === 1;
        await writer.client.query(isolated ? `BEGIN ISOLATION LEVEL ${options.isolation}` : 'BEGIN');
        const done = await operations[operation](writer, (sql, parameters) => timed(writer.client, sql, parameters));
        await writer.client.query('COMMIT');
        state.statements += done;
      } catch (error) {
        state.errors.push(`${operation}: ${error instanceof Error ? error.message : String(error)}`);
        await writer.client.query('ROLLBACK').catch(() => undefined);
        if (state.errors.length > 100) return;
      }
      if (options.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, options.pauseMs));
    }
  };
  const writers = await Promise.all(Array.from({ length: options.writers }, (_, number) => openWriter(url, options, number)));
  const working = writers.map(work);
  const stop = async (): Promise<void> => {
    state.isStopping = true;
    await Promise.all(working);
    await Promise.all(writers.map(({ client }) => client.end().catch(() => undefined)));
  };
  return {
    get statements() {
      return state.statements;
    },
    errors: state.errors,
    latencies: state.latencies,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function openWriter(url: string, options: LedgerOptions, number: number): Promise<Writer> {
  const client = new pg.Client({ connectionString: url, application_name: `test:ledger-${number}` });
  client.on('error', () => undefined);
  await client.connect();
  await client.query(`SET statement_timeout = ${options.budgetMs}; SET lock_timeout = ${options.budgetMs}`);
  const { rows } = await client.query<{ id: string }>(`SELECT id::text AS id FROM ${ledgerTable} WHERE id % $1 = $2`, [
    options.writers,
    number,
  ]);
  // Beyond those of writers that were there before: an id that came twice would be moved onto itself.
  const known = await client.query<{ next: string }>(`SELECT greatest(1000000000, max(id) + 1)::text AS next FROM ${ledgerTable}`);
  const from = Number(known.rows[0]?.next);
  const first = from + ((((number - from) % options.writers) + options.writers) % options.writers);
  return { options, random: seededRandom(options.seed + number), number, client, ids: rows.map(({ id }) => id), nextId: first };
}

type Send = (sql: string, parameters: readonly unknown[]) => Promise<pg.QueryResult>;
/** Answers how many statements on the table it was. */
type Operation = (writer: Writer, send: Send) => Promise<number>;
type OperationName = 'insert' | 'update' | 'move' | 'delete' | 'upsert' | 'many' | 'savepoint';

const shares: readonly (readonly [OperationName, number])[] = [
  ['insert', 0.3],
  ['update', 0.3],
  ['move', 0.12],
  ['delete', 0.1],
  ['upsert', 0.08],
  ['many', 0.05],
  ['savepoint', 0.05],
];

function choose(random: Random): OperationName {
  let left = random();
  for (const [name, share] of shares) {
    left -= share;
    if (left < 0) return name;
  }
  return 'insert';
}

const insertInto = (table: string): string =>
  `INSERT INTO ${table} (id, org_id, occurred_at, amount, note) VALUES ($1, $2, $3::timestamptz, $4, $5)`;

const operations: Readonly<Record<OperationName, Operation>> = {
  insert: async (writer, send) => {
    const row = newRow(writer);
    await send(insertInto(writer.options.table), row);
    await writer.client.query(insertInto(ledgerTable), [...row]);
    writer.ids.push(String(row[0]));
    return 1;
  },
  update: async (writer, send) => {
    const id = pick(writer);
    const parameters = [id, Math.round(writer.random() * 1e6) / 100];
    await send(`UPDATE ${writer.options.table} SET amount = $2 WHERE id = $1`, parameters);
    await writer.client.query(`UPDATE ${ledgerTable} SET amount = $2 WHERE id = $1`, parameters);
    return 1;
  },
  move: async (writer, send) => {
    const parameters = [pick(writer), occurredAt(writer)];
    await send(`UPDATE ${writer.options.table} SET occurred_at = $2::timestamptz WHERE id = $1`, parameters);
    await writer.client.query(`UPDATE ${ledgerTable} SET occurred_at = $2::timestamptz WHERE id = $1`, parameters);
    return 1;
  },
  delete: async (writer, send) => {
    const id = pick(writer);
    await send(`DELETE FROM ${writer.options.table} WHERE id = $1`, [id]);
    await writer.client.query(`DELETE FROM ${ledgerTable} WHERE id = $1`, [id]);
    const index = writer.ids.indexOf(id);
    if (index >= 0) writer.ids.splice(index, 1);
    return 1;
  },
  upsert: async (writer, send) => {
    const row = newRow(writer);
    const conflict = ' ON CONFLICT (id, occurred_at) DO UPDATE SET note = excluded.note';
    await send(insertInto(writer.options.table) + conflict, row);
    await send(insertInto(writer.options.table) + conflict, [...row.slice(0, 4), 'again']);
    await writer.client.query(insertInto(ledgerTable), [...row.slice(0, 4), 'again']);
    writer.ids.push(String(row[0]));
    return 2;
  },
  many: async (writer, send) => {
    const ids = Array.from({ length: 5 }, () => pick(writer));
    const sql = (table: string): string =>
      `UPDATE ${table} SET amount = amount + 1, occurred_at = occurred_at + interval '1 hour' WHERE id = ANY($1)`;
    await send(sql(writer.options.table), [ids]);
    await writer.client.query(sql(ledgerTable), [ids]);
    return 1;
  },
  savepoint: async (writer, send) => {
    const row = newRow(writer);
    const id = pick(writer);
    await send(insertInto(writer.options.table), row);
    await writer.client.query('SAVEPOINT s');
    await send(`UPDATE ${writer.options.table} SET note = 'never' WHERE id = ANY($1)`, [[row[0], id]]);
    await writer.client.query('ROLLBACK TO SAVEPOINT s');
    await writer.client.query(insertInto(ledgerTable), [...row]);
    writer.ids.push(String(row[0]));
    return 2;
  },
};

function newRow(writer: Writer): readonly unknown[] {
  const id = writer.nextId;
  writer.nextId += writer.options.writers;
  return [id, Math.floor(writer.random() * 100), occurredAt(writer), Math.round(writer.random() * 1e6) / 100, `by ${writer.number}`];
}

function pick({ ids, random }: Writer): string {
  return ids[Math.floor(random() * ids.length)] ?? '-1';
}

function occurredAt({ options, random }: Writer): string {
  const from = Date.parse(options.from);
  return new Date(from + Math.floor(random() * options.days * 86_400_000)).toISOString();
}

async function once(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url, application_name: 'test:ledger' });
  await client.connect();
  try {
    const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql);
    return Array.isArray(result) ? [] : (result.rows as Record<string, unknown>[]);
  } finally {
    await client.end();
  }
}
