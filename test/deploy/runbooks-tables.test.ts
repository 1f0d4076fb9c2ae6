import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { createEvents, createMonth, monthOf, onlyWhenTold, startLeader } from '../support/deploy/runbooks/broken-table.ts';
import { type Trial, tryRunbook } from '../support/deploy/runbooks/trial.ts';
import { policyFile } from '../support/policy-file.ts';
import { attachedPartitions } from '../support/reconcile.ts';
import { runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

const longWait = { timeoutMs: 60_000 };
const table = { 'SCHEMA.TABLE': 'public.events' };
const ahead = '{ table: public.events, interval: 1 month, premake: 3 }';

async function count(database: TestDatabase): Promise<number> {
  return (await attachedPartitions(database, 'public.events')).length;
}

/** The order that the runbook has for a leader: given when a daemon leads and has ended its first runs; `repair` undoes what those mended. */
async function orderLeader(trial: Trial, path: string, task: string, breakAgain: () => Promise<void>, isMended: () => Promise<boolean>) {
  await using leader = await startLeader(path, [task]);
  await breakAgain();
  expect(await isMended()).toBe(false);
  expect(await trial.curl(`task=${task}`, leader)).toMatchObject({ status: 202 });
  await waitFor('what the leader was told to do', isMended, (is) => is, longWait);
}

describe('provisioning', () => {
  it('that is low is found and mended', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    await runPartitiond(['pause', 'forgotten', '--config', file.path]);
    const trial = tryRunbook('PartitionRunwayLow', database, file.path, table);

    expect((await trial.partitiond('plan ')).stdout).toMatch(/create-partition/);
    expect(await trial.sql('pg_get_expr')).toHaveLength(1);
    expect(await trial.sql('partitiond.operation')).toEqual([]);
    expect(await trial.sql('partitiond.pause')).toEqual([expect.objectContaining({ reason: 'forgotten' })]);

    expect(await trial.partitiond('resume')).toMatchObject({ exitCode: 0 });
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await count(database)).toBe(4);
    const last = await monthOf(database, 3);
    expect((await trial.sql('pg_get_expr'))[0]?.['partition']).toBe(last.name.replace('public.', ''));
    const lose = async (): Promise<void> => void (await database.query(`DROP TABLE ${last.name}`));
    await orderLeader(trial, file.path, 'provision', lose, async () => (await count(database)) === 4);
    trial.assertAllTried();
  });

  it('that has used up its runway is mended by a leader, by apply, by the SQL of plan or by hand', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    using file = policyFile(database, [ahead], onlyWhenTold);
    const last = await monthOf(database, 3);
    const [next, third] = [await monthOf(database, 1), await monthOf(database, 2)];
    const lose = async (): Promise<void> => void (await database.query(`DROP TABLE ${next.name}, ${third.name}, ${last.name}`));
    const isMended = async (): Promise<boolean> => (await count(database)) === 4;
    const values = { ...table, 'SCHEMA.PARTITION': next.name, LOWER_BOUND: next.from, UPPER_BOUND: next.to };
    const trial = tryRunbook('PartitionRunwayExhausted', database, file.path, values);

    expect(await trial.sql('pg_get_expr')).toHaveLength(1);
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await isMended()).toBe(true);
    await lose();
    const { stdout } = await trial.partitiond('--sql');
    await database.query(stdout);
    expect(await isMended()).toBe(true);
    await lose();
    await trial.sql('ATTACH PARTITION');
    expect(await count(database)).toBe(2);
    await database.query(`INSERT INTO public.events VALUES (1, '${next.from}')`);
    // A row ahead of the clock counts as now, and one more partition would be wanted.
    await database.query('DELETE FROM public.events');
    await orderLeader(trial, file.path, 'provision', lose, isMended);
    trial.assertAllTried();
  });

  it('that rows in the default partition hold up is mended with those rows', async () => {
    await using database = await createDatabase();
    await createEvents(database, 0, 0);
    const next = await monthOf(database, 1);
    await database.query(`
      CREATE INDEX ON public.events (id);
      CREATE TABLE public.events_rest PARTITION OF public.events DEFAULT;
      INSERT INTO public.events VALUES (1, '${next.from}'), (2, '${next.from}'), (3, '1970-01-01Z')`);
    using file = policyFile(database, ['{ table: public.events, interval: 1 month, premake: 3, defaultPartition: keep }'], onlyWhenTold);
    const values = { ...table, 'SCHEMA.DEFAULT_PARTITION': 'public.events_rest', KEY_COLUMN: 'at' };
    const trial = tryRunbook('PartitionDefaultRows', database, file.path, values);

    const check = await trial.partitiond('check');
    expect(check.stdout).toMatch(/rows-in-default .*holds 3 rows.* They keep these partitions from being made: /s);
    expect(await trial.sql('partdefid')).toEqual([{ default_partition: 'events_rest' }]);
    expect((await trial.sql('GROUP BY')).map((row) => row['rows'])).toEqual(['1', '2']);

    trial.learn({ LOWER_BOUND: '1970-01-01Z', UPPER_BOUND: '1970-02-01Z' });
    await trial.sql("KEY_COLUMN < 'UPPER_BOUND';");
    trial.learn({ 'SCHEMA.PARTITION': next.name, LOWER_BOUND: next.from, UPPER_BOUND: next.to });
    await trial.sql('WITH moved AS');
    expect(await database.query(`SELECT id FROM ${next.name} ORDER BY id`)).toEqual([{ id: '1' }, { id: '2' }]);
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await trial.partitiond('check')).toMatchObject({ exitCode: 0 });
    const last = await monthOf(database, 3);
    const lose = async (): Promise<void> => void (await database.query(`DROP TABLE ${last.name}`));
    await orderLeader(trial, file.path, 'provision', lose, async () => (await count(database)) === 6);
    trial.assertAllTried();
  });

  it('that left holes is mended ahead of now by apply, and behind it by hand', async () => {
    await using database = await createDatabase();
    await createEvents(database, -4, -4);
    for (const month of [-2, -1, 0, 2]) await createMonth(database, month);
    using file = policyFile(database, [ahead], onlyWhenTold);
    const behind = await monthOf(database, -3);
    const values = { ...table, 'SCHEMA.PARTITION': behind.name, LOWER_BOUND: behind.from, UPPER_BOUND: behind.to };
    const trial = tryRunbook('PartitionCoverageGap', database, file.path, values);

    expect((await trial.partitiond('check')).stdout).toContain('gap');
    // pg reads instants of no other style.
    await database.query("SET DateStyle = 'ISO'");
    const holes = await trial.sql<{ hole_from: Date; hole_to: Date }>('regexp_match');
    const next = await monthOf(database, 1);
    expect(holes.map(({ hole_from, hole_to }) => [hole_from, hole_to])).toEqual(
      [behind, next].map(({ from, to }) => [new Date(from), new Date(to)]),
    );
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await trial.sql('regexp_match')).toHaveLength(1);
    await trial.sql('ATTACH PARTITION');
    expect(await trial.sql('regexp_match')).toEqual([]);
    expect(await trial.partitiond('check')).toMatchObject({ exitCode: 0 });
    const lose = async (): Promise<void> => void (await database.query(`DROP TABLE ${next.name}`));
    await orderLeader(trial, file.path, 'provision', lose, async () => (await trial.sql('regexp_match')).length === 0);
    trial.assertAllTried();
  });
});

