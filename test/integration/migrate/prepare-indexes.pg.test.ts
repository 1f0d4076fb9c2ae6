import { expect, test } from 'vitest';
import { buildIndexes } from '../../../src/migrate/prepare/build-indexes.ts';
import { PartitionsAtRest } from '../../../src/migrate/prepare/partitions-at-rest.ts';
import { prepareTarget } from '../../../src/migrate/prepare/prepare.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { describeTable } from '../../support/migrate/describe-table.ts';
import { revenuesSource } from '../../support/migrate/hand-made.ts';
import { richSource, richTable, startedAgain, unprepared } from '../../support/migrate/rich-source.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

const interval = parseInterval('3 months');
const target = 'public."rev""enues.2_partitioned"';

test('gives every partition and the target the indexes and marks of the source, and builds nothing twice', async () => {
  await using database = await createDatabase();
  const reader = (await database.createRole('reader')).name;
  await using engine = await unprepared(database, { table: richTable, source: richSource(reader), policy: { interval, premake: 1 } });
  await prepareTarget(engine, noAbort);
  await fill(database, engine.id);
  const index = { ...engine, record: { ...engine.record, phase: 'index' as const } };
  await buildIndexes(index, noAbort);
  const built = await indexesOf(database);
  expect(built).toMatchInlineSnapshot(`
    [
      "CREATE INDEX "rev""enues.2_2024_q4_revenues_note" ON public."rev""enues.2_2024_q4" USING btree (lower(note), ((amount * (2)::numeric))) | targets 2=77",
      "CREATE INDEX "rev""enues.2_2024_q4_revenues_org" ON public."rev""enues.2_2024_q4" USING btree ("Org-id", occurred_at DESC) INCLUDE (amount) WITH (fillfactor='71') WHERE (amount > (0)::numeric)",
      "CREATE INDEX revenues_note_partitioned ON ONLY public."rev""enues.2_partitioned" USING btree (lower(note), ((amount * (2)::numeric))) | targets 2=77 | by note",
      "CREATE INDEX revenues_org_partitioned ON ONLY public."rev""enues.2_partitioned" USING btree ("Org-id", occurred_at DESC) INCLUDE (amount) WITH (fillfactor='71') WHERE (amount > (0)::numeric)",
      "CREATE UNIQUE INDEX "rev""enues.2_2024_q4_pkey" ON public."rev""enues.2_2024_q4" USING btree (id, occurred_at) | rev"enues.2_2024_q4_pkey PRIMARY KEY (id, occurred_at)",
      "CREATE UNIQUE INDEX "rev""enues.2_2024_q4_revenues_number" ON public."rev""enues.2_2024_q4" USING btree (number, occurred_at) WITH (fillfactor='72') | rev"enues.2_2024_q4_revenues_number UNIQUE (number, occurred_at) DEFERRABLE INITIALLY DEFERRED",
      "CREATE UNIQUE INDEX "rev""enues.2_2024_q4_revenues_replica" ON public."rev""enues.2_2024_q4" USING btree (occurred_at, id) | clustered | replica",
      "CREATE UNIQUE INDEX "rev""enues.2_2024_q4_revenues_unique" ON public."rev""enues.2_2024_q4" USING btree ("Org-id", lower(note), id, occurred_at)",
      "CREATE UNIQUE INDEX "rev""enues.2_pkey_partitioned" ON ONLY public."rev""enues.2_partitioned" USING btree (id, occurred_at) | rev"enues.2_pkey_partitioned PRIMARY KEY (id, occurred_at)",
      "CREATE UNIQUE INDEX revenues_number_partitioned ON ONLY public."rev""enues.2_partitioned" USING btree (number, occurred_at) WITH (fillfactor='72') | revenues_number_partitioned UNIQUE (number, occurred_at) DEFERRABLE INITIALLY DEFERRED",
      "CREATE UNIQUE INDEX revenues_replica_partitioned ON ONLY public."rev""enues.2_partitioned" USING btree (occurred_at, id) | replica",
      "CREATE UNIQUE INDEX revenues_unique_partitioned ON ONLY public."rev""enues.2_partitioned" USING btree ("Org-id", lower(note), id, occurred_at)",
    ]
  `);
  const [before, after] = [await describeTable(database, richTable), await describeTable(database, `${richTable}_partitioned`)];
  expect(after).toEqual(before);
  const steps = engine.events.length;
  await buildIndexes({ ...startedAgain(index), record: index.record }, noAbort);
  expect(await indexesOf(database)).toEqual(built);
  expect(engine.events.slice(steps).flatMap((event) => (event.kind === 'migration-step' ? [event.step] : []))).toEqual([
    `mark indexes of ${target}`,
    `analyze ${target}`,
  ]);
});

