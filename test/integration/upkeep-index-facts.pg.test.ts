import { describe, expect, it } from 'vitest';
import { spellIndex } from '../../src/partition/index-definition.ts';
import type { TablePolicy } from '../../src/partition/policy.ts';
import { parseQualifiedName } from '../../src/partition/qualified-name.ts';
import type { IndexFacts, IndexMark, UpkeepFacts, UpkeepMarks } from '../../src/partition/upkeep.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { openSession, type TestSession } from '../support/open-session.ts';
import { policyOf } from '../support/reconcile.ts';
import { createEvents, factsOf, indexPolicy, maintained, names, noMarks, oidOf, run } from '../support/upkeep-facts.ts';
import { waitForLockWaiter } from '../support/wait-for-lock.ts';

describe('a table whose indexes must be looked at', () => {
  it('is told whole: every level and every index, whatever the names, and nothing of a pending detach', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE SCHEMA "Odd ""schema""";
      CREATE TABLE "Odd ""schema"""."my events" (id int8 NOT NULL, "At" timestamptz NOT NULL, note text) PARTITION BY RANGE ("At");
      CREATE TABLE public."first, (one)" PARTITION OF "Odd ""schema"""."my events" FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
      CREATE TABLE sub PARTITION OF "Odd ""schema"""."my events" FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z') PARTITION BY LIST (id);
      CREATE TABLE sub_1 PARTITION OF sub FOR VALUES IN (1);
      CREATE TABLE sub_default PARTITION OF sub DEFAULT PARTITION BY LIST (note);
      CREATE TABLE deep PARTITION OF sub_default DEFAULT;
      CREATE FOREIGN DATA WRAPPER nothing;
      CREATE SERVER far FOREIGN DATA WRAPPER nothing;
      CREATE FOREIGN TABLE cold PARTITION OF "Odd ""schema"""."my events" FOR VALUES FROM ('2024-01-01Z') TO ('2025-01-01Z') SERVER far;
      CREATE TABLE leaving PARTITION OF "Odd ""schema"""."my events" FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z') PARTITION BY LIST (id);
      CREATE TABLE leaving_1 PARTITION OF leaving FOR VALUES IN (1);
      CREATE INDEX "a (b" ON public."first, (one)" ("At" DESC);
      CREATE INDEX "attached" ON ONLY "Odd ""schema"""."my events" (lower(note), "At");
      CREATE INDEX "attached first" ON public."first, (one)" (lower(note), "At");
      ALTER INDEX "Odd ""schema""".attached ATTACH PARTITION public."attached first"`);
    const odd = '"Odd ""schema"""."my events"';
    await leavePending(database, odd, 'public.leaving');
    const table = parseQualifiedName(odd);
    const policy = maintained('events', {}, { table, indexes: [indexPolicy('wanted'), indexPolicy('a (b'), indexPolicy('attached')] });
    const facts = await factsOf(session, policy);
    expect(facts.isWhole).toBe(true);
    const oids = await database.query<{ name: string; oid: string }>(
      "SELECT relname AS name, oid::text FROM pg_class WHERE relkind IN ('r', 'p')",
    );
    const nameOf = (oid: string): string => oids.find((one) => one.oid === oid)?.name ?? oid;
    expect(facts.relations.map(({ name, kind, rootOid, parentOid }) => [name.name, kind, nameOf(rootOid), nameOf(parentOid)])).toEqual([
      ['cold', 'foreign', expect.any(String), 'my events'],
      ['deep', 'table', 'sub', 'sub_default'],
      ['first, (one)', 'table', 'first, (one)', 'my events'],
      ['sub', 'partitioned', 'sub', 'my events'],
      ['sub_1', 'table', 'sub', 'sub'],
      ['sub_default', 'partitioned', 'sub', 'sub'],
    ]);
    const attached = facts.indexes.find(({ name }) => name.name === 'attached');
    expect(facts.indexes).toMatchObject([
      {
        name: { schema: 'Odd "schema"', name: 'attached' },
        isValid: false,
        isBuilding: false,
        parentIndexOid: null,
        keys: ['lower(note)', '"At"'],
      },
      { name: { schema: 'public', name: 'a (b' }, isValid: true, keys: ['"At" DESC'], where: null, include: [] },
      { name: { schema: 'public', name: 'attached first' }, isValid: true, parentIndexOid: attached?.oid, keys: ['lower(note)', '"At"'] },
    ]);
    // `a (b` is taken in another schema only.
    expect([...facts.takenIndexNames]).toEqual(['attached']);
  });

  it('is whole only while something may be to do', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    await database.query('CREATE INDEX by_at ON events (at)');
    const oid = await oidOf(database, 'events');
    const definition = spellIndex(indexPolicy('by_at'));
    const mark = (changes: Partial<IndexMark> = {}): UpkeepMarks => ({
      frozen: new Map(),
      indexes: [
        {
          relationOid: oid,
          tableOid: oid,
          index: { schema: 'public', name: 'by_at' },
          policyName: 'by_at',
          definition,
          state: 'built',
          rebuilt: null,
          ...changes,
        },
      ],
    });
    const isWhole = async (overrides: Partial<TablePolicy>, marks = noMarks): Promise<boolean> =>
      (await factsOf(session, policyOf('events', overrides), marks)).isWhole;
    const indexes = [indexPolicy('by_at')];
    expect(await isWhole({ indexes: [] })).toBe(false);
    expect(await isWhole({ indexes })).toBe(false);
    expect(await isWhole({ indexes }, mark())).toBe(false);
    expect(await isWhole({ indexes: [indexPolicy('by_id')] })).toBe(true);
    expect(await isWhole({ indexes: [indexPolicy('newest', { partitions: { kind: 'newest', count: 2 } })] })).toBe(true);
    expect(await isWhole({ indexes }, mark({ state: 'building' }))).toBe(true);
    expect(await isWhole({ indexes: [] }, mark({ state: 'reindexing', policyName: null }))).toBe(true);
    expect(await isWhole({ indexes: [] }, mark())).toBe(false);
    expect(await isWhole({ indexes: [], dropRemovedIndexes: true }, mark())).toBe(true);
    expect(await isWhole({ indexes: [], dropRemovedIndexes: true }, mark({ tableOid: '1' }))).toBe(false);
    const facts = await factsOf(session, policyOf('events', { indexes }), mark());
    expect(facts.indexes.map(({ name }) => name.name)).toEqual(['by_at']);
    expect(facts.marks.indexes).toHaveLength(1);
    expect(facts.relations).toEqual([]);
  });

  it('tells indexes as pg_get_indexdef does', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE EXTENSION IF NOT EXISTS plpgsql;
      CREATE TABLE t (id int8 NOT NULL, at timestamptz NOT NULL, "No te" text, name varchar(10), tags text[], doc jsonb, body tsvector, r int4range,
        EXCLUDE USING btree (id WITH =, at WITH =), PRIMARY KEY (at, id));
      ALTER TABLE t DROP CONSTRAINT t_id_at_excl;
      CREATE TABLE events (LIKE t INCLUDING ALL) PARTITION BY RANGE (at);
      CREATE UNIQUE INDEX i01 ON events (at DESC, id NULLS FIRST) INCLUDE ("No te", name) WITH (fillfactor = 70) WHERE id > 5;
      CREATE INDEX i02 ON events ("No te" COLLATE "C" DESC NULLS LAST, name text_pattern_ops);
      CREATE INDEX i03 ON events USING gin (doc jsonb_path_ops, tags);
      CREATE INDEX i04 ON events USING gist (body tsvector_ops (siglen = 100), r);
      CREATE INDEX i05 ON events USING brin (at, id);
      CREATE INDEX i06 ON events USING hash (name);
      CREATE INDEX i07 ON events (lower("No te") DESC, (id + 1), ("No te" || 'it''s (a, "b') COLLATE "C" text_pattern_ops, id) INCLUDE (name) WHERE "No te" = 'x)';
      CREATE INDEX i08 ON events ((tags[1]), (ARRAY[id, 2])) WHERE name IN ('a', 'b')`);
    const { indexes } = await factsOf(session, policyOf('events', { indexes: [indexPolicy('wanted')] }));
    const printed = await database.query<{
      name: string;
      definition: string;
      where: string | null;
      include: readonly string[];
      constraint: boolean;
    }>(`
      SET search_path = pg_catalog;
      SELECT c.relname AS name, pg_get_indexdef(c.oid) AS definition, pg_get_expr(x.indpred, x.indrelid) AS "where",
        EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid) AS constraint
      FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid WHERE x.indrelid = 'public.events'::regclass ORDER BY c.relname COLLATE "C"`);
    const spelt = ({ method, keys, include, where, isUnique, name }: IndexFacts): string => {
      const included =
        include.length === 0 ? '' : ` INCLUDE (${include.map((column) => (/^[a-z]+$/.test(column) ? column : `"${column}"`)).join(', ')})`;
      const condition = where === null ? '' : ` WHERE ${where}`;
      return `CREATE ${isUnique ? 'UNIQUE ' : ''}INDEX ${name.name} ON ONLY public.events USING ${method} (${keys.join(', ')})${included}${condition}`;
    };
    expect(indexes.map(spelt)).toEqual(printed.map(({ definition }) => definition.replace(/ WITH \(fillfactor='70'\)/, '')));
    expect(indexes.map(({ isConstraint }) => isConstraint)).toEqual(printed.map(({ constraint }) => constraint));
    expect(indexes.find(({ name }) => name.name === 'i07')?.keys).toHaveLength(4);
  });
});

