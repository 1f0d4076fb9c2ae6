import { describe, expect, it } from 'vitest';
import { StatementError } from '../../../src/errors.ts';
import { installCapture } from '../../../src/migrate/capture/install-capture.ts';
import type { Engine } from '../../../src/migrate/engine.ts';
import { replayBite } from '../../../src/migrate/replay/replay-bite.ts';
import { verify, verifyInChunks } from '../../../src/migrate/verify/verify.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { captured, copied, mismatches } from '../../support/migrate/copied.ts';
import { type HandMade, type HandMadeEngine, handMade } from '../../support/migrate/hand-made.ts';
import { named } from '../../support/model.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Each mistake of a copy, by key; 9 is explained by the log. */
const damage = `
  INSERT INTO public.revenues_partitioned VALUES (0, 0, '2025-03-01 00:00+00', 1, 'ghost below'), (5000, 0, '2025-03-01 00:00+00', 1, 'ghost above');
  DELETE FROM public.revenues_partitioned WHERE id IN (5, 1000);
  UPDATE public.revenues_partitioned SET amount = amount + 0.01 WHERE id = 600;
  UPDATE public.revenues SET note = '' WHERE id = 700;
  UPDATE public.revenues_partitioned SET note = NULL WHERE id = 700;
  INSERT INTO public.revenues_partitioned SELECT id, org_id, '2025-12-30 00:00+00', amount, note FROM public.revenues WHERE id = 800;
  UPDATE public.revenues SET note = 'written without a trigger' WHERE id = 850;
  UPDATE public.revenues SET note = 'replay will see to it' WHERE id = 9`;

const found = ['extra 0', 'missing 1000', 'missing 5', 'extra 5000', 'different 600', 'different 700', 'extra 800', 'different 850'];

/** The engine as it is after a switch: the target has the table's name. */
async function turned(database: TestDatabase, engine: HandMadeEngine): Promise<Engine> {
  await database.query(
    `ALTER TABLE public.revenues RENAME TO revenues_unpartitioned; ALTER TABLE public.revenues_partitioned RENAME TO revenues;
     UPDATE partitiond.migration SET live = 'target', phase = 'switched'`,
  );
  return { ...engine, record: { ...engine.record, live: 'target', phase: 'switched' } };
}

function chunksOf(engine: HandMadeEngine): number {
  return engine.events.filter(({ kind }) => kind === 'chunk-verified').length;
}

