import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/migrate/engine.ts';
import { type BatchCheck, checkBatch } from '../../../src/migrate/verify/check-batch.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { captured, copied, mismatches } from '../../support/migrate/copied.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

/** Notes that one batch has copied the blocks before `to`, and that this was all. */
async function noteBatch(database: TestDatabase, { id, record }: Engine, to = 5): Promise<void> {
  await database.query(
    `INSERT INTO partitiond.migration_source SELECT ${id}, ${record.sourceOid}, pg_relation_filenode(${record.sourceOid}), ${to};
     INSERT INTO partitiond.migration_range (migration_id, source_oid, from_block, to_block, state, rows)
     VALUES (${id}, ${record.sourceOid}, 0, ${to}, 'copied', 0)`,
  );
}

async function check(engine: Engine, to = 5): Promise<BatchCheck> {
  const session = await engine.surroundings.connect('verify', noAbort);
  try {
    return await checkBatch(engine, session, { sourceOid: engine.record.sourceOid, from: 0n, to: BigInt(to) }, noAbort);
  } finally {
    await session.close();
  }
}

async function state(database: TestDatabase): Promise<string | undefined> {
  const [range] = await database.query<{ state: string }>('SELECT state FROM partitiond.migration_range');
  return range?.state;
}

const damage = `
  DELETE FROM public.revenues_partitioned WHERE id = 5;
  UPDATE public.revenues_partitioned SET amount = 99 WHERE id = 6;
  UPDATE public.revenues SET note = '' WHERE id = 7;
  UPDATE public.revenues_partitioned SET note = NULL WHERE id = 7;
  UPDATE public.revenues_partitioned SET occurred_at = '2025-12-01 00:00+00' WHERE id = 8;
  UPDATE public.revenues_partitioned SET amount = 1 WHERE id = 9;
  UPDATE public.revenues_partitioned SET amount = 1 WHERE id = 900`;

describe('the check of a batch', () => {
  it('finds what is missing or different in its blocks, but for keys in the log, and marks the range only without any', async () => {
    await using database = await createDatabase();
    await using engine = await copied(database);
    await noteBatch(database, engine);
    await database.query(damage);
    await captured(database, engine, [9, '2024-10-04 09:00+00']);
    // The row with '' was moved behind the range by its update, so it is compared where it is now.
    const [within] = await database.query<{ n: string }>(`SELECT count(*) AS n FROM public.revenues WHERE ctid < '(5,0)'`);
    expect(await check(engine)).toEqual({ rows: Number(within?.n), mismatches: 3 });
    expect(await mismatches(database)).toEqual(['missing 5', 'different 6', 'missing 8']);
    expect(await state(database)).toBe('copied');
    for (const id of [5, 6, 8]) await captured(database, engine, [id, '2024-10-04 00:00+00']);
    expect(await check(engine)).toEqual({ rows: Number(within?.n), mismatches: 0 });
    expect(await state(database)).toBe('checked');
    expect(engine.events.filter(({ kind }) => kind === 'batch-checked')).toHaveLength(2);
  });

  it('looks rows up one by one where they lie in no order, tells NULL from an empty text, and counts only when told so', async () => {
    await using database = await createDatabase();
    await using engine = await copied(database, { migration: { verify: { eachBatch: 'counts', maxAgeMs: 1000 } } });
    await database.query(`UPDATE public.revenues SET note = ''; UPDATE public.revenues_partitioned SET note = ''`);
    await database.query(`CREATE INDEX shuffled ON public.revenues ((id > 10), md5(id::text)); CLUSTER public.revenues USING shuffled`);
    await database.query(
      `UPDATE public.revenues_partitioned SET note = NULL WHERE id = 7; DELETE FROM public.revenues_partitioned WHERE id = 8`,
    );
    await noteBatch(database, engine, 2);
    expect((await check(engine, 2)).mismatches).toBe(1);
    expect(await mismatches(database)).toEqual(['missing 8']);
    const { policy } = engine;
    const strict = { ...policy, migration: { ...policy.migration, verify: { eachBatch: 'content' as const, maxAgeMs: 1000 } } };
    expect((await check({ ...engine, policy: strict }, 2)).mismatches).toBe(2);
    expect(await mismatches(database)).toEqual(['different 7', 'missing 8']);
    await database.query(
      `UPDATE public.revenues_partitioned SET note = '' WHERE id = 7; INSERT INTO public.revenues_partitioned SELECT * FROM public.revenues WHERE id = 8`,
    );
    expect((await check({ ...engine, policy: strict }, 2)).mismatches).toBe(0);
    expect(await state(database)).toBe('checked');
  });

  it('leaves a range alone that another file has replaced', async () => {
    await using database = await createDatabase();
    await using engine = await copied(database);
    await noteBatch(database, engine);
    await database.query(damage);
    await database.query('VACUUM FULL public.revenues');
    expect(await check(engine)).toEqual({ rows: 0, mismatches: 0 });
    expect(await state(database)).toBe('copied');
    expect(await mismatches(database)).toEqual([]);
  });

  it('sees no rows without their log entries when the source is truncated while it waits', async () => {
    await using database = await createDatabase();
    await using patient = await copied(database);
    const safety = { ...patient.surroundings.safety, lockTimeoutMs: 20_000 };
    const engine = { ...patient, surroundings: { ...patient.surroundings, safety } };
    await noteBatch(database, engine);
    // Where replay would find the marker and open all ranges again.
    const replayer = await database.client();
    await replayer.query('BEGIN; LOCK TABLE public.revenues_partitioned; DELETE FROM partitiond.migration_range');
    await replayer.query('TRUNCATE public.revenues_partitioned');
    const checking = check(engine);
    await waitForLockWaiter(database);
    await replayer.query('COMMIT');
    expect(await checking).toEqual({ rows: 0, mismatches: 0 });
    expect(await mismatches(database)).toEqual([]);
  });
});
