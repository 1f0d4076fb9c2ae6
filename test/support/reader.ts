import pg from 'pg';

/** Asks a server that comes and goes: each query is a connection of its own. */
export interface Reader {
  /** Rows with pg's usual JavaScript values (int8 as text). */
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

export function createReader(url: string): Reader {
  return {
    query: async <Row extends pg.QueryResultRow>(sql: string, parameters: readonly unknown[] = []): Promise<Row[]> => {
      const client = new pg.Client({ connectionString: url, application_name: 'test:reader', connectionTimeoutMillis: 10_000 });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return (await client.query<Row>(sql, [...parameters])).rows;
      } finally {
        await client.end().catch(() => undefined);
      }
    },
  };
}
