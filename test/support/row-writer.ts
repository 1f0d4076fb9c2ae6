import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

/** An application that goes on writing rows 1, 2, 3, ... whatever happens; `await using` stops it. */
export interface RowWriter extends AsyncDisposable {
  /** The greatest id of which the server has confirmed that it is stored: all smaller ones are stored too. */
  readonly written: number;
  /** Stops after the row in work and says how many rows there must be. */
  stop(): Promise<number>;
}

const statementTimeoutMs = 5_000;

/**
 * Inserts into `table (id int8 PRIMARY KEY, ...)` one row each `everyMs`, on one connection that it opens anew when it is lost. A row that
 * fails (no partition yet, server away) is tried again until it is stored; so ids have no holes, and a lost row would be seen.
 */
export function startRowWriter(url: string, table: string, everyMs: number): RowWriter {
  let written = 0;
  const stopping = new AbortController();
  let client: pg.Client | null = null;
  const connect = async (): Promise<pg.Client> => {
    const fresh = new pg.Client({
      connectionString: url,
      application_name: 'test:writer',
      connectionTimeoutMillis: statementTimeoutMs,
      query_timeout: statementTimeoutMs,
    });
    fresh.on('error', () => {
      client = null;
    });
    await fresh.connect();
    return fresh;
  };
  const writeOne = async (): Promise<void> => {
    try {
      client ??= await connect();
      await client.query(`INSERT INTO ${table} (id) VALUES ($1) ON CONFLICT DO NOTHING`, [written + 1]);
      written += 1;
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.severity === 'ERROR') return;
      await client?.end().catch(() => undefined);
      client = null;
    }
  };
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await writeOne();
      await delay(everyMs);
    }
    await client?.end().catch(() => undefined);
  };
  const working = work();
  const stop = async (): Promise<number> => {
    stopping.abort();
    await working;
    return written;
  };
  return {
    get written() {
      return written;
    },
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}
