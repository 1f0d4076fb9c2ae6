import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { TestDatabase } from '../../database.ts';
import { waitFor } from '../../wait-for.ts';
import { waitForLockWaiter } from '../../wait-for-lock.ts';

/** Something that goes wrong in a database, and how it is put right. */
export interface Fault {
  /** The alerts that it must cause, as of `nameOf`, and those that may come with them: tasks that fail because of it. */
  readonly alerts: readonly string[];
  /** Alerts that Prometheus fires and nobody is told of, as a worse one says it already. */
  readonly muted: readonly string[];
  strike(): Promise<void>;
  repair(): Promise<void>;
}

function fault(
  alerts: readonly string[],
  strike: () => Promise<unknown>,
  repair: () => Promise<unknown>,
  muted: readonly string[] = [],
): Fault {
  return {
    alerts,
    muted,
    strike: async () => {
      await strike();
    },
    repair: async () => {
      await repair();
    },
  };
}

/** A statement of SQL each. */
export function sqlFault(database: TestDatabase, alerts: readonly string[], strike: string, repair: string): Fault {
  return fault(
    alerts,
    () => database.query(strike),
    () => database.query(repair),
  );
}

/** A session that holds what `sql` takes until it is repaired. */
export function heldLock(
  database: TestDatabase,
  alerts: readonly string[],
  sql: string,
  options: { readonly afterwards?: string; readonly muted?: readonly string[] } = {},
): Fault {
  let holder: pg.Client | null = null;
  return fault(
    alerts,
    async () => {
      holder = await database.client({ applicationName: 'holder' });
      await holder.query(`BEGIN; ${sql}`);
      if (options.afterwards !== undefined) await database.query(options.afterwards);
    },
    async () => holder?.query('ROLLBACK'),
    options.muted,
  );
}

/**
 * Provisioning of a table stops, as somebody holds a lock that it needs, and what was made ahead lasts for `lastsMs` from now on. That leaves
 * a moment for the daemon between the two, so it is done again when that was made use of.
 */
export function runningOut(database: TestDatabase, alerts: readonly string[], table: string, lastsMs: number): Fault {
  let holder: pg.Client | null = null;
  const partitions = `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '${table}'::regclass`;
  const names = async (): Promise<readonly string[]> => (await database.query<{ name: string }>(partitions)).map(({ name }) => name);
  const cutShort = async (session: pg.Client): Promise<void> => {
    await session.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    const bounds = `FROM ('${new Date(Date.now() - 3_600_000).toISOString()}') TO ('${new Date(Date.now() + lastsMs).toISOString()}')`;
    const drops = (await names()).map((name) => `DROP TABLE ${name};`);
    await session.query(`${drops.join('')} CREATE TABLE ${table}_last PARTITION OF ${table} FOR VALUES ${bounds}; COMMIT`);
  };
  return fault(
    alerts,
    async () => {
      const session = await database.client({ applicationName: 'holder' });
      holder = session;
      await waitFor(
        'the lock, before anything is made',
        async () => {
          await session.query('ROLLBACK');
          await cutShort(session);
          await session.query(`BEGIN; LOCK TABLE ${table} IN SHARE UPDATE EXCLUSIVE MODE`);
          return await names();
        },
        (left) => left.length === 1,
        { timeoutMs: 30_000 },
      );
    },
    async () => holder?.query('ROLLBACK'),
  );
}

/**
 * A DETACH PARTITION CONCURRENTLY that is given up in the middle, behind a reader who stays; and others who want to read that partition and
 * queue up behind every attempt to finish the job.
 */