describe('retention', () => {
  const kept = '{ table: public.events, interval: 1 month, premake: 1, retention: { keep: 2 months, action: detach } }';

  it('that a pause and a hold stop goes on without them', async () => {
    await using database = await createDatabase();
    await createEvents(database, -6, 1);
    using file = policyFile(database, [kept], onlyWhenTold);
    const config = ['--config', file.path];
    await runPartitiond(['pause', 'forgotten', ...config]);
    await database.query(`
      INSERT INTO partitiond.hold (table_schema, table_name, reason, who) VALUES ('public', 'events', 'lawyers', 'Ada');
      ALTER TABLE public.events ADD PRIMARY KEY (id, at);
      CREATE TABLE public.note (id bigint, at timestamptz, CONSTRAINT note_event FOREIGN KEY (id, at) REFERENCES public.events)`);
    const trial = tryRunbook('PartitionRetentionLag', database, file.path, table);

    expect((await trial.partitiond('plan')).stdout).toContain('on-hold');
    expect(await trial.sql('partitiond.pause')).toEqual([expect.objectContaining({ reason: 'forgotten' })]);
    const [hold] = await trial.sql('SELECT id, table_schema');
    expect(hold).toMatchObject({ reason: 'lawyers', who: 'Ada' });
    expect(await trial.sql('partitiond.operation')).toEqual([]);
    expect(await trial.sql('confrelid')).toEqual([expect.objectContaining({ from_table: 'note', conname: 'note_event' })]);

    expect(await trial.partitiond('resume')).toMatchObject({ exitCode: 0 });
    trial.learn({ HOLD_ID: String(hold?.['id']) });
    await trial.sql('DELETE FROM partitiond.hold');
    await database.query('DROP TABLE public.note');
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await count(database)).toBe(4);
    const again = async (): Promise<void> => await createMonth(database, -12);
    await orderLeader(trial, file.path, 'retention', again, async () => (await count(database)) === 4);
    trial.assertAllTried();
  });

  it('that a reader stopped in the middle of a detach is completed when he is gone', async () => {
    await using database = await createDatabase();
    await createEvents(database, -6, 1);
    using file = policyFile(database, [kept.replace('keep: 2', 'keep: 5')], onlyWhenTold);
    const trial = tryRunbook('PartitionDetachPending', database, file.path, table);
    const oldest = await monthOf(database, -6);
    await leavePending(database, oldest.name);

    const name = oldest.name.replace('public.', '');
    expect(await trial.sql('inhdetachpending')).toEqual([{ partition: name }]);
    const reader = await database.client({ applicationName: 'reader' });
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM public.events');
    const prepared = `${database.name}_prepared`;
    await database.query(`BEGIN; INSERT INTO public.events VALUES (1, now()); PREPARE TRANSACTION '${prepared}'`);
    const older = await trial.sql<{ pid: number | null; application_name: string }>('pg_prepared_xacts');
    expect(older.map((row) => row.application_name)).toEqual(expect.arrayContaining(['reader', prepared]));
    trial.learn({ BACKEND_PID: String(older.find((row) => row.application_name === 'reader')?.pid), PREPARED_NAME: prepared });
    await trial.sql('pg_terminate_backend');
    await trial.sql('ROLLBACK PREPARED');
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await trial.sql('inhdetachpending')).toEqual([]);

    const second = await monthOf(database, -4);
    await leavePending(database, second.name);
    trial.learn({ 'SCHEMA.PARTITION': second.name });
    await trial.sql('FINALIZE');
    expect(await count(database)).toBe(6);
    const third = await monthOf(database, -3);
    const again = async (): Promise<void> => await leavePending(database, third.name);
    await orderLeader(trial, file.path, 'retention', again, async () => (await count(database)) === 5);
    trial.assertAllTried();
  });

  it('that a guard has refused is told, stopped, and done when it is meant', async () => {
    await using database = await createDatabase();
    await createEvents(database, -13, 1);
    using file = policyFile(database, [kept], onlyWhenTold);
    const trial = tryRunbook('PartitiondRemovalRefused', database, file.path, table);
    {
      await using leader = await startLeader(file.path, ['retention']);
      const plan = await trial.partitiond('plan');
      expect(plan.stdout).toContain('(removal-budget): 11 partitions of public.events');
      trial.learn({ COUNT: /--allow-removals (\d+)/.exec(plan.stdout)?.[1] ?? 'not told' });
      expect(await trial.sql('hash_seen_at')).toEqual([expect.objectContaining({ generation: '1' })]);
      expect(await trial.sql('partitiond.operation')).toEqual([]);
      expect(await trial.partitiond('pause')).toMatchObject({ exitCode: 0 });
      expect(await trial.curl('/-/reload', leader)).toMatchObject({ status: 200 });
      expect(await trial.partitiond('resume')).toMatchObject({ exitCode: 0 });
      leader.program.signal('SIGTERM');
      await leader.program.exited;
    }
    expect(await count(database)).toBe(15);
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await count(database)).toBe(4);
    expect((await trial.sql('partitiond.operation')).length).toBeGreaterThan(0);
    trial.assertAllTried();
  });
});

