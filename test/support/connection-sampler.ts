import { setTimeout as delay } from 'node:timers/promises';
import type { TestDatabase } from './database.ts';

/** What one look at pg_stat_activity saw: connections by role and database, then by application name. */
export interface ConnectionSample {
  readonly atMs: number;
  readonly connections: readonly { readonly role: string; readonly database: string; readonly application: string; readonly pid: number }[];
}

/** Looks at all client connections of the server again and again; `await using` stops it. */
export interface ConnectionSampler extends AsyncDisposable {
  readonly samples: readonly ConnectionSample[];
}

export async function startConnectionSampler(database: TestDatabase, everyMs: number): Promise<ConnectionSampler> {
  const client = await database.client({ applicationName: 'test:sampler' });
  const samples: ConnectionSample[] = [];
  const stopping = new AbortController();
  const work = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const { rows } = await client.query<ConnectionSample['connections'][number]>(/* sql */ `
        SELECT usename AS role, datname AS database, application_name AS application, pid
        FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend' AND usename IS NOT NULL`);
      samples.push({ atMs: performance.now(), connections: rows });
      await delay(everyMs);
    }
  };
  const working = work().catch(() => undefined);
  return {
    samples,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await working;
    },
  };
}
