import { describe, expect, it } from 'vitest';
import { adviseOrdinary } from '../../src/advise/advise-ordinary.ts';
import { readOthers } from '../../src/advise/read-others.ts';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { parseQualifiedName } from '../../src/partition/qualified-name.ts';
import type { OrdinaryAdvice, OrdinaryProposal } from '../../src/plan/advice/ordinary/advice.ts';
import { systemClock } from '../../src/postgres/clock.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { chosenMajor } from '../support/postgres-binaries.ts';
import { testSafety } from '../support/reconcile.ts';

async function advise(database: TestDatabase, names: readonly string[] | null, url = database.url): Promise<readonly OrdinaryAdvice[]> {
  await using session = await openSession(database, url);
  const connection = { kind: 'url', url } as const;
  const policy = { name: 'test', connection, journalSchema: 'partitiond', probeRole: null, tables: [] };
  const tables = names?.map(parseQualifiedName) ?? null;
  return await adviseOrdinary(session, policy, { tables, safety: testSafety, clock: systemClock }, noAbort);
}

async function adviseOn(database: TestDatabase, name: string): Promise<OrdinaryAdvice> {
  const [advice] = await advise(database, [name]);
  if (advice === undefined) throw new Error(`no advice on ${name}`);
  return advice;
}

function proposed(advice: OrdinaryAdvice): OrdinaryProposal {
  if (advice.proposal === null) throw new Error('nothing is proposed');
  return advice.proposal;
}

/** What the configuration makes of the entry. */
function policyOf(yaml: string): ReturnType<typeof parseConfiguration>['databases'][number]['tables'][number] {
  const entry = yaml.replace(/^/gm, '      ');
  const text = `databases:\n  - name: app\n    url: postgres://localhost/app\n    tables:\n${entry}`;
  const [table] = parseConfiguration({ text, source: 'test', env: {}, folder: '/' }).databases[0]?.tables ?? [];
  if (table === undefined) throw new Error('the entry is no table');
  return table;
}