test('goes on after being killed while it built, replaces what is invalid, and lets writers of the source go on', async () => {
  await using database = await createDatabase();
  const reader = (await database.createRole('reader')).name;
  await using engine = await unprepared(database, { table: richTable, source: richSource(reader), policy: { interval, premake: 1 } });
  await prepareTarget(engine, noAbort);
  await fill(database, engine.id);
  const holder = await database.client();
  const partition = 'public."rev""enues.2_2025_q1"';
  await holder.query(`BEGIN; LOCK TABLE ${partition} IN ROW EXCLUSIVE MODE; LOCK TABLE public."rev""enues.2" IN EXCLUSIVE MODE`);
  const patient = { ...engine.surroundings, safety: { ...engine.surroundings.safety, lockTimeoutMs: 20_000, lockBudgetMs: 20_000 } };
  const index = { ...engine, surroundings: patient, record: { ...engine.record, phase: 'index' as const } };
  const atRest = new PartitionsAtRest();
  const running = buildIndexes(index, noAbort, atRest).then(
    () => 'done',
    () => 'killed',
  );
  const waiting = await waitForLockWaiter(database, ({ mode }) => mode === 'ShareLock');
  expect(atRest.ranges).toContainEqual({ from: "'2025-01-01 00:00:00+00'", to: "'2025-04-01 00:00:00+00'" });
  await holder.query('SELECT pg_terminate_backend($1)', [waiting.pid]);
  expect(await running).toBe('killed');
  expect(atRest.ranges).toEqual([]);
  // What CREATE INDEX CONCURRENTLY leaves behind when it is killed, under the name of the partition's own.
  const leftover = 'public."rev""enues.2_2025_q1_revenues_note"';
  await holder.query('COMMIT');
  await database.query(`CREATE INDEX "rev""enues.2_2025_q1_revenues_note" ON ${partition} (amount)`);
  await database.query(`UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${leftover}'::regclass`);
  await holder.query('BEGIN; LOCK TABLE public."rev""enues.2" IN EXCLUSIVE MODE');
  await buildIndexes({ ...index, surroundings: engine.surroundings }, noAbort);
  await holder.query('COMMIT');
  const [counts] = await database.query(
    /* sql */ `
    SELECT count(*)::int AS partitions, bool_and(indexes = 6 AND attached = 6) AS "areComplete", bool_and(c.options = '{fillfactor=80,autovacuum_vacuum_scale_factor=0.05}') AS "areAsSource",
      bool_and(c.analysed) AS "areAnalysed"
    FROM (
      SELECT c.oid, c.reloptions::text AS options, c.reltuples >= 0 AS analysed,
        count(x.indexrelid) AS indexes, count(i.inhrelid) FILTER (WHERE x.indisvalid) AS attached
      FROM pg_inherits AS p
      JOIN pg_class AS c ON c.oid = p.inhrelid
      JOIN pg_index AS x ON x.indrelid = c.oid
      LEFT JOIN pg_inherits AS i ON i.inhrelid = x.indexrelid
      WHERE p.inhparent = '${target}'::regclass
      GROUP BY c.oid
    ) AS c`,
  );
  expect(counts).toMatchObject({ areComplete: true, areAsSource: true, areAnalysed: true });
  const vacuums = engine.events.filter((event) => event.kind === 'migration-step' && event.sql[0]?.startsWith('VACUUM (FREEZE, ANALYZE) '));
  expect(vacuums).toHaveLength(Number(counts?.['partitions']));
  const [found] = await database.query<{ definition: string }>(`SELECT pg_get_indexdef('${leftover}'::regclass) AS definition`);
  expect(found?.definition).toContain('lower(note)');
});

test('builds concurrently where the application writes the target too, and ends in the same indexes', async () => {
  await using database = await createDatabase();
  await using engine = await unprepared(database, {
    source: `${revenuesSource}; CREATE UNIQUE INDEX revenues_org ON public.revenues (org_id, id); CREATE INDEX "2024_q4_taken" ON public.revenues (note)`,
    capture: 'dual',
    policy: { interval, premake: 1 },
  });
  await prepareTarget(engine, noAbort);
  const index = { ...engine, record: { ...engine.record, phase: 'index' as const } };
  const holder = await database.client();
  await database.query('CREATE TABLE public.revenues_2024_q4_org ()');
  await buildIndexes(index, noAbort);
  expect(
    engine.events.flatMap((event) => (event.kind === 'migration-step' && event.step.startsWith('create index') ? event.sql : [])),
  ).toContain('CREATE UNIQUE INDEX CONCURRENTLY revenues_2024_q4_org_2 ON public.revenues_2024_q4 USING btree (org_id, id, occurred_at)');
  expect(await holder.query('SELECT count(*)::int AS invalid FROM pg_index WHERE NOT indisvalid')).toMatchObject({
    rows: [{ invalid: 0 }],
  });
});

async function fill(database: TestDatabase, id: string): Promise<void> {
  await database.query(`BEGIN; SET LOCAL partitiond.migration = '${id}';
    INSERT INTO ${target} (id, "Org-id", occurred_at, amount, note, number) OVERRIDING SYSTEM VALUE
    SELECT id, "Org-id", occurred_at, amount, note, number FROM public."rev""enues.2"; COMMIT`);
}

/** Of the target and of its first partition, with all that is marked at them. */
async function indexesOf(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(
    /* sql */ `
    SELECT concat_ws(' | ', pg_get_indexdef(x.indexrelid), k.conname || ' ' || pg_get_constraintdef(k.oid),
      CASE WHEN NOT x.indisvalid THEN 'invalid' END, CASE WHEN x.indisclustered THEN 'clustered' END, CASE WHEN x.indisreplident THEN 'replica' END,
      (SELECT 'targets ' || string_agg(a.attnum || '=' || a.attstattarget, ',') FROM pg_attribute AS a WHERE a.attrelid = x.indexrelid AND a.attstattarget >= 0),
      obj_description(x.indexrelid, 'pg_class')) AS line
    FROM pg_index AS x
    LEFT JOIN pg_constraint AS k ON k.conindid = x.indexrelid AND k.conrelid = x.indrelid
    WHERE x.indrelid IN ('${target}'::regclass, 'public."rev""enues.2_2024_q4"'::regclass)
    ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}
