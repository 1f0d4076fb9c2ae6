import { expect, test } from 'vitest';
import { MigrationError } from '../../../src/errors.ts';
import { createTarget } from '../../../src/migrate/prepare/create-target.ts';
import { prepareTarget } from '../../../src/migrate/prepare/prepare.ts';
import { provisionTarget } from '../../../src/migrate/prepare/provision-target.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { revenuesSource } from '../../support/migrate/hand-made.ts';
import { startedAgain, unprepared } from '../../support/migrate/rich-source.ts';
import { noAbort, openSession } from '../../support/open-session.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

const interval = parseInterval('3 months');

test('covers all rows of the source and premake with partitions of its name, which nobody but the engine writes', async () => {
  await using database = await createDatabase();
  await using engine = await unprepared(database, { policy: { interval, premake: 2, storage: { fillfactor: '90' } } });
  const holder = await database.client();
  // EXCLUSIVE lets nobody but AccessShare pass.
  await holder.query('BEGIN; LOCK TABLE public.revenues IN EXCLUSIVE MODE');
  await prepareTarget(engine, noAbort);
  await holder.query('ROLLBACK');
  const wanted = await database.query<{ name: string }>(
    `SELECT to_char(q, '"revenues_"YYYY"_q"Q') AS name
     FROM generate_series('2024-10-01'::timestamp, date_trunc('quarter', now() AT TIME ZONE 'UTC') + interval '6 months', '3 months') AS q`,
  );
  const made = await partitionsOf(database);
  expect(made.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
  expect(made[0]).toEqual({
    name: 'revenues_2024_q4',
    bound: "FOR VALUES FROM ('2024-10-01 00:00:00+00') TO ('2025-01-01 00:00:00+00')",
    options: '{fillfactor=90,autovacuum_enabled=false}',
    toast: '{autovacuum_enabled=false}',
    triggers: `{partitiond_guard_${engine.id}_write=A}`,
  });
  const [row] = await database.query<{ oid: string }>('SELECT target_oid::text AS oid FROM partitiond.migration');
  expect(row?.oid).toBe(engine.record.targetOid);
  const refused =
    /public\.revenues_(partitioned|2024_q4) follows public\.revenues in a migration by partitiond and takes no writes of others/;
  for (const write of [
    "INSERT INTO public.revenues_partitioned VALUES (1, 1, '2024-11-01', 1)",
    "INSERT INTO public.revenues_2024_q4 VALUES (1, 1, '2024-11-01', 1)",
    'UPDATE public.revenues_2024_q4 SET amount = 1',
    'DELETE FROM public.revenues_partitioned',
    'TRUNCATE public.revenues_2024_q4',
    "SET session_replication_role = replica; INSERT INTO public.revenues_2024_q4 VALUES (1, 1, '2024-11-01', 1)",
  ]) {
    await expect(database.query(write)).rejects.toThrow(refused);
  }
  await database.query(`BEGIN; SET LOCAL partitiond.migration = '${engine.id}';
    INSERT INTO public.revenues_partitioned SELECT * FROM public.revenues; COMMIT`);
  expect(await provisionTarget(engine, [], noAbort)).toBe(0);
});

test('goes on after being killed while it made the target, a partition and a guard, and ends in the same catalog', async () => {
  await using undisturbed = await createDatabase();
  await using calm = await unprepared(undisturbed, { policy: { interval } });
  await prepareTarget(calm, noAbort);
  await using database = await createDatabase();
  await using first = await unprepared(database, { policy: { interval } });
  const holder = await database.client();
  const killWhile = async (lock: string, run: (engine: typeof first) => Promise<unknown>): Promise<void> => {
    await using session = await openSession(database);
    await holder.query(`BEGIN; ${lock}`);
    const running = run({ ...startedAgain(first), session }).then(
      () => 'done',
      () => 'killed',
    );
    await waitForLockWaiter(database, ({ pid }) => pid === session.pid);
    await holder.query('SELECT pg_terminate_backend($1)', [session.pid]);
    expect(await running).toBe('killed');
    await holder.query('ROLLBACK');
  };
  await killWhile('LOCK TABLE public.revenues IN ACCESS EXCLUSIVE MODE', (engine) => createTarget(engine, noAbort));
  expect(await database.query("SELECT FROM pg_class WHERE relname = 'revenues_partitioned'")).toEqual([]);
  await createTarget(first, noAbort);
  await killWhile('LOCK TABLE public.revenues_partitioned IN SHARE UPDATE EXCLUSIVE MODE', (engine) => prepareTarget(engine, noAbort));
  // Stopped after its second partition.
  const stop = new AbortController();
  let made = 0;
  const counting = {
    ...first.surroundings,
    observe: (event: { readonly kind: string }) => {
      if (event.kind === 'migration-step' && ++made === 2) stop.abort(new Error('stopped'));
    },
  };
  await expect(provisionTarget({ ...first, surroundings: counting }, [], stop.signal)).rejects.toThrow('stopped');
  expect(await partitionsOf(database)).toHaveLength(2);
  await killWhile(
    'LOCK TABLE public.revenues_2025_q1 IN ACCESS SHARE MODE; LOCK TABLE public.revenues_2024_q4 IN ROW EXCLUSIVE MODE',
    (engine) => prepareTarget(engine, noAbort),
  );
  await prepareTarget(startedAgain(first), noAbort);
  expect(await partitionsOf(database)).toEqual(await partitionsOf(undisturbed));
});

test('gives needed rows their partition, and far ones the default partition or a pause', async () => {
  await using database = await createDatabase();
  await using engine = await unprepared(database, { policy: { interval } });
  await prepareTarget(engine, noAbort);
  const copying = { ...engine, record: { ...engine.record, phase: 'backfill' as const } };
  const needed = ['2019-05-05 10:00:00+00', '2019-06-30 23:59:59.999999+00', '2021-01-01 00:00:00+00', '2025-01-01 00:00:00+00'];
  const count = await provisionTarget(copying, needed, noAbort);
  const names = (await partitionsOf(database)).map(({ name }) => name);
  expect(count).toBe(2);
  expect(names.slice(0, 3)).toEqual(['revenues_2019_q2', 'revenues_2021_q1', 'revenues_2024_q4']);
  const failure = await provisionTarget(copying, ['2400-01-01 00:00:00+00'], noAbort).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(MigrationError);
  expect(failure).toMatchObject({ code: 'PD622', message: expect.stringContaining('(2400-01-01T00:00:00Z)') });
  expect(await database.query('SELECT phase, paused_kind FROM partitiond.migration')).toEqual([
    { phase: 'prepare', paused_kind: 'far-future' },
  ]);
  const keeping = { ...copying, policy: { ...copying.policy, defaultPartition: 'keep' as const } };
  expect(await provisionTarget(keeping, ['2400-01-01 00:00:00+00'], noAbort)).toBe(0);
  expect((await partitionsOf(database)).find(({ bound }) => bound === 'DEFAULT')).toMatchObject({
    name: 'revenues_default',
    triggers: `{partitiond_guard_${engine.id}_write=A}`,
  });
});

test('reaches the last row within the horizon when outliers lie beyond, and leaves what is not its own alone', async () => {
  await using database = await createDatabase();
  const ahead =
    "INSERT INTO public.revenues SELECT 2000, 1, now() + interval '6 months'; INSERT INTO public.revenues VALUES (2001, 1, '2300-01-01', 1)";
  const source = `${revenuesSource}; ${ahead}; CREATE TABLE public.revenues_2025_q1 ()`;
  await using engine = await unprepared(database, { source, policy: { interval, premake: 1, defaultPartition: 'managed' } });
  await prepareTarget(engine, noAbort);
  const [last] = await database.query<{ name: string }>(
    `SELECT to_char(now() AT TIME ZONE 'UTC' + interval '9 months', '"revenues_"YYYY"_q"Q') AS name`,
  );
  const names = (await partitionsOf(database)).map(({ name }) => name);
  expect(names.at(-2)).toBe(last?.name);
  expect(names.at(-1)).toBe('revenues_default');
  expect(names).toContain('revenues_2025_q1_2');
  await database.query('ALTER TABLE public.revenues_partitioned RENAME TO elsewhere; CREATE TABLE public.revenues_partitioned ()');
  await expect(createTarget(startedAgain(engine), noAbort)).rejects.toMatchObject({ code: 'PD621' });
  await database.query('UPDATE partitiond.migration SET target_oid = NULL');
  await expect(createTarget(startedAgain(engine), noAbort)).rejects.toMatchObject({ code: 'PD620' });
});

interface Made {
  readonly name: string;
  readonly bound: string;
}

async function partitionsOf(database: TestDatabase): Promise<readonly Made[]> {
  await database.query("SET TimeZone = 'UTC'; SET DateStyle = 'ISO'");
  return await database.query<Made & Record<string, unknown>>(
    /* sql */ `
    SELECT c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bound, c.reloptions::text AS options, t.reloptions::text AS toast,
      (SELECT array_agg(concat(g.tgname, '=', g.tgenabled) ORDER BY 1) FROM pg_trigger AS g WHERE g.tgrelid = c.oid)::text AS triggers
    FROM pg_inherits AS i
    JOIN pg_class AS c ON c.oid = i.inhrelid
    LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
    WHERE i.inhparent = 'public.revenues_partitioned'::regclass
    ORDER BY c.relname`,
  );
}
