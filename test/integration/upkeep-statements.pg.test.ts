import { describe, expect, it } from 'vitest';
import { renderStep } from '../../src/ddl/render-step.ts';
import { renderScript } from '../../src/ddl/script.ts';
import { indexNameOn } from '../../src/partition/index-definition.ts';
import type { IndexPolicy } from '../../src/partition/policy.ts';
import { formatQualifiedName, type QualifiedName } from '../../src/partition/qualified-name.ts';
import type { Step } from '../../src/plan/step.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { chosenMajor } from '../support/postgres-binaries.ts';
import { bareTemplate, createPartition, named } from '../support/steps.ts';
import { analyze, attachIndex, columnIndex, createIndex, dropIndex, expressionIndex, reindex, vacuum } from '../support/upkeep-steps.ts';

const version = chosenMajor() * 10_000;
const [whole, q2, q3] = [named('revenues'), named('revenues_2025_q2'), named('revenues_2025_q3')];

/** As `plan --sql` prints it, each line a message; returns the warnings. */
async function run(db: TestDatabase, ...steps: readonly Step[]): Promise<readonly string[]> {
  const client = await db.client();
  const warnings: string[] = [];
  client.on('notice', ({ severity, code }) => severity === 'WARNING' && warnings.push(code ?? ''));
  for (const step of steps) for (const line of renderScript(step, renderStep(step, version))) await client.query(line);
  return warnings;
}

async function createTables(db: TestDatabase): Promise<void> {
  await db.query(`
    CREATE TABLE revenues (id int NOT NULL, org_id int, status text, note text, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE revenues_2025_q2 PARTITION OF revenues FOR VALUES FROM ('2025-04-01 00:00:00+00') TO ('2025-07-01 00:00:00+00');
    CREATE TABLE revenues_2025_q3 PARTITION OF revenues FOR VALUES FROM ('2025-07-01 00:00:00+00') TO ('2025-10-01 00:00:00+00');
    INSERT INTO revenues SELECT n, n, 'approved', repeat('x', 500), timestamptz '2025-05-01 00:00:00+00' FROM generate_series(1, 200) AS n`);
}