/** The requirements' table: two years of rows that come by `occurred_at`, looked for by it. */
async function createRevenues(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE public.revenues (
      id int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      org_id int4 NOT NULL,
      amount numeric(12, 2) NOT NULL CHECK (amount > -1000000),
      occurred_at timestamptz NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now(),
      deleted_at timestamptz
    );
    INSERT INTO revenues (org_id, amount, occurred_at, deleted_at)
    SELECT n % 100, n, '2024-10-05Z'::timestamptz + n * interval '1 hour', CASE WHEN n % 10 = 0 THEN now() END
    FROM generate_series(0, 9999) AS n;
    CREATE TABLE public.fees (revenue_id int8 CONSTRAINT fees_of REFERENCES revenues);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER touched BEFORE INSERT ON revenues FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TRIGGER counted AFTER INSERT ON revenues REFERENCING NEW TABLE AS fresh FOR EACH ROW EXECUTE FUNCTION touch();
    ANALYZE revenues`);
}

describe('advice on an ordinary table', () => {
  it('tells candidates with their statistics, what stands in the way, and a proposal', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const advice = await adviseOn(database, 'revenues');
    expect(advice).toMatchObject({ table: { schema: 'public', name: 'revenues' }, estimatedRows: 10_000 });
    expect(advice.bytes).toBeGreaterThan(500_000);
    expect(advice.candidates.map(({ column }) => column)).toEqual(['created_at', 'occurred_at', 'id', 'deleted_at']);
    const occurred = advice.candidates.find(({ column }) => column === 'occurred_at');
    expect(occurred).toMatchObject({
      type: 'timestamp with time zone',
      nullFraction: 0,
      correlation: 1,
      from: '2024-10-05T00:00:00Z',
      to: '2025-11-25T15:00:00Z',
      use: null,
    });
    expect(occurred?.blockers).toEqual([
      expect.stringMatching(/^Primary key revenues_pkey \(id\) lacks occurred_at, .*: make it \(id, occurred_at\)\./),
      expect.stringMatching(/^Foreign key fees_of of public\.fees references \(id\), .* must hold occurred_at/),
    ]);
    expect(advice.candidates.find(({ column }) => column === 'id')?.blockers).toEqual([]);
    expect(advice.candidates.find(({ column }) => column === 'deleted_at')?.blockers[0]).toMatch(/^90 % of the rows have no deleted_at/);
    expect(advice.blockers).toEqual([
      expect.stringMatching(/^Trigger counted is FOR EACH ROW with transition tables/),
      expect.stringMatching(/^Trigger touched runs BEFORE INSERT/),
      'The DDL below does not carry these, make them again on the new table: triggers counted, touched.',
    ]);
  });

  it('counts conditions in recorded statements, and prefers what is looked for', async () => {
    await using database = await createDatabase();
    await database.query('CREATE EXTENSION pg_stat_statements');
    await createRevenues(database);
    await database.query("SELECT sum(amount) FROM revenues WHERE org_id = 7 AND occurred_at >= now() - interval '1 day'");
    await database.query("SELECT r.id FROM public.revenues AS r JOIN fees AS f ON f.revenue_id = r.id WHERE r.occurred_at < '2025-01-01'");
    await database.query('UPDATE revenues SET created_at = now() WHERE id = 1');
    const advice = await adviseOn(database, 'revenues');
    const uses = Object.fromEntries(advice.candidates.map(({ column, use }) => [column, use]));
    expect(advice.candidates[0]?.column).toBe('occurred_at');
    expect(uses).toMatchObject({
      occurred_at: { statements: 2 },
      created_at: { statements: 0 },
      id: { statements: 2 },
      deleted_at: { statements: 0 },
    });
    expect(uses['id']?.of).toBe(uses['occurred_at']?.of);
    expect(uses['occurred_at']?.of).toBeGreaterThanOrEqual(3);
    expect(advice.candidates.find(({ column }) => column === 'created_at')?.remarks).toContain(
      'recorded statements change it, and rows would then move between partitions',
    );
  });

  it('proposes an entry that the configuration takes and DDL that the server takes', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    await database.query('ALTER TABLE revenues ALTER created_at DROP DEFAULT, ALTER created_at DROP NOT NULL');
    const { yaml, ddl, ...rest } = proposed(await adviseOn(database, 'public.revenues'));
    expect(rest).toEqual({ column: 'occurred_at', interval: '1 year', partitions: 2 });
    expect(yaml.split('\n').filter((line) => !line.startsWith('  #'))).toEqual([
      '- table: "public.revenues"',
      '  interval: 1 year',
      '  startFrom: 2024-01-01',
      '  premake: 1',
      '',
    ]);
    const [, sql = ''] = /compare first: (.*);/.exec(yaml) ?? [];
    const first = await database.query(`SELECT f.occurred_at = '2024-10-05Z' AS "isFirst" FROM (${sql}) AS f`);
    expect(first).toEqual([{ isFirst: true }]);
    expect(policyOf(yaml)).toMatchObject({
      table: { schema: 'public', name: 'revenues' },
      interval: { kind: 'calendar', count: 1, unit: 'year' },
      startFrom: 1_704_067_200_000_000n,
    });
    await database.query(ddl);
    const [made] = await database.query<{ key: string; primary: string; checks: string }>(`
      SELECT pg_get_partkeydef(c.oid) AS key,
        (SELECT pg_get_constraintdef(k.oid) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p') AS primary,
        (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c') AS checks
      FROM pg_class c WHERE c.oid = 'public.revenues_partitioned'::regclass`);
    expect(made).toEqual({ key: 'RANGE (occurred_at)', primary: 'PRIMARY KEY (id, occurred_at)', checks: '1' });
  });

  it('says what goes on with the old table, so that nobody loses it with that one', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE SCHEMA "S";
      CREATE TABLE "S".ev (id serial PRIMARY KEY, no int4 GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL DEFAULT now());
      CREATE VIEW seen AS SELECT id FROM "S".ev;
      CREATE VIEW over_it AS SELECT id FROM seen;
      CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM "S".ev;
      CREATE RULE own AS ON DELETE TO "S".ev DO ALSO NOTHING`);
    const advice = await adviseOn(database, '"S".ev');
    const told = advice.blockers.filter((text) => /^(?:Sequence|View)/.test(text));
    expect(told).toEqual([
      expect.stringMatching(/^Sequence "S"\.ev_id_seq belongs to column id of the old table/),
      expect.stringMatching(/^Views public\.kept, public\.seen will go on reading the old table/),
    ]);
    await database.query(proposed(advice).ddl);
    await database.query('ALTER TABLE "S".ev RENAME TO ev_old; ALTER TABLE "S".ev_partitioned RENAME TO ev; DROP MATERIALIZED VIEW kept');
    await database.query('CREATE OR REPLACE VIEW seen AS SELECT id FROM "S".ev');
    await expect(database.query('DROP TABLE "S".ev_old')).rejects.toThrow(/other objects depend/);
    await database.query(/ALTER SEQUENCE .*;$/.exec(told[0] ?? '')?.[0] ?? '');
    await database.query('DROP TABLE "S".ev_old');
  });

  it('knows identifiers that begin with their time from others by the statistics', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE ids (seven uuid, four uuid DEFAULT gen_random_uuid(), ulid text, word text, born date);
      INSERT INTO ids
      SELECT (lpad(to_hex(1735689600000 + n * 60000), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
        gen_random_uuid(), '01JGG' || lpad(n::text, 21, '0'), md5(n::text), '2025-01-01'::date + n / 60
      FROM generate_series(1, 2000) AS n;
      ANALYZE ids`);
    const advice = await adviseOn(database, 'ids');
    expect(advice.candidates.map(({ column }) => column)).toEqual(['born', 'seven', 'ulid']);
    expect(advice.candidates[1]).toMatchObject({ from: '2025-01-01T00:01:00Z', to: '2025-01-02T09:20:00Z' });
    await database.query('ALTER TABLE ids DROP born, DROP seven; ANALYZE ids');
    const { yaml, ddl } = proposed(await adviseOn(database, 'ids'));
    expect(policyOf(yaml)).toMatchObject({ encoding: { kind: 'ulid' } });
    await database.query(ddl);
  });

  it('says which tables of inheritance, of a type, or unlogged PostgreSQL will not have', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE parent (at timestamptz NOT NULL);
      CREATE TABLE heir () INHERITS (parent);
      CREATE TYPE kind AS (at timestamptz);
      CREATE TABLE typed OF kind;
      CREATE UNLOGGED TABLE fast (at timestamptz NOT NULL, CONSTRAINT mine CHECK (at > '2000-01-01') NO INHERIT)`);
    const found = await advise(database, ['parent', 'heir', 'typed', 'fast']);
    const blockers = Object.fromEntries(found.map(({ table, blockers: texts }) => [table.name, texts]));
    expect(blockers).toEqual({
      parent: [expect.stringMatching(/^public\.heir inherit from it/)],
      heir: [expect.stringMatching(/NO INHERIT public\.parent;$/)],
      typed: [expect.stringMatching(/^It is a typed table \(OF public\.kind\)/)],
      fast: [expect.stringMatching(/^It is UNLOGGED/), expect.stringMatching(/^Check constraint mine is NO INHERIT/)],
    });
    for (const advice of found) await database.query(proposed(advice).ddl);
    if (chosenMajor() < 18) return;
    // What the text says of 18.
    await expect(database.query('CREATE UNLOGGED TABLE no (at timestamptz) PARTITION BY RANGE (at)')).rejects.toThrow(/unlogged/i);
  });

  it('carries what a primary key has besides its columns', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE pairs (a int4, "b B" int4, at timestamptz, note text, PRIMARY KEY (a, "b B") INCLUDE (at, note) DEFERRABLE INITIALLY DEFERRED)`);
    await database.query(proposed(await adviseOn(database, 'pairs')).ddl);
    const [made] = await database.query(`
      SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint WHERE conrelid = 'pairs_partitioned'::regclass AND contype = 'p'`);
    expect(made).toEqual({ text: 'PRIMARY KEY (a, "b B", at) INCLUDE (note) DEFERRABLE INITIALLY DEFERRED' });
  });

  it('puts the key before the part without overlaps, and takes NOT NULL that is not inherited', async (context) => {
    onlyOn(context, (major) => major >= 18, 'WITHOUT OVERLAPS came with 18');
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE stays (room int4range, during tstzrange, at timestamptz NOT NULL, PRIMARY KEY (room, during WITHOUT OVERLAPS));
      CREATE TABLE strict (at timestamptz CONSTRAINT must NOT NULL NO INHERIT)`);
    const stays = await adviseOn(database, 'stays');
    expect(stays.candidates[0]?.blockers[0]).toMatch(/make it \(room, at, during WITHOUT OVERLAPS\)/);
    await database.query(proposed(await adviseOn(database, 'strict')).ddl);
  });

  it('says of exclusion constraints what the version takes', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE bookings (at timestamptz NOT NULL, place point, CONSTRAINT apart EXCLUDE USING gist (place WITH ~=))`);
    const advice = await adviseOn(database, 'bookings');
    const all = [...advice.blockers, ...(advice.candidates[0]?.blockers ?? [])];
    expect(all).toEqual([
      chosenMajor() < 17
        ? expect.stringMatching(/^Exclusion constraint apart: partitioned tables have none before PostgreSQL 17/)
        : expect.stringMatching(/^Exclusion constraint apart does not compare at with =/),
    ]);
  });

  it('without a name looks at large tables only, by statistics, and never at partitions or the journal', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE SCHEMA partitiond;
      CREATE TABLE partitiond.run (at timestamptz);
      CREATE TABLE large (at timestamptz);
      CREATE TABLE small (at timestamptz);
      CREATE TABLE split (at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE part PARTITION OF split DEFAULT;
      UPDATE pg_class SET reltuples = 10000000 WHERE relname IN ('large', 'part', 'run', 'split')`);
    expect((await advise(database, null)).map(({ table }) => table.name)).toEqual(['large']);
    expect(await advise(database, ['split', 'part', 'partitiond.run'])).toEqual([]);
  });

  it('waits for nobody who holds or wants a table alone', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const other = await database.client();
    await other.query('BEGIN; LOCK TABLE revenues IN ACCESS EXCLUSIVE MODE');
    const advice = await adviseOn(database, 'revenues');
    expect(advice.candidates.length).toBeGreaterThan(0);
    expect(advice.bytes).toBeGreaterThan(100_000);
    await other.query('ROLLBACK');
  });

  it('tells a role without SELECT what it may not see, and shows no value', async () => {
    await using database = await createDatabase();
    await createRevenues(database);
    const role = await database.createRole('blind');
    await database.query(`GRANT USAGE ON SCHEMA public TO ${role.name}`);
    const [advice] = await advise(database, ['revenues'], role.url);
    expect(advice?.candidates.every(({ from, nullFraction }) => from === null && nullFraction === null)).toBe(true);
    expect(advice?.candidates[0]?.remarks).toContain('its statistics need the privilege SELECT on the column');
    expect(advice?.proposal).toMatchObject({ interval: '1 month', partitions: null });
  });

  it('says what a name is that no advice is about', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE split (at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE part PARTITION OF split DEFAULT;
      CREATE VIEW seen AS SELECT 1 AS one`);
    await using session = await openSession(database);
    const names = ['split', 'part', 'seen', 'nothing'].map(parseQualifiedName);
    const others = await readOthers(session, names, 'partitiond', noAbort);
    expect(others.map(({ is }) => is)).toEqual(['unmanaged', 'partition', 'other', 'absent']);
    expect(others[3]?.known).toEqual([{ schema: 'public', name: 'split' }]);
    expect(others[0]?.known).toEqual([]);
  });
});
