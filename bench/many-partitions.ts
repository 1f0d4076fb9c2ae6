import type pg from 'pg';
import type { PeerServer } from './peer-server.ts';

/** Tables `t0`, `t1`, ... of daily partitions, up to the day that `premake: 4` asks for: a pass finds nothing to do. */
export interface ManyPartitions {
  readonly tables: number;
  readonly perTable: number;
}

const ahead = 4;
/** In one transaction: each new table takes locks, which are few thousand for each connection. */
const perTransaction = 250;

/**
 * Makes the partitions, bare: no index, no row. Four connections work on different parents, for one parent is locked by who adds to it; the
 * cost of one more partition grows with those that its parent has.
 */
export async function makePartitions(server: PeerServer, database: string, { tables, perTable }: ManyPartitions): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 4 }, () => server.client(database)));
  let next = 0;
  const work = async (client: pg.Client): Promise<void> => {
    await client.query("SET TimeZone = 'UTC'");
    for (let table = next++; table < tables; table = next++) {
      await client.query(`CREATE TABLE t${table} (id bigint NOT NULL, created_at timestamptz NOT NULL) PARTITION BY RANGE (created_at)`);
      for (let first = ahead - perTable + 1; first <= ahead; first += perTransaction) {
        await client.query(partitionsSql(table, first, Math.min(first + perTransaction - 1, ahead)));
      }
    }
    await client.end();
  };
  await Promise.all(clients.map(work));
}

function partitionsSql(table: number, first: number, last: number): string {
  return `DO $$ BEGIN FOR i IN ${first}..${last} LOOP
    EXECUTE format('CREATE TABLE t${table}_p%s PARTITION OF t${table} FOR VALUES FROM (%L) TO (%L)',
      to_char(current_date + i, 'YYYY_MM_DD'), (current_date + i)::timestamptz, (current_date + i + 1)::timestamptz);
  END LOOP; END $$`;
}

/** The tables of `makePartitions` under `databases` of a configuration. */
export function databaseEntry(name: string, url: string, tables: number): string {
  const entries = Array.from({ length: tables }, (_, i) => `      - { table: public.t${i} }`).join('\n');
  return `  - name: ${name}\n    url: "${url}"\n    tables:\n${entries}\n`;
}

/** Nothing fires by itself within minutes of a start: what runs, runs because the bench asks for it. */
export function farSchedules(): string {
  const minute = (new Date().getUTCMinutes() + 50) % 60;
  return `schedules: { ${['provision', 'retention', 'maintenance', 'index', 'collect'].map((task) => `${task}: "${minute} * * * *"`).join(', ')} }\n`;
}

/** Without maintenance unless `maintenance` says otherwise: no bench but that of maintenance measures what it costs. */
export function tableDefaults(maintenance = 'false'): string {
  const keys = ['interval: 1 day', 'premake: 4', 'name: "{table}_p{yyyy}_{mm}_{dd}"', 'retention: { keep: 24 months, action: drop }'];
  return `defaults: { ${keys.join(', ')}, maintenance: ${maintenance} }\n`;
}
