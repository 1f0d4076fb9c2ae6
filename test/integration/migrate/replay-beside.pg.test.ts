import { expect, it } from 'vitest';
import { backfill } from '../../../src/migrate/copy/backfill.ts';
import { buildIndexes } from '../../../src/migrate/prepare/build-indexes.ts';
import { prepare } from '../../../src/migrate/prepare/prepare.ts';
import { catchUp } from '../../../src/migrate/replay/catch-up.ts';
import { besideReplay } from '../../../src/migrate/replay/replay-beside.ts';
import { saveMigration } from '../../../src/migrate/save.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase } from '../../support/database.ts';
import { revenuesSource } from '../../support/migrate/hand-made.ts';
import { ready } from '../../support/migrate/ready.ts';
import { unprepared } from '../../support/migrate/rich-source.ts';
import { differences, logLength } from '../../support/migrate/two-tables.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitFor } from '../../support/wait-for.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

const policy = { interval: parseInterval('3 months'), premake: 1 };

it('replays what is written while indexes are built, but for the partition that a build is at, into new partitions too', async () => {
  await using database = await createDatabase();
  const earlier = `INSERT INTO public.revenues VALUES (3000, 1, '2024-08-08 00:00+00')`;
  const source = `${revenuesSource}; CREATE INDEX revenues_org ON public.revenues (org_id); ${earlier}`;
  await using engine = await unprepared(database, { policy, source, migration: { copy: { ...oneWorker } } });
  await prepare(engine, noAbort);
  await saveMigration(engine, { phase: 'backfill' }, noAbort);
  await backfill(engine, noAbort);
  await saveMigration(engine, { phase: 'index' }, noAbort);
  const writer = await database.client();
  await writer.query('BEGIN; LOCK TABLE public.revenues_2024_q4 IN SHARE ROW EXCLUSIVE MODE');
  const building = besideReplay(engine, (atRest, own) => buildIndexes(engine, own, atRest), noAbort);
  await waitForLockWaiter(database, ({ mode }) => mode === 'ShareLock');
  await database.query(`UPDATE public.revenues SET note = 'in the way' WHERE id = 1; UPDATE public.revenues SET note = 'later' WHERE id > 900;
    UPDATE public.revenues SET occurred_at = '2024-12-24 00:00+00' WHERE id = 899;
    INSERT INTO public.revenues VALUES (2000, 1, clock_timestamp() + interval '5 months')`);
  await waitFor(
    'all but the entries of the partition to be replayed',
    () => logLength(database, engine),
    (length) => length === 2,
  );
  expect(await differences(database, engine)).toHaveLength(3);
  await writer.query('COMMIT');
  await building;
  const [newest] = await database.query(`
    SELECT c.reloptions IS NULL AS plain, x.indexrelid IS NOT NULL AS indexed,
      ARRAY(SELECT tgname::text FROM pg_trigger WHERE tgrelid = c.oid ORDER BY 1) AS triggers
    FROM pg_class AS c LEFT JOIN pg_index AS x ON x.indrelid = c.oid AND pg_get_indexdef(x.indexrelid) ~ 'org_id'
    WHERE c.oid = (SELECT tableoid FROM public.revenues_partitioned WHERE id = 2000)`);
  const capture = `partitiond_capture_${engine.id}`;
  expect(newest).toEqual({
    plain: true,
    indexed: true,
    triggers: [`${capture}_row`, `${capture}_truncate`, `partitiond_guard_${engine.id}_write`],
  });
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});

const oneWorker = { workers: 1, batchTimeMs: 300, pace: 0, maxBacklog: 10_000_000, diskFreeBytes: null };

it('follows a TRUNCATE in every phase after the copy without going back, and that of a partition right after the switch', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy });
  for (const phase of ['index', 'verify', 'ready'] as const) {
    await saveMigration(engine, { phase }, noAbort);
    await database.query(`BEGIN; INSERT INTO public.revenues VALUES (3000, 1, '2025-02-02 00:00+00'); TRUNCATE public.revenues;
      INSERT INTO public.revenues SELECT n, 1, '2025-01-01 00:00+00'::timestamptz + n * interval '3 hours' FROM generate_series(1, 500) AS n; COMMIT`);
    await database.query(`UPDATE public.revenues SET note = '${phase}' WHERE id % 7 = 0; DELETE FROM public.revenues WHERE id % 11 = 0`);
    await catchUp(engine, noAbort);
    expect(await differences(database, engine)).toEqual([]);
    expect(await logLength(database, engine)).toBe(0);
  }
  expect(await verify(engine, null, noAbort)).toMatchObject({ mismatches: 0, differences: [] });
  await database.query(`INSERT INTO public.revenues VALUES (4000, 1, '2024-12-31 00:00+00')`);
  await switchOver(engine, false, noAbort);
  await database.query('TRUNCATE public.revenues_2024_q4');
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
  expect(await database.query('SELECT FROM public.revenues WHERE id = 4000')).toEqual([]);
});