/** A detach that waits for an older transaction, and is cancelled then. */
async function leavePending(database: TestDatabase, partition: string): Promise<void> {
  const holder = await database.client();
  await holder.query('BEGIN; SELECT count(*) FROM public.events');
  const detacher = await database.client({ applicationName: 'detacher' });
  const cut = detacher.query(`ALTER TABLE public.events DETACH PARTITION ${partition} CONCURRENTLY`).then(
    () => 'detached',
    () => 'cut',
  );
  await waitForLockWaiter(database, (lock) => lock.applicationName === 'detacher');
  await database.query(
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'detacher' AND datname = current_database()",
  );
  expect(await cut).toBe('cut');
  await Promise.all([holder.end(), detacher.end()]);
}

describe('upkeep', () => {
  const maintained = '{ table: public.events, interval: 1 month, premake: 1, maintenance: {} }';

  it('finds an index that met duplicates, and rebuilds it when they are gone', async () => {
    await using database = await createDatabase();
    await createEvents(database, -1, 1);
    const past = await monthOf(database, -1);
    await database.query(`INSERT INTO public.events SELECT 1, '${past.from}' FROM generate_series(1, 2)`);
    await expect(database.query(`CREATE UNIQUE INDEX CONCURRENTLY once ON ${past.name} (id)`)).rejects.toThrow(
      'could not create unique index',
    );
    using file = policyFile(database, [maintained], onlyWhenTold);
    const trial = tryRunbook('PartitionInvalidIndex', database, file.path, table);

    expect((await trial.partitiond('plan')).stdout).toContain('rebuild index public.once');
    expect(await trial.sql('NOT x.indisvalid')).toEqual([expect.objectContaining({ index: 'once', indisunique: true })]);
    expect(await trial.sql('pg_stat_progress_create_index')).toEqual([]);
    await database.query(`DELETE FROM public.events WHERE ctid = (SELECT min(ctid) FROM ${past.name})`);
    trial.learn({ 'SCHEMA.INDEX': 'public.once' });
    await trial.sql('REINDEX INDEX CONCURRENTLY');
    expect(await trial.sql('NOT x.indisvalid')).toEqual([]);

    const breakAgain = async (): Promise<void> =>
      void (await database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'once'::regclass"));
    await breakAgain();
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    expect(await trial.sql('NOT x.indisvalid')).toEqual([]);
    {
      await using leader = await startLeader(file.path, ['index', 'maintenance']);
      expect(await trial.curl('task=index', leader)).toMatchObject({ status: 202 });
    }
    trial.assertAllTried();
  });

  it('finds what keeps a partition from being frozen, and freezes it then', async () => {
    await using database = await createDatabase();
    await createEvents(database, -1, 1);
    const past = await monthOf(database, -1);
    await database.query(`INSERT INTO public.events VALUES (1, '${past.from}')`);
    const old = await database.client({ applicationName: 'forgotten' });
    await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    const began = await old.query<{ xid: string }>('SELECT pg_current_xact_id()::xid::text AS xid');
    const [prepared, slot] = [`${database.name}_prepared`, `${database.name}_slot`];
    await database.query(`BEGIN; INSERT INTO public.events VALUES (1, now()); PREPARE TRANSACTION '${prepared}'`);
    await database.query(`SELECT pg_create_physical_replication_slot('${slot}')`);
    using file = policyFile(database, [maintained], onlyWhenTold);
    const trial = tryRunbook('PartitionFreezeAgeHigh', database, file.path, { ...table, 'SCHEMA.PARTITION': past.name });
    const name = past.name.replace('public.', '');
    /** Frozen rows are younger than the oldest transaction; the age of everything grows with the work of other tests. */
    const isFrozen = async (): Promise<boolean> => {
      const [oldest] = await database.query<{ age: number }>(`SELECT age('${began.rows[0]?.xid}'::xid) AS age`);
      return Number((await trial.sql('mxid_age')).find((row) => row['partition'] === name)?.['xid_age']) < Number(oldest?.age);
    };

    await trial.sql('VACUUM (FREEZE');
    expect(await isFrozen()).toBe(false);
    const held = await trial.sql<{ what: string; name: string; detail: string }>('pg_replication_slots');
    const pid = (
      await database.query<{ pid: number }>(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'forgotten' AND datname = current_database()",
      )
    )[0]?.pid;
    expect(held).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ what: 'session', name: String(pid) }),
        expect.objectContaining({ what: 'prepared transaction', name: prepared, detail: database.name }),
        expect.objectContaining({ what: 'replication slot', name: slot, detail: 'inactive' }),
      ]),
    );
    expect((await trial.partitiond('plan')).exitCode).toBe(0);

    trial.learn({ BACKEND_PID: String(pid), PREPARED_NAME: prepared, SLOT_NAME: slot });
    await trial.sql('pg_terminate_backend');
    await trial.sql('ROLLBACK PREPARED');
    await trial.sql('pg_drop_replication_slot');
    await trial.sql('VACUUM (FREEZE');
    expect(await isFrozen()).toBe(true);
    expect(await trial.partitiond('apply')).toMatchObject({ exitCode: 0 });
    {
      await using leader = await startLeader(file.path, ['maintenance']);
      expect(await trial.curl('task=maintenance', leader)).toMatchObject({ status: 202 });
    }
    trial.assertAllTried();
  });
});