export function pendingDetach(
  database: TestDatabase,
  alerts: readonly string[],
  { table, partition }: { readonly table: string; readonly partition: string },
): Fault {
  const readers: Promise<void>[] = [];
  const repaired = new AbortController();
  let holder: pg.Client | null = null;
  const readAgainAndAgain = async (): Promise<void> => {
    const client = await database.client({ applicationName: 'reader' });
    while (!repaired.signal.aborted) {
      // Ended with the test, when that is over early.
      await client.query(`SELECT FROM ${partition} LIMIT 1`).catch(() => repaired.abort());
      await delay(50);
    }
  };
  return fault(
    alerts,
    async () => {
      holder = await database.client({ applicationName: 'holder' });
      await holder.query(`BEGIN; SELECT FROM ${table} LIMIT 1`);
      const detacher = await database.client({ applicationName: 'detacher' });
      const detach = detacher.query(`ALTER TABLE ${table} DETACH PARTITION ${partition} CONCURRENTLY`).catch(() => undefined);
      const { pid } = await waitForLockWaiter(database, ({ applicationName }) => applicationName === 'detacher');
      await database.query('SELECT pg_terminate_backend($1)', [pid]);
      await detach;
      for (let i = 0; i < 8; i += 1) readers.push(readAgainAndAgain());
    },
    async () => {
      repaired.abort();
      await holder?.query('ROLLBACK');
      await Promise.all(readers);
    },
  );
}

/** A partition that looks as if nobody had frozen it for `age` transactions; VACUUM (FREEZE) puts that right, as in earnest. */
export function oldAge(
  database: TestDatabase,
  alerts: readonly string[],
  partition: string,
  age: number,
  muted: readonly string[] = [],
): Fault {
  // Ids of transactions go round at 2^32; below 3 they have a meaning of their own, which is far from what is computed here.
  const aged = `UPDATE pg_catalog.pg_class
    SET relfrozenxid = (((pg_catalog.txid_current() - ${age}) % 4294967296 + 4294967296) % 4294967296)::text::xid
    WHERE oid = '${partition}'::regclass`;
  return fault(
    alerts,
    () => database.query(aged),
    () => database.query(`VACUUM (FREEZE) ${partition}`),
    muted,
  );
}

/**
 * Migrations of partitions that wait for a person, as the journal tells of them after hours and weeks of it: one that copies no more, one whose rows differ and
 * whose log nobody replays, one that was switched long ago.
 */
export function migrationsLeftAlone(database: TestDatabase, [copied, behind, switched]: readonly [string, string, string]): Fault {
  const begun = (table: string, phase: string, live: string): string => {
    const [schema, name] = table.split('.');
    return `INSERT INTO partitiond.migration (table_schema, table_name, source_oid, strategy, capture, spec, plan_hash, phase, live, who, paused_kind,
        paused_reason, progress_at, switched_at)
      VALUES ('${schema}', '${name}', '${table}'::regclass, 'copy', 'log', '{ "regrain": { "sources": [], "targets": [] } }', 'none', '${phase}', '${live}', 'test', 'disk', 'no room',
        now() - interval '1 hour', now() - interval '20 days')`;
  };
  const logOf = async (): Promise<string> => {
    const [row] = await database.query<{ id: string }>(`SELECT id::text FROM partitiond.migration WHERE phase = 'ready'`);
    return `partitiond.capture_${row?.id}`;
  };
  return fault(
    [
      `PartitiondMigrationStalled warning data ${copied}`,
      `PartitiondMigrationMismatch critical data ${behind}`,
      `PartitiondMigrationBacklog warning data ${behind}`,
      `PartitiondMigrationSoakLong warning data ${switched}`,
    ],
    async () => {
      await database.query(
        [begun(copied, 'backfill', 'source'), begun(behind, 'ready', 'source'), begun(switched, 'switched', 'target')].join(';'),
      );
      const log = await logOf();
      await database.query(`CREATE TABLE ${log} (seq int8, at timestamptz); INSERT INTO ${log} VALUES (1, now() - interval '1 hour');
        INSERT INTO partitiond.migration_mismatch (migration_id, kind, key) SELECT id, 'missing', '{1}' FROM partitiond.migration WHERE phase = 'ready'`);
    },
    async () => {
      await database.query(`DROP TABLE ${await logOf()}; DELETE FROM partitiond.migration`);
    },
  );
}
