import { expect, test } from 'vitest';
import { buildIndexes } from '../../../src/migrate/prepare/build-indexes.ts';
import { prepareTarget } from '../../../src/migrate/prepare/prepare.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { describeTable } from '../../support/migrate/describe-table.ts';
import { richSource, richTable, startedAgain, unprepared } from '../../support/migrate/rich-source.ts';
import { noAbort } from '../../support/open-session.ts';

const target = 'public."rev""enues.2_partitioned"';

test('gives every partition and the target the indexes and marks of the source, and builds nothing twice', async () => {
  await using database = await createDatabase();
  const reader = (await database.createRole('reader')).name;
  await using engine = await unprepared(database, { table: richTable, source: richSource(reader), policy: { premake: 1 } });
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