describe('a full pass', () => {
  it('finds every kind of mistake by key, in both directions, leaves logged keys out, and forgets what was repaired', async () => {
    await using database = await createDatabase();
    await using engine = await copied(database);
    expect((await verifyInChunks(engine, 100, noAbort)).mismatches).toBe(0);
    expect(chunksOf(engine)).toBe(11);
    await database.query(damage);
    await captured(database, engine, [9, '2024-10-04 09:00+00']);
    expect(await verifyInChunks(engine, 100, noAbort)).toMatchObject({ live: 'source', rows: 1000, mismatches: 8 });
    expect(await mismatches(database)).toEqual(found);
    expect(engine.record.verdict).toMatchObject({ mismatches: 8, rows: 1000 });

    const after = await turned(database, engine);
    expect(await verifyInChunks(after, 100, noAbort)).toMatchObject({ live: 'target', rows: 1001, mismatches: 8 });
    const swapped = found.map((line) => line.replace(/missing|extra/, (kind) => (kind === 'extra' ? 'missing' : 'extra')));
    expect(await mismatches(database)).toEqual(swapped);

    await database.query('TRUNCATE public.revenues; INSERT INTO public.revenues SELECT * FROM public.revenues_unpartitioned');
    expect(await verify(after, null, noAbort)).toMatchObject({ rows: 1000, mismatches: 0 });
    expect(await mismatches(database)).toEqual([]);
  });

  it('goes on where it was interrupted, unless that is too long ago or it had found something', async () => {
    await using database = await createDatabase();
    await using engine = await copied(database);
    const interrupted = async (after: number): Promise<number> => {
      const stop = new AbortController();
      let seen = 0;
      const observe: Engine['surroundings']['observe'] = (event) => {
        if (event.kind !== 'chunk-verified') return;
        seen += 1;
        if (seen === after) stop.abort(new Error('interrupted'));
      };
      const stopping = { ...engine, surroundings: { ...engine.surroundings, observe } };
      await expect(verifyInChunks(stopping, 50, stop.signal)).rejects.toThrow('interrupted');
      return seen;
    };
    const [first, second] = [await interrupted(6), await interrupted(6)];
    expect(await verifyInChunks(engine, 50, noAbort)).toMatchObject({ rows: 1000, mismatches: 0 });
    // Of two workers one was at most one chunk behind the other.
    expect(first + second + chunksOf(engine)).toBeLessThanOrEqual(21 + 4);
    expect(first + second + chunksOf(engine)).toBeGreaterThanOrEqual(21);

    engine.events.length = 0;
    await interrupted(6);
    await database.query(`UPDATE partitiond.migration_chunk SET verified_at = verified_at - interval '25 hours'`);
    await verifyInChunks({ ...engine, record: { ...engine.record, phaseAt: 0n } }, 50, noAbort);
    expect(chunksOf(engine)).toBe(21);

    engine.events.length = 0;
    await database.query('DELETE FROM public.revenues_partitioned WHERE id = 3');
    await interrupted(6);
    await database.query('INSERT INTO public.revenues_partitioned SELECT * FROM public.revenues WHERE id = 3');
    expect((await verifyInChunks(engine, 50, noAbort)).mismatches).toBe(0);
    expect(chunksOf(engine)).toBe(21);
  });

  const shapes: readonly (HandMade & { readonly damage: string; readonly expected: readonly string[] })[] = [
    {
      table: 'odd',
      key: ['a"B', 'n'],
      partitionKey: 'day',
      source: `CREATE TABLE public.odd (
          "a""B" text COLLATE "C" NOT NULL, n int2 NOT NULL, day date NOT NULL, j json, twice int8 GENERATED ALWAYS AS (n * 2) STORED,
          PRIMARY KEY ("a""B", n)
        );
        INSERT INTO public.odd SELECT chr(32 + g % 90) || 'ä''\\', g, '2025-01-01'::date + g % 60, '{"a": 1}' FROM generate_series(1, 500) AS g`,
      target: `CREATE TABLE public.odd_partitioned (
          "a""B" text COLLATE "C" NOT NULL, n int2 NOT NULL, day date NOT NULL, j json, twice int8 GENERATED ALWAYS AS (n * 2) STORED,
          PRIMARY KEY ("a""B", n, day)
        ) PARTITION BY RANGE (day);
        CREATE TABLE public.odd_1 PARTITION OF public.odd_partitioned FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
        CREATE TABLE public.odd_rest PARTITION OF public.odd_partitioned DEFAULT`,
      damage: `UPDATE public.odd_partitioned SET j = '{"a":1}' WHERE n = 33; DELETE FROM public.odd_partitioned WHERE n = 123`,
      expected: [`missing Aä'\\,123`, `different Aä'\\,33`],
    },
    {
      table: 'events',
      key: ['id'],
      partitionKey: 'at',
      source: `CREATE TABLE public.events (id uuid PRIMARY KEY, at timestamptz NOT NULL, tags text[], p float8);
        INSERT INTO public.events SELECT md5(g::text)::uuid, '2025-01-01'::timestamptz + g * interval '1 hour', ARRAY[g::text, NULL], 'NaN'
        FROM generate_series(1, 500) AS g`,
      target: `CREATE TABLE public.events_partitioned (id uuid, at timestamptz, tags text[], p float8, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE public.events_1 PARTITION OF public.events_partitioned FOR VALUES FROM ('2024-12-31') TO ('2026-01-01')`,
      damage: `UPDATE public.events_partitioned SET tags = ARRAY['7', 'NULL'] WHERE id = md5('7')::uuid`,
      expected: ['different 8f14e45f-ceea-167a-5a36-dedd4bea2543'],
    },
  ];

  it.each(shapes)(
    'takes keys of several columns, of any type and name, and columns without a hash %#:',
    async ({ damage: harm, expected, ...shape }) => {
      await using database = await createDatabase();
      await using engine = await copied(database, shape);
      expect(await verifyInChunks(engine, 70, noAbort)).toMatchObject({ rows: 500, mismatches: 0 });
      await database.query(harm);
      expect((await verifyInChunks(engine, 70, noAbort)).mismatches).toBe(expected.length);
      expect(await mismatches(database)).toEqual(expected);
    },
  );

  it('compares the rows of one partition alone and keeps no verdict of it', async () => {
    await using database = await createDatabase();
    await using engine = await copied(database);
    await database.query(damage);
    // 600 and 700 are of the second quarter; 800 of the third, with a second row in the fourth, as is 1000, which is missing.
    expect(await verify(engine, named('revenues_2025_q2'), noAbort)).toMatchObject({ mismatches: 2, differences: [] });
    expect(await mismatches(database)).toEqual(['different 600', 'different 700']);
    const [q4] = await database.query<{ n: string }>(
      `SELECT count(*) AS n FROM public.revenues WHERE occurred_at >= '2025-10-01 00:00+00'`,
    );
    expect(await verify(engine, named('revenues_2025_q4'), noAbort)).toMatchObject({ rows: Number(q4?.n), mismatches: 2 });
    expect(engine.record.verdict).toBeNull();
    await expect(verify(engine, named('revenues_2030_q1'), noAbort)).rejects.toMatchObject({ code: 'PD638' });
    await expect(verify(engine, named('revenues'), noAbort)).rejects.toMatchObject({ code: 'PD638' });
  });

  it('fails where row security would hide rows, rather than call both sides equal', async () => {
    await using database = await createDatabase();
    const owner = await database.createRole('owner');
    await using engine = await copied(database);
    await database.query(
      `GRANT USAGE ON SCHEMA partitiond TO ${owner.name};
       GRANT ALL ON ALL TABLES IN SCHEMA partitiond TO ${owner.name};
       GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA partitiond TO ${owner.name};
       ALTER TABLE public.revenues OWNER TO ${owner.name};
       ALTER TABLE public.revenues_partitioned OWNER TO ${owner.name};
       ALTER TABLE public.revenues ENABLE ROW LEVEL SECURITY;
       ALTER TABLE public.revenues_partitioned ENABLE ROW LEVEL SECURITY;
       CREATE POLICY own ON public.revenues USING (org_id < 50);
       CREATE POLICY own ON public.revenues_partitioned USING (org_id < 50);
       DELETE FROM public.revenues_partitioned WHERE org_id = 70`,
    );
    const connect = (purpose: string, signal: AbortSignal) => engine.surroundings.connect(purpose, signal);
    const asOwner: Engine = {
      ...engine,
      surroundings: {
        ...engine.surroundings,
        connect: async (purpose, signal) => {
          const session = await connect(purpose, signal);
          await session.execute(`SET ROLE ${owner.name}`, signal);
          return session;
        },
      },
    };
    expect((await verifyInChunks(asOwner, 1000, noAbort)).mismatches).toBe(10);
    await database.query(
      'ALTER TABLE public.revenues FORCE ROW LEVEL SECURITY; ALTER TABLE public.revenues_partitioned FORCE ROW LEVEL SECURITY',
    );
    const failing = verifyInChunks(asOwner, 1000, noAbort);
    await expect(failing).rejects.toThrow(StatementError);
    await expect(failing).rejects.toThrow('row-level security');
  });

  it('takes its snapshot when nobody can truncate a table any more', async () => {
    await using database = await createDatabase();
    await using handMadeEngine = await copied(database, { migration: {} });
    const safety = { ...handMadeEngine.surroundings.safety, lockTimeoutMs: 20_000, lockBudgetMs: 40_000 };
    const engine: Engine = { ...handMadeEngine, surroundings: { ...handMadeEngine.surroundings, safety } };
    const application = await database.client();
    // The ends of the ranges are found before; one chunk takes everything.
    await application.query('BEGIN; LOCK TABLE public.revenues_partitioned IN ACCESS EXCLUSIVE MODE');
    const verifying = verifyInChunks(engine, 10_000, noAbort);
    const waits = `SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted AND relation = 'public.revenues_partitioned'::regclass`;
    await waitFor(
      'the verification to wait',
      async () => (await database.query<{ n: number }>(waits))[0]?.n,
      (n) => n === 1,
    );
    await application.query(
      `TRUNCATE public.revenues_partitioned; INSERT INTO public.revenues_partitioned SELECT * FROM public.revenues; COMMIT`,
    );
    expect(await verifying).toMatchObject({ rows: 1000, mismatches: 0 });
  });

  it('never takes a row that is being written or replayed for a mistake', async () => {
    await using database = await createDatabase();
    await using engine = await handMade(database, { phase: 'verify' });
    await installCapture(engine, noAbort);
    await database.query(
      `SET partitiond.migration = '${engine.id}'; INSERT INTO public.revenues_partitioned SELECT * FROM public.revenues`,
    );
    const stop = new AbortController();
    const writer = await database.client();
    const write = async (): Promise<number> => {
      let statements = 0;
      for (let n = 1; !stop.signal.aborted; n += 1) {
        await writer.query(`UPDATE public.revenues SET amount = ${n}, note = NULL WHERE id % 97 = ${n % 97}`);
        await writer.query(`UPDATE public.revenues SET occurred_at = occurred_at + interval '1 day' WHERE id = ${n % 1000}`);
        await writer.query(`UPDATE public.revenues SET id = ${2000 + n} WHERE id = ${(n * 7) % 1000}`);
        await writer.query(`DELETE FROM public.revenues WHERE id = ${(n * 11) % 1000}`);
        await writer.query(`INSERT INTO public.revenues VALUES (${-n}, 1, '2025-05-05 00:00+00', 1, 'new')`);
        statements += 5;
      }
      return statements;
    };
    const replay = async (): Promise<number> => {
      const session = await engine.surroundings.connect('replay', noAbort);
      let entries = 0;
      while (!stop.signal.aborted) entries += (await replayBite(engine, session, 50, noAbort)).entries;
      await session.close();
      return entries;
    };
    const others = Promise.all([write(), replay()]);
    for (const size of [40, 150, 400]) expect((await verifyInChunks(engine, size, noAbort)).mismatches).toBe(0);
    stop.abort();
    const [statements, entries] = await others;
    expect(Math.min(statements, entries)).toBeGreaterThan(0);
    expect(await mismatches(database)).toEqual([]);
  });
});