/** Indexes by name: what pg_get_indexdef says after the table's name, and whether the index is valid. */
async function indexes(db: TestDatabase): Promise<Readonly<Record<string, string>>> {
  const rows = await db.query<{ name: string; definition: string; valid: boolean }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition, indisvalid AS valid
     FROM pg_index WHERE indrelid::regclass::text NOT LIKE 'pg_%'`,
  );
  return Object.fromEntries(
    rows.map(({ name, definition, valid }) => [name, `${definition.replace(/^.* USING/, 'USING')}${valid ? '' : ' (invalid)'}`]),
  );
}

describe('VACUUM', () => {
  it('keeps the file as long as it is, for cutting it would lock readers out', async () => {
    await using db = await createDatabase();
    await createTables(db);
    const size = () => db.query(`SELECT pg_relation_size('revenues_2025_q2') AS size`);
    const before = await size();
    await db.query('DELETE FROM revenues');
    await run(db, vacuum());
    expect(await size()).toEqual(before);
  });

  it.each([
    ['VACUUM', vacuum({ analyze: true, freeze: true })],
    ['ANALYZE', analyze()],
    ['ANALYZE of the partitioned table', analyze({ partition: whole, isParent: true })],
  ])('%s gives way at once to whoever is at the table, and says so', async (_what, step) => {
    await using db = await createDatabase();
    await createTables(db);
    const holder = await db.client();
    await holder.query(`BEGIN; LOCK TABLE ONLY ${formatQualifiedName(step.partition)} IN SHARE UPDATE EXCLUSIVE MODE`);
    expect((await run(db, step)).slice(0, 1)).toEqual(['55P03']);
  });

  it('freezes only when that is asked for', async () => {
    await using db = await createDatabase();
    await createTables(db);
    const isFrozen = async () => {
      const [row] = await db.query(
        `SELECT c.relfrozenxid::text::bigint > (SELECT xmin::text::bigint FROM revenues_2025_q2 LIMIT 1) AS answer
         FROM pg_class AS c WHERE relname = 'revenues_2025_q2'`,
      );
      return row?.['answer'];
    };
    await run(db, vacuum({ analyze: true }));
    expect(await isFrozen()).toBe(false);
    await run(db, vacuum({ analyze: true, freeze: true }));
    expect(await isFrozen()).toBe(true);
  });
});

describe('ANALYZE of the partitioned table', () => {
  it('makes its statistics, and those of partitions only where there is no ONLY', async () => {
    await using db = await createDatabase();
    await createTables(db);
    await run(db, analyze({ partition: whole, isParent: true }));
    const rows = await db.query<{ name: string }>(`SELECT DISTINCT tablename AS name FROM pg_stats WHERE schemaname = 'public' ORDER BY 1`);
    expect(rows.map(({ name }) => name)).toEqual(version >= 180000 ? ['revenues'] : ['revenues', 'revenues_2025_q2']);
  });
});

describe('an index of all partitions', () => {
  it('becomes valid with the last one attached, and goes with all of them', async () => {
    await using db = await createDatabase();
    await createTables(db);
    const definition = columnIndex('', {
      name: 'by_org',
      keys: [
        { kind: 'column', column: 'org_id', options: '' },
        { kind: 'expression', expression: 'lower(status) text_pattern_ops DESC' },
      ],
      include: ['note'],
      storage: { fillfactor: '90' },
      where: "status = 'approved' -- only those",
    });
    const [on2, on3] = [indexNameOn('by_org', q2), indexNameOn('by_org', q3)];
    const parentIndex = named('by_org');
    const build = (partition: QualifiedName, index: QualifiedName): readonly Step[] => [
      createIndex({ partition, index, definition }),
      attachIndex({ partition, index, parentIndex }),
    ];
    await run(db, createIndex({ how: 'only', partition: whole, index: parentIndex, definition }), ...build(q3, on3));
    const printed = `USING btree (org_id, lower(status) text_pattern_ops DESC) INCLUDE (note) WITH (fillfactor='90') WHERE (status = 'approved'::text)`;
    expect(await indexes(db)).toEqual({ by_org: `${printed} (invalid)`, [on3.name]: printed });
    await run(db, ...build(q2, on2));
    expect(await indexes(db)).toEqual({ by_org: printed, [on2.name]: printed, [on3.name]: printed });
    await run(db, dropIndex({ partition: whole, index: parentIndex, concurrently: false }));
    expect(await indexes(db)).toEqual({});
  });

  it('locks exclusively nothing but the index that is attached, in whatever order those of several levels are', async () => {
    await using db = await createDatabase();
    await db.query(`
      CREATE TABLE revenues (id int, at int) PARTITION BY RANGE (at);
      CREATE TABLE middle PARTITION OF revenues FOR VALUES FROM (1) TO (10) PARTITION BY RANGE (at);
      CREATE TABLE leaf PARTITION OF middle FOR VALUES FROM (1) TO (10)`);
    const [middle, leaf] = [named('middle'), named('leaf')];
    const steps = (name: string) => ({
      only: [
        createIndex({ how: 'only', partition: whole, index: named(name) }),
        createIndex({ how: 'only', partition: middle, index: indexNameOn(name, middle) }),
        createIndex({ partition: leaf, index: indexNameOn(name, leaf) }),
      ],
      leaf: attachIndex({ partition: leaf, index: indexNameOn(name, leaf), parentIndex: indexNameOn(name, middle) }),
      middle: attachIndex({ partition: middle, index: indexNameOn(name, middle), parentIndex: named(name) }),
    });
    const exclusive = async (step: Step): Promise<readonly unknown[]> => {
      const client = await db.client();
      await client.query('BEGIN');
      for (const { sql } of renderStep(step, version).batches.flatMap(({ statements }) => statements)) await client.query(sql);
      const { rows } = await client.query<{ name: string }>(
        `SELECT relation::regclass::text AS name FROM pg_locks WHERE pid = pg_backend_pid() AND mode = 'AccessExclusiveLock' ORDER BY 1`,
      );
      await client.query('COMMIT');
      return rows.map(({ name }) => name);
    };
    const [upwards, downwards] = [steps('a'), steps('b')];
    await run(db, ...upwards.only, ...downwards.only);
    expect(await exclusive(upwards.leaf)).toEqual(['leaf_a']);
    expect(await exclusive(upwards.middle)).toEqual(['middle_a']);
    expect(await exclusive(downwards.middle)).toEqual(['middle_b']);
    expect(await exclusive(downwards.leaf)).toEqual(['leaf_b']);
    expect(Object.values(await indexes(db)).filter((text) => text.endsWith('(invalid)'))).toEqual([]);
  });
});

describe('an index of one partition', () => {
  const cases: readonly (readonly [definition: IndexPolicy, printed: string])[] = [
    [columnIndex('status', { where: "status = 'approved'" }), `USING btree (status) WHERE (status = 'approved'::text)`],
    [
      columnIndex('org_id', { keys: [{ kind: 'column', column: 'note', options: 'COLLATE "C" DESC NULLS LAST' }] }),
      `USING btree (note COLLATE "C" DESC NULLS LAST)`,
    ],
    [columnIndex('id', { isUnique: true, include: ['org_id'] }), 'USING btree (id) INCLUDE (org_id)'],
    [columnIndex('status', { method: 'hash' }), 'USING hash (status)'],
    [columnIndex('at', { method: 'brin', storage: { pages_per_range: '32' } }), `USING brin (at) WITH (pages_per_range='32')`],
    [expressionIndex("to_tsvector('simple'::regconfig, note)", { method: 'gin' }), `USING gin (to_tsvector('simple'::regconfig, note))`],
    [expressionIndex('int4range(id, org_id) range_ops', { method: 'gist' }), 'USING gist (int4range(id, org_id))'],
    [expressionIndex('id + org_id'), 'USING btree (((id + org_id)))'],
    [expressionIndex('(status) ISNULL'), 'USING btree (((status IS NULL)))'],
    [
      expressionIndex('lower(status) COLLATE "C" text_pattern_ops NULLS FIRST'),
      'USING btree (lower(status) COLLATE "C" text_pattern_ops NULLS FIRST)',
    ],
  ];

  it.each(cases)('%j', async (definition, printed) => {
    await using db = await createDatabase();
    await createTables(db);
    await db.query('UPDATE revenues SET org_id = id + 1');
    await run(db, createIndex({ definition }));
    expect(Object.values(await indexes(db)).map((text) => text.replaceAll(/[()]/g, ''))).toEqual([printed.replaceAll(/[()]/g, '')]);
  });

  it('lies where the policy says, whatever the names are', async () => {
    await using db = await createDatabase();
    const tablespace = await db.createTablespace('Fast disk');
    await db.query(`
      CREATE SCHEMA "Odd schema";
      CREATE TABLE "Odd schema"."A ""b""" (" id" int)`);
    const partition = named('A "b"', 'Odd schema');
    const index = indexNameOn('by "id"', partition);
    const step = createIndex({ partition, index, definition: columnIndex(' id', { tablespace }) });
    await run(db, step);
    const [row] = await db.query<{ tablespace: string }>('SELECT tablespace FROM pg_indexes WHERE schemaname = $1 AND indexname = $2', [
      index.schema,
      index.name,
    ]);
    expect(row).toEqual({ tablespace });
    await run(db, reindex({ partition, index }), dropIndex({ partition, index }));
    expect(await indexes(db)).toEqual({});
  });

  it('is an error, not done, where something else has its name', async () => {
    await using db = await createDatabase();
    await createTables(db);
    await db.query('CREATE INDEX revenues_2025_q2_i ON revenues_2025_q2 (status)');
    await expect(run(db, createIndex())).rejects.toMatchObject({ code: '42P07' });
  });

  it('is made with a new partition, once, also where the partitioned table has one of the same shape', async () => {
    await using db = await createDatabase();
    await createTables(db);
    await db.query(`CREATE INDEX of_all ON revenues (org_id); SET ROLE NONE`);
    const partition = named('revenues_2025_q4');
    const own = (name: string, definition: IndexPolicy) => ({ index: indexNameOn(name, partition), definition });
    const [{ owner }] = (await db.query<{ owner: string }>('SELECT current_user AS owner')) as [{ owner: string }];
    const indexesOfIt = [
      own('same', columnIndex('org_id', { name: 'same' })),
      own('open', columnIndex('status', { name: 'open', where: "status = 'open'" })),
    ];
    await run(
      db,
      createPartition({
        partition,
        from: '2025-10-01 00:00:00+00',
        to: '2026-01-01 00:00:00+00',
        template: { ...bareTemplate, owner },
        indexes: indexesOfIt,
      }),
    );
    const made = Object.entries(await indexes(db)).filter(([name]) => name.startsWith(partition.name));
    expect(Object.fromEntries(made)).toEqual({
      revenues_2025_q4_same: 'USING btree (org_id)',
      revenues_2025_q4_open: `USING btree (status) WHERE (status = 'open'::text)`,
    });
  });
});