describe('indexes below a table that need not be looked at whole', () => {
  it('are told when they are invalid, with their relation, and whether somebody is building them', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    await database.query("INSERT INTO events VALUES (1, '2025-01-10Z'), (1, '2025-01-10Z')");
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY broken ON events_1 (id)')).rejects.toThrow(
      /could not create unique index/,
    );
    await database.query('CREATE TABLE elsewhere (id int8); INSERT INTO elsewhere VALUES (1), (1)');
    await expect(database.query('CREATE UNIQUE INDEX CONCURRENTLY other ON elsewhere (id)')).rejects.toThrow(
      /could not create unique index/,
    );
    // CREATE INDEX CONCURRENTLY waits for whoever has written to the table before.
    const writer = await database.client();
    await writer.query("BEGIN; INSERT INTO events VALUES (1, '2025-02-10Z')");
    const builder = await database.client();
    const build = builder.query('CREATE INDEX CONCURRENTLY building ON events_2 (id)');
    await waitForLockWaiter(database, ({ query }) => query.includes('building'));
    const facts = await factsOf(session, policyOf('events'));
    expect(facts.indexes).toMatchObject([
      {
        name: { name: 'broken' },
        isValid: false,
        isBuilding: false,
        isUnique: true,
        keys: ['id'],
        relationOid: await oidOf(database, 'events_1'),
      },
      { name: { name: 'building' }, isValid: false, isBuilding: true, isUnique: false, relationOid: await oidOf(database, 'events_2') },
    ]);
    expect(facts.isWhole).toBe(false);
    expect(names(facts)).toEqual(['events_1', 'events_2']);
    await writer.query('COMMIT');
    await build;
    expect((await factsOf(session, policyOf('events'))).indexes.map(({ name }) => name.name)).toEqual(['broken']);
    // While it is reindexed concurrently, neither is broken.
    await writer.query("BEGIN; INSERT INTO events VALUES (2, '2025-02-10Z')");
    const rebuild = builder.query('REINDEX INDEX CONCURRENTLY building');
    await waitForLockWaiter(database, ({ query }) => query.includes('REINDEX'));
    expect((await factsOf(session, policyOf('events'))).indexes.map(({ name, isBuilding }) => [name.name, isBuilding])).toEqual([
      ['broken', false],
      ['building_ccnew', true],
    ]);
    await writer.query('COMMIT');
    await rebuild;
  });

  it('are told when more of them is waste than the policy bears, by an estimate that a new index passes', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await run(
      database,
      `CREATE TABLE events (id int8 NOT NULL, org int4 NOT NULL, at timestamptz NOT NULL, note text) PARTITION BY RANGE (at);
       CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
       INSERT INTO events SELECT i, i % 7, '2025-01-10Z'::timestamptz + i * interval '1 s', md5(i::text) FROM generate_series(1, 40000) AS i;
       CREATE INDEX by_id ON events (id);
       CREATE INDEX by_org ON events (org, id, org, at);
       CREATE INDEX by_note ON events (note, at);
       CREATE INDEX by_lower ON events (upper(note)) WITH (fillfactor = 60);
       CREATE INDEX by_half ON events (org) WHERE id % 2 = 0`,
      'VACUUM ANALYZE events_1',
    );
    const policy = (reindexBloat: number): TablePolicy =>
      maintained('events', { freezeClosed: false, reindexMinBytes: 100_000, reindexBloat });
    const bloated = async (reindexBloat: number, on: TestSession = session): Promise<readonly IndexFacts[]> =>
      (await factsOf(on, policy(reindexBloat))).indexes.filter(({ parentIndexOid }) => parentIndexOid !== null);
    const namesOf = (indexes: readonly IndexFacts[]): readonly string[] => indexes.map(({ name }) => name.name);
    expect(await bloated(0.1)).toEqual([]);
    await run(database, 'DELETE FROM events WHERE id % 10 <> 0', 'VACUUM ANALYZE events_1');
    const found = await bloated(0.5);
    // That of half of the rows is too small to be looked at.
    const fixed = ['events_1_id_idx', 'events_1_org_id_org1_at_idx'];
    expect(namesOf(found)).toEqual([fixed[0], 'events_1_note_at_idx', fixed[1], 'events_1_upper_idx']);
    expect(names(await factsOf(session, policy(0.5)))).toEqual(['events_1']);
    for (const { bytes, wastedBytes } of found) {
      expect((wastedBytes ?? 0) / bytes).toBeGreaterThan(0.5);
      expect((wastedBytes ?? 0) / bytes).toBeLessThan(1);
    }
    expect((await factsOf(session, maintained('events', { reindexMinBytes: 10_000_000 }))).indexes).toEqual([]);
    expect((await factsOf(session, maintained('events', { reindexMinBytes: 100_000, reindexBloat: null }))).indexes).toEqual([]);
    // Average widths are told only to who may read the column.
    const role = await database.createRole('app');
    await using other = await openSession(database, role.url);
    expect(namesOf(await bloated(0.5, other))).toEqual(fixed);
    await run(database, 'REINDEX TABLE events_1');
    expect(await bloated(0.1)).toEqual([]);
  });
});

