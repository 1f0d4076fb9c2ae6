import type pg from 'pg';
import type { MigrationPolicy } from '../../src/partition/migration/policy.ts';
import type { TestDatabase } from '../../test/support/database.ts';
import { type HandMadeEngine, handMade, handMadePolicy } from '../../test/support/migrate/hand-made.ts';
import type { PeerServer } from '../peer-server.ts';

/** An engine on tables that are there already, whose copy pauses for nothing. */
export async function openEngine(server: PeerServer, client: pg.Client): Promise<HandMadeEngine> {
  const nothing = 'SELECT 1';
  return await handMade(asTestDatabase(server, client), { source: nothing, target: nothing, migration: policyFor('counts') });
}

/** As fast as it goes: no pauses, and brakes that nothing on this machine can pull. */
export function policyFor(eachBatch: 'counts' | 'content', workers = 2): Partial<MigrationPolicy> {
  const { copy, verify } = handMadePolicy();
  return {
    copy: { ...copy, workers, pace: 0 },
    verify: { ...verify, eachBatch },
    brakes: { replicaLagMs: 600_000, slotWalBytes: 2 ** 40, commitLatencyFactor: 1_000 },
  };
}

/** A database of the server that `client` is connected to, as the support of the tests takes it. */
export function asTestDatabase(server: PeerServer, client: pg.Client, name = 'postgres'): TestDatabase {
  const no = (): Promise<never> => Promise.reject(new Error('a bench makes no roles and no tablespaces'));
  return {
    name,
    url: server.url(name),
    query: async <Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> =>
      (await client.query<Row>(sql, parameters === undefined ? undefined : [...parameters])).rows,
    client: () => server.client(name),
    createRole: no,
    createTablespace: no,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
