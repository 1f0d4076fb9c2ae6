import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { onlyWhenTold } from '../support/deploy/runbooks/broken-table.ts';
import { tryRunbook } from '../support/deploy/runbooks/trial.ts';
import { policyFile } from '../support/policy-file.ts';
import { runPartitiond } from '../support/run-partitiond.ts';

const table = { 'SCHEMA.TABLE': 'public.events' };
const entry = '{ table: public.events, interval: 1 month, migration: { partitionKey: at, copy: { pace: 0 }, waive: unique-without-key } }';

async function makeEvents(database: TestDatabase): Promise<void> {
  await database.query(`CREATE TABLE public.events (id int8 PRIMARY KEY, at timestamptz NOT NULL);
    INSERT INTO public.events SELECT n, now() - n * interval '1 minute' FROM generate_series(1, 50) AS n; ANALYZE`);
}

describe('a migration', () => {
  it('that stands still or differs is looked at, goes on, and is given up', async () => {
    await using database = await createDatabase();
    await makeEvents(database);
    using file = policyFile(database, [entry], onlyWhenTold);
    const migrate = (...args: readonly string[]) => runPartitiond(['migrate', ...args, '--table', 'public.events', '--config', file.path]);
    expect(await migrate('start', '--until', 'backfill')).toMatchObject({ exitCode: 0 });

    const stalled = tryRunbook('PartitiondMigrationStalled', database, file.path, table);
    expect((await stalled.partitiond('migrate status')).stdout).toContain('backfill');
    expect(await stalled.sql('pg_stat_activity')).toEqual([]);
    await stalled.sql('pg_stat_replication');
    expect(await stalled.partitiond('migrate start')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('ready') });
    expect(await stalled.partitiond('migrate abort')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('aborted') });
    stalled.assertAllTried();

    expect(await migrate('start')).toMatchObject({ exitCode: 0 });
    const asEngine = (sql: string): Promise<unknown> =>
      database.query(`SELECT set_config('partitiond.migration', id::text, false) FROM partitiond.migration WHERE phase = 'ready'; ${sql}`);
    await asEngine('DELETE FROM public.events_partitioned WHERE id = 7');
    expect(await migrate('verify')).toMatchObject({ exitCode: 4, stderr: expect.stringContaining('PD6') });
    const differs = tryRunbook('PartitiondMigrationMismatch', database, file.path, table);
    expect(await differs.sql('migration_mismatch')).toEqual([expect.objectContaining({ kind: 'missing', key: ['7'] })]);
    expect((await differs.sql('pg_trigger')).length).toBeGreaterThan(0);
    expect(await differs.partitiond('migrate status')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('mismatch') });
    await asEngine('INSERT INTO public.events_partitioned SELECT * FROM ONLY public.events WHERE id = 7');
    expect(await differs.partitiond('migrate start')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('ready') });
    await asEngine('DELETE FROM public.events_partitioned WHERE id = 8');
    expect(await migrate('verify')).toMatchObject({ exitCode: 4 });
    expect(await differs.partitiond('migrate abort')).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('aborted') });
    expect(await database.query(`SELECT to_regclass('public.events_partitioned') AS target`)).toEqual([{ target: null }]);
    differs.assertAllTried();
  }, 60_000);

  it('that falls behind is replayed, and one that soaks for long is taken back or finished', async () => {
    await using database = await createDatabase();
    await makeEvents(database);
    using file = policyFile(database, [entry], onlyWhenTold);
    const migrate = (...args: readonly string[]) => runPartitiond(['migrate', ...args, '--table', 'public.events', '--config', file.path]);
    expect(await migrate('start')).toMatchObject({ exitCode: 0 });
    await database.query('INSERT INTO public.events VALUES (1000, now())');
    await runPartitiond(['pause', 'forgotten', '--config', file.path]);
    const behind = tryRunbook('PartitiondMigrationBacklog', database, file.path, table);
    expect((await behind.partitiond('migrate status')).stdout).toMatch(/1/);
    expect(await behind.sql('pg_stat_activity')).toEqual([]);
    expect(await behind.sql('partitiond.pause')).toEqual([expect.objectContaining({ reason: 'forgotten' })]);
    expect(await behind.partitiond('resume')).toMatchObject({ exitCode: 0 });
    expect(await behind.partitiond('migrate start')).toMatchObject({ exitCode: 0 });
    expect(await database.query('SELECT FROM public.events_partitioned WHERE id = 1000')).toHaveLength(1);
    behind.assertAllTried();

    const soak = tryRunbook('PartitiondMigrationSoakLong', database, file.path, table);
    expect(await migrate('switch')).toMatchObject({ exitCode: 0 });
    expect((await soak.partitiond('migrate status')).stdout).toContain('switched');
    expect(await soak.sql('switched_at')).toHaveLength(1);
    expect(await soak.partitiond('migrate rollback')).toMatchObject({ exitCode: 0 });
    await migrate('verify');
    expect(await migrate('switch')).toMatchObject({ exitCode: 0 });
    expect(await soak.partitiond('migrate verify')).toMatchObject({ exitCode: 0 });
    expect(await soak.partitiond('migrate finish')).toMatchObject({ exitCode: 0 });
    soak.assertAllTried();
  }, 60_000);
});