describe('beside somebody with ACCESS EXCLUSIVE', () => {
  it('everything is read but expressions and conditions, without which the facts are not whole', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await createEvents(database);
    await database.query('CREATE INDEX plain ON events_1 (id); CREATE INDEX partial ON events_2 (id) WHERE id > 5');
    const policy = maintained('events', {}, { indexes: [indexPolicy('wanted')] });
    // Ages grow by themselves.
    const look = async (): Promise<UpkeepFacts> => {
      const facts = await factsOf(session, policy);
      return { ...facts, relations: facts.relations.map((relation) => ({ ...relation, xidAge: 0 })) };
    };
    const before = await look();
    expect(before.isWhole).toBe(true);
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE events_1 IN ACCESS EXCLUSIVE MODE');
    expect(await look()).toEqual(before);
    // Also while it only waits.
    const reader = await database.client();
    await reader.query('BEGIN; LOCK TABLE events_2 IN ACCESS SHARE MODE');
    const waiting = holder.query('LOCK TABLE events_2 IN ACCESS EXCLUSIVE MODE');
    await waitForLockWaiter(database, ({ relation }) => relation === 'events_2');
    const beside = await look();
    expect(beside.isWhole).toBe(false);
    expect(beside.relations).toEqual(before.relations);
    expect(beside.indexes.map(({ name, keys, where }) => [name.name, keys, where])).toEqual([
      ['partial', [], null],
      ['plain', ['id'], null],
    ]);
    await reader.query('ROLLBACK');
    await waiting;
    await holder.query('ROLLBACK');
    expect(await look()).toEqual(before);
  });
});

/** Ends a concurrent detach while it waits for a reader: the partition stays half detached. */
async function leavePending(database: TestDatabase, table: string, partition: string): Promise<void> {
  const reader = await database.client();
  await reader.query(`BEGIN; LOCK TABLE ONLY ${table} IN ACCESS SHARE MODE`);
  const detacher = await database.client();
  const detaching = detacher.query(`ALTER TABLE ${table} DETACH PARTITION ${partition} CONCURRENTLY`).catch(() => undefined);
  const { pid } = await waitForLockWaiter(database, ({ query }) => query.includes('DETACH'));
  await database.query('SELECT pg_terminate_backend($1)', [pid]);
  await detaching;
  await reader.query('ROLLBACK');
}
