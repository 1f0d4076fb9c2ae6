import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { type PolicyFile, policyFile } from '../support/policy-file.ts';
import { runPartitiond, startPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const schema = `
  CREATE TABLE organisations (id bigint PRIMARY KEY);
  CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, org_id bigint REFERENCES organisations, at timestamptz NOT NULL, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
  CREATE INDEX ON events (org_id, at);`;

const withDefault = `${schema}
  CREATE TABLE events_default PARTITION OF events DEFAULT;
  INSERT INTO events (at) SELECT timestamptz '2020-01-01Z' + i * interval '1 minute' FROM generate_series(1, 1000) AS i;`;

/** Four months before this one, whatever month that is; the oldest is named events_oldest. */
const withHistory = `${schema}
  SET TimeZone = 'UTC';
  DO $$ DECLARE first timestamptz; BEGIN
    FOR i IN 1..4 LOOP
      first := date_trunc('month', now()) - i * interval '1 month';
      EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
        CASE i WHEN 4 THEN 'events_oldest' ELSE to_char(first, '"events_"YYYY_MM') END, first, first + interval '1 month');
    END LOOP; END $$;
  INSERT INTO events (at) SELECT date_trunc('month', now()) - interval '4 months' + i * interval '1 hour' FROM generate_series(1, 2000) AS i;`;

const provisioned = '{ table: public.events, interval: 1 month, premake: 3 }';
const guarded = '{ table: public.events, interval: 1 month, premake: 3, defaultPartition: keep }';
const retired = '{ table: public.events, interval: 1 month, premake: 3, retention: { keep: 2 months, action: drop, grace: 0 } }';

const impatient = 'safety: { lockBudget: 20s }';

/** Everything that a step can leave in the catalog: relations, bounds, pending detaches, constraints, indexes; and what the journal awaits. */
async function fingerprint(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(`
    SELECT format('relation %s %s %s %s', c.relname, c.relkind, pg_get_expr(c.relpartbound, c.oid), i.inhdetachpending) AS line
      FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'i', 'I')
    UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, contype, pg_get_constraintdef(oid)) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    ORDER BY 1`);
  const awaited = await database.query<{ line: string }>(`
    SELECT 'detached ' || name AS line FROM partitiond.detached_partition WHERE pg_catalog.to_regclass(format('%I.%I', schema_name, name)) IS NOT NULL ORDER BY 1`);
  return [...rows, ...awaited].map((row) => row.line);
}

async function undisturbed(setup: string, table: string): Promise<readonly string[]> {
  await using database = await createDatabase();
  await database.query(setup);
  using file = policyFile(database, [table], impatient);
  expect((await runPartitiond(['apply', '--config', file.path])).exitCode).toBe(0);
  return await fingerprint(database);
}

async function convergesAfterKill(
  setup: string,
  table: string,
  park: (database: TestDatabase) => Promise<{ release(): Promise<void> }>,
  isParked: (database: TestDatabase) => Promise<unknown>,
): Promise<void> {
  await using database = await createDatabase();
  await database.query(setup);
  using file = policyFile(database, [table], impatient);
  const parked = await park(database);
  {
    await using program = startPartitiond(['apply', '--config', file.path]);
    await isParked(database);
    program.signal('SIGKILL');
    expect((await program.exited).signal).toBe('SIGKILL');
  }
  await parked.release();
  await expectConverged(database, file, setup, table);
}

async function expectConverged(database: TestDatabase, file: PolicyFile, setup: string, table: string): Promise<void> {
  // The server notices a killed client only at its next message; until then its session may still hold locks.
  await waitFor(
    'the killed session to end',
    () =>
      database.query(
        "SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'partitiond%'",
      ),
    (rows) => rows.length === 0,
    { timeoutMs: 30_000 },
  );
  const again = await runPartitiond(['apply', '--config', file.path]);
  expect(again.stderr + again.stdout).not.toContain('bug in partitiond');
  expect(again.exitCode).toBe(0);
  expect(await fingerprint(database)).toEqual(await undisturbed(setup, table));
  const idle = await runPartitiond(['plan', '--exit-code', '--config', file.path]);
  expect(idle.exitCode).toBe(0);
}

function holding(sql: string): (database: TestDatabase) => Promise<{ release(): Promise<void> }> {
  return async (database) => {
    const client = await database.client({ applicationName: 'holder' });
    await client.query('BEGIN');
    await client.query(sql);
    return {
      release: async () => {
        await client.query('ROLLBACK');
      },
    };
  };
}

/** pg_stat_activity cuts queries at 1,024 bytes; the step's name leads each. */
const waitingFor = (pattern: RegExp) => (database: TestDatabase) => waitForLockWaiter(database, (lock) => pattern.test(lock.query));

describe('after kill -9 a further run converges', () => {
  it('when killed while ATTACH waits for the parent', async () => {
    await convergesAfterKill(
      schema,
      provisioned,
      holding('LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE'),
      waitingFor(/create-partition/),
    );
  });

  it('when killed while ATTACH waits for a referenced table', async () => {
    await convergesAfterKill(
      schema,
      provisioned,
      holding('LOCK TABLE organisations IN ROW EXCLUSIVE MODE'),
      waitingFor(/create-partition/),
    );
  });

  it('when killed before the guard could be added to the default partition', async () => {
    await convergesAfterKill(
      withDefault,
      guarded,
      holding('LOCK TABLE events_default IN ACCESS SHARE MODE'),
      waitingFor(/create-partition/),
    );
  });

  it('when killed with the guard in place, before ATTACH', async () => {
    await convergesAfterKill(withDefault, guarded, holding('LOCK TABLE ONLY events IN SHARE UPDATE EXCLUSIVE MODE'), async (database) => {
      await waitingFor(/create-partition/)(database);
      const guards = await database.query("SELECT FROM pg_constraint WHERE conname LIKE 'partitiond_guard%'");
      expect(guards.length).toBeGreaterThan(0);
    });
  });

  it('when killed in the middle of DETACH CONCURRENTLY', async () => {
    const reader = holding('SELECT count(*) FROM events');
    await convergesAfterKill(withHistory, retired, reader, (database) =>
      waitFor(
        'a pending detach',
        () => database.query('SELECT inhrelid FROM pg_inherits WHERE inhdetachpending'),
        (rows) => rows.length > 0,
      ),
    );
  });

  it('when killed while DROP waits for a reader of the detached table', async () => {
    // The reader of the partition alone lets the detach be marked, then blocks its second phase or the drop.
    const park = holding('LOCK TABLE events_oldest IN ACCESS SHARE MODE');
    await convergesAfterKill(withHistory, retired, park, waitingFor(/detach-partition|DETACH PARTITION|drop-table/));
  });

  it('when killed at any moment', async () => {
    const expected = await undisturbed(withHistory, retired);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 150, max: 900 }), async (afterMs) => {
        await using database = await createDatabase();
        await database.query(withHistory);
        using file = policyFile(database, [retired], impatient);
        for (let crash = 0; crash < 3; crash++) {
          await using program = startPartitiond(['apply', '--config', file.path]);
          const timer = setTimeout(() => program.signal('SIGKILL'), afterMs + 37 * crash);
          await program.exited;
          clearTimeout(timer);
        }
        await waitFor(
          'an undisturbed run to succeed',
          () => runPartitiond(['apply', '--config', file.path]),
          (result) => result.exitCode === 0,
          { timeoutMs: 30_000, pollMs: 500 },
        );
        expect(await fingerprint(database)).toEqual(expected);
      }),
      { numRuns: 6 },
    );
  });
});

describe('after a terminated connection a further run converges', () => {
  it('when the backend is terminated while a step waits', async () => {
    await using database = await createDatabase();
    await database.query(schema);
    using file = policyFile(database, [provisioned], impatient);
    const parked = await holding('LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE')(database);
    await using program = startPartitiond(['apply', '--config', file.path]);
    const waiter = await waitForLockWaiter(database, (lock) => /create-partition/.test(lock.query));
    await database.query('SELECT pg_terminate_backend($1)', [waiter.pid]);
    const result = await program.exited;
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toMatch(/terminat|lost|connection/i);
    await parked.release();
    await expectConverged(database, file, schema, provisioned);
  });
});
