import { expect, test } from 'vitest';
import { readDefinition } from '../../../src/catalog/migration/read-definition.ts';
import type { TableDefinition } from '../../../src/partition/migration/definition.ts';
import { createDatabase } from '../../support/database.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

/** `T` stands for the table `public.t1`, `public.t2`, ... which is made before with `id` and `amount`. */
const dependents: readonly { readonly sql: string; readonly strays?: readonly string[]; readonly unknown?: readonly string[] }[] = [
  { sql: 'CREATE MATERIALIZED VIEW v1 AS SELECT id FROM T', strays: ['matview: materialized view public.v1'] },
  { sql: 'CREATE RULE r2 AS ON DELETE TO T DO ALSO NOTIFY n', strays: ['rule: rule r2 on public.t2'] },
  {
    sql: 'CREATE VIEW v3 AS SELECT 1 AS id; CREATE RULE r3 AS ON INSERT TO v3 DO INSTEAD INSERT INTO T VALUES (NEW.id)',
    strays: ['rule: rule r3 on public.v3'],
  },
  {
    sql: 'CREATE TABLE o4 (id int); CREATE POLICY p4 ON o4 USING (EXISTS (SELECT FROM T WHERE amount = o4.id))',
    strays: ['policy: policy p4 on public.o4'],
  },
  { sql: 'CREATE POLICY p5 ON T USING (EXISTS (SELECT FROM T AS other WHERE other.id = amount))' },
  {
    sql: 'CREATE TABLE o6 (whole T, many T[])',
    strays: ['row-type: column many of table public.o6', 'row-type: column whole of table public.o6'],
  },
  { sql: "CREATE FUNCTION f7(T) RETURNS int LANGUAGE sql AS 'SELECT 1'", strays: ['row-type: function public.f7(public.t7)'] },
  { sql: 'CREATE DOMAIN d8 AS T', strays: ['row-type: type public.d8'] },
  { sql: 'CREATE VIEW v9 AS SELECT x FROM T AS x', strays: ['row-type: column x of view public.v9'] },
  { sql: 'CREATE VIEW v10 AS SELECT id, amount FROM T GROUP BY id' },
  { sql: "CREATE TABLE o11 (of regclass DEFAULT 'T'::regclass)", unknown: ['default value for column of of table public.o11'] },
  {
    sql: "CREATE TABLE o12 (id int DEFAULT nextval('t12_id_seq'))",
    unknown: ['default value for column id of table public.o12'],
  },
  {
    sql: 'CREATE TABLE o13 (id int); CREATE CONSTRAINT TRIGGER g13 AFTER INSERT ON o13 FROM T FOR EACH ROW EXECUTE FUNCTION fire()',
    unknown: ['trigger g13 on table public.o13'],
  },
  { sql: 'ALTER TABLE T ADD CONSTRAINT c14 CHECK (T.* IS NOT NULL)', unknown: ['constraint c14 on table public.t14'] },
  { sql: 'CREATE INDEX i15 ON T ((T IS NULL))', unknown: ['index public.i15'] },
  {
    sql: "INSERT INTO pg_subscription_rel VALUES ((SELECT oid FROM pg_subscription), 'T'::regclass, 'r', NULL)",
    unknown: ['subscription "s 1"'],
  },
  {
    sql: "CREATE FUNCTION f17(regclass DEFAULT 'T'::regclass) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    unknown: ['function public.f17(regclass)'],
  },
  {
    sql: 'CREATE TABLE o18 (id int PRIMARY KEY REFERENCES T); ALTER TABLE T ADD FOREIGN KEY (amount) REFERENCES o18; CREATE TABLE h18 () INHERITS (T)',
  },
  {
    sql: 'CREATE VIEW v19 AS SELECT id FROM T; CREATE MATERIALIZED VIEW m19 AS SELECT id FROM v19; CREATE VIEW w19 AS SELECT v FROM v19 AS v',
  },
  {
    sql: 'CREATE PUBLICATION p20 FOR TABLE T; CREATE STATISTICS s20 ON id, amount FROM T; CREATE TRIGGER g20 AFTER INSERT ON T EXECUTE FUNCTION fire()',
  },
  { sql: 'CREATE FUNCTION f21() RETURNS SETOF T BEGIN ATOMIC SELECT * FROM T; END', strays: ['row-type: function public.f21()'] },
];

test('names each odd dependent, as a stray or as unknown, and nothing else', async () => {
  await using database = await createDatabase();
  await database.query(`
    SET allow_system_table_mods = on;
    CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE SUBSCRIPTION "s 1" CONNECTION 'dbname=none' PUBLICATION p WITH (connect = false, enabled = false, create_slot = false, slot_name = NONE);
    ${dependents
      .map(
        ({ sql }, at) => `CREATE TABLE t${at + 1} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount int UNIQUE);
          ${sql.replaceAll(/\bT\b/g, `t${at + 1}`)};`,
      )
      .join('\n')}
  `);
  await using session = await openSession(database);
  try {
    for (const [at, { strays = [], unknown = [] }] of dependents.entries()) {
      const found = await readDefinition(session, { schema: 'public', name: `t${at + 1}` }, noAbort);
      expect([found?.name.name, found?.strays.map(({ kind, description }) => `${kind}: ${description}`), found?.unknownDependents]).toEqual(
        [`t${at + 1}`, strays, unknown],
      );
    }
  } finally {
    await database.query('DROP SUBSCRIPTION "s 1"');
  }
});

test('reads what a relation is that may not be migrated, and null where there is none', async () => {
  await using database = await createDatabase();
  await database.query(`
    CREATE TABLE base (id int);
    CREATE TABLE heir () INHERITS (base);
    CREATE TYPE shape AS (id int);
    CREATE TABLE typed OF shape;
    CREATE UNLOGGED TABLE fleeting (id int);
    CREATE TABLE parted (id int PRIMARY KEY, up int REFERENCES parted) PARTITION BY RANGE (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9);
    CREATE VIEW seen AS SELECT 1 AS id;
    CREATE EXTENSION citext;
    CREATE TABLE member (id int);
    ALTER EXTENSION citext ADD TABLE member;
    CREATE TABLE spread (id int);
    CREATE FUNCTION citus_truncate_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER truncate_trigger_1 AFTER TRUNCATE ON spread EXECUTE FUNCTION citus_truncate_trigger();
  `);
  await using session = await openSession(database);
  const read = async (name: string): Promise<TableDefinition | null> => await readDefinition(session, { schema: 'public', name }, noAbort);
  const [base, heir] = [
    { schema: 'public', name: 'base' },
    { schema: 'public', name: 'heir' },
  ];
  expect(await read('base')).toMatchObject({ heirs: [heir], parents: [], unknownDependents: [] });
  expect(await read('heir')).toMatchObject({ heirs: [], parents: [base] });
  expect(await read('typed')).toMatchObject({ ofType: 'public.shape' });
  expect(await read('fleeting')).toMatchObject({ persistence: 'unlogged' });
  expect(await read('parted')).toMatchObject({
    relkind: 'p',
    indexes: [{ name: 'parted_pkey', tail: 'USING btree (id)' }],
    outgoing: [{ name: 'parted_up_fkey', isTablePartitioned: true }],
    unknownDependents: [],
  });
  expect(await read('seen')).toMatchObject({ relkind: 'v' });
  expect(await read('member')).toMatchObject({ belongsTo: 'extension citext' });
  expect(await read('spread')).toMatchObject({ belongsTo: 'Citus' });
  expect([await read('parted_pkey'), await read('none')]).toEqual([null, null]);
});
