import type { ClientBase } from 'pg';
import { describe, expect, it } from 'vitest';
import { renderStep } from '../../src/ddl/render-step.ts';
import { renderScript } from '../../src/ddl/script.ts';
import { quoteLiteral } from '../../src/partition/literal.ts';
import type { PartitionTemplate } from '../../src/partition/partition.ts';
import { formatQualifiedName } from '../../src/partition/qualified-name.ts';
import type { Step } from '../../src/plan/step.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { bareTemplate, createDefault, createPartition, detachPartition, dropTable, named, oidOf } from '../support/steps.ts';

/** Runs all batches as `plan --sql` prints them, comments and all, each line a message, as psql would. */
async function runScript(client: Pick<ClientBase, 'query'>, step: Step): Promise<void> {
  for (const line of renderScript(step, renderStep(step, 180000), 1000)) await client.query(line);
}

async function attachMessages(database: TestDatabase, step: Step): Promise<readonly string[]> {
  const client = await database.client();
  const messages: string[] = [];
  await client.query('SET client_min_messages = debug1');
  client.on('notice', (notice) => messages.push(notice.message ?? ''));
  await runScript(client, step);
  return messages.filter((message) => message.includes('partition constraint'));
}

describe('a new partition', () => {
  it('equals the parent in everything that LIKE and ATTACH leave behind', async () => {
    await using db = await createDatabase();
    const owner = await db.createRole('Owner 1');
    const app = await db.createRole('app');
    const tablespace = await db.createTablespace('fast');
    const q = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    await db.query(`
      GRANT ALL ON SCHEMA public TO ${q(owner.name)};
      GRANT CREATE ON TABLESPACE ${q(tablespace)} TO ${q(owner.name)};
      CREATE TABLE revenues (
        id bigint GENERATED ALWAYS AS IDENTITY,
        "Amount" numeric(12, 2) NOT NULL DEFAULT 1.5,
        tax numeric GENERATED ALWAYS AS ("Amount" * 0.2) STORED,
        note text COLLATE "C" CHECK (length(note) < 100),
        at timestamptz NOT NULL,
        PRIMARY KEY (id, at),
        CONSTRAINT positive CHECK ("Amount" > 0)
      ) PARTITION BY RANGE (at);
      COMMENT ON COLUMN revenues.note IS 'what for';
      COMMENT ON CONSTRAINT positive ON revenues IS 'no refunds';
      ALTER TABLE revenues ALTER note SET STORAGE EXTERNAL, ALTER note SET STATISTICS 700;
      CREATE STATISTICS revenues_stats (dependencies) ON id, "Amount" FROM revenues;
      CREATE INDEX ON revenues (note);
      ALTER TABLE revenues OWNER TO ${q(owner.name)};
      REVOKE TRUNCATE ON revenues FROM ${q(owner.name)};
      GRANT SELECT, INSERT ON revenues TO ${app.name};
      GRANT UPDATE ("Amount") ON revenues TO PUBLIC;
      GRANT DELETE ON revenues TO ${app.name} WITH GRANT OPTION;
      ALTER TABLE revenues ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
      CREATE POLICY "own 'rows'" ON revenues AS RESTRICTIVE FOR SELECT TO ${app.name} USING ("Amount" < 1000);
      CREATE POLICY writing ON revenues FOR INSERT WITH CHECK (note IS NOT NULL);
      ALTER TABLE revenues REPLICA IDENTITY FULL;
      ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
      CREATE TABLE revenues_2025_q1 PARTITION OF revenues FOR VALUES FROM ('2025-01-01') TO ('2025-04-01');
      CREATE PUBLICATION "Some" FOR TABLE revenues_2025_q1`);
    const grants = await db.query<PartitionTemplate['grants'][number] & Record<string, unknown>>(`
      SELECT NULLIF(COALESCE(r.rolname, ''), '') AS grantee, a.privilege_type AS privilege, a.is_grantable AS "isGrantable", NULL AS column
      FROM pg_class c, aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE c.oid = 'revenues'::regclass
      UNION ALL SELECT NULL, 'UPDATE', false, 'Amount'`);
    const template: PartitionTemplate = {
      owner: owner.name,
      grants,
      defaultGrantees: [null],
      rowSecurity: {
        enabled: true,
        forced: true,
        policies: [
          {
            name: "own 'rows'",
            isPermissive: false,
            command: 'SELECT',
            roles: [app.name],
            using: '("Amount" < (1000)::numeric)',
            withCheck: null,
          },
          { name: 'writing', isPermissive: true, command: 'INSERT', roles: [null], using: null, withCheck: '(note IS NOT NULL)' },
        ],
      },
      replicaIdentity: { kind: 'full' },
      publications: [{ publication: 'Some', columns: null, filter: null }],
      storage: { fillfactor: '80', autovacuum_enabled: 'false' },
      tablespace,
      accessMethod: 'heap',
      statisticsTargets: [{ column: 'note', target: 700 }],
    };
    await runScript(await db.client(), createPartition({ template, storage: { fillfactor: '70' } }));

    const facts = (table: string) =>
      db.query(
        `
      SELECT c.relowner::regrole::text AS owner, c.relrowsecurity, c.relforcerowsecurity, c.relreplident,
        (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a) AS acl,
        (SELECT jsonb_agg(jsonb_build_array(attname, format_type(atttypid, atttypmod), attnotnull, attstorage, attstattarget, attacl::text,
            attgenerated, attcollation, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, attnum)) ORDER BY attnum)
          FROM pg_attribute t LEFT JOIN pg_attrdef d ON d.adrelid = t.attrelid AND d.adnum = t.attnum WHERE attrelid = c.oid AND attnum > 0) AS columns,
        (SELECT jsonb_agg(jsonb_build_array(polname, polpermissive, polcmd, polroles::text, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
          ORDER BY polname) FROM pg_policy WHERE polrelid = c.oid) AS policies,
        (SELECT jsonb_agg(jsonb_build_array(conname, contype, convalidated, CASE contype WHEN 'p' THEN '' ELSE obj_description(oid, 'pg_constraint') END)
          ORDER BY conname) FROM pg_constraint WHERE conrelid = c.oid AND contype NOT IN ('p', 'n')) AS constraints,
        (SELECT jsonb_agg(jsonb_build_array(stxkind, stxkeys::text)) FROM pg_statistic_ext WHERE stxrelid = c.oid) AS statistics,
        (SELECT count(*) FROM pg_index WHERE indrelid = c.oid) AS indexes
      FROM pg_class c WHERE c.oid = $1::regclass`,
        [table],
      );
    expect(await facts('revenues_2025_q2')).toEqual(await facts('revenues'));

    const [own] = await db.query(`
      SELECT c.reloptions, t.spcname AS tablespace, m.amname AS method, c.relispartition,
        (SELECT array_agg(p.pubname) FROM pg_publication_tables p WHERE p.tablename = c.relname) AS publications,
        (SELECT count(*)::int FROM pg_constraint WHERE conrelid = c.oid AND conname = 'partitiond_bound') AS checks
      FROM pg_class c JOIN pg_am m ON m.oid = c.relam LEFT JOIN pg_tablespace t ON t.oid = c.reltablespace WHERE c.oid = 'revenues_2025_q2'::regclass`);
    expect(own).toEqual({
      reloptions: ['fillfactor=70', 'autovacuum_enabled=false'],
      tablespace,
      method: 'heap',
      relispartition: true,
      publications: '{Some}',
      checks: 0,
    });
    await db.query(`INSERT INTO revenues (note, at) VALUES ('through the parent', '2025-05-01')`);
    expect(await db.query('SELECT id, tax FROM revenues_2025_q2')).toEqual([{ id: '1', tax: '0.300' }]);
  });

  it.each([
    ['a plain unique index of the parent', 'CREATE UNIQUE INDEX ON revenues (code, at)', 1],
    ['the index of a unique constraint of the parent', 'ALTER TABLE revenues ADD UNIQUE (code, at)', 1],
    ['an index that only siblings have', 'SELECT 1', 1],
  ])('has its replica identity by %s, and no index twice', async (_what, make, expected) => {
    await using db = await createDatabase();
    await db.query(`CREATE TABLE revenues (code text NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at); ${make}`);
    const template = { ...bareTemplate, replicaIdentity: { kind: 'index' as const, definition: 'USING btree (code, at)' } };
    await runScript(await db.client(), createPartition({ template }));
    const indexes = await db.query(`SELECT indisreplident FROM pg_index WHERE indrelid = 'revenues_2025_q2'::regclass`);
    expect(indexes).toEqual(Array.from({ length: expected }, () => ({ indisreplident: true })));
  });

  it('carries an identity column on every version: the parent numbers the rows', async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE revenues (id int GENERATED BY DEFAULT AS IDENTITY, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    await runScript(await db.client(), createPartition());
    await db.query(`INSERT INTO revenues (at) VALUES ('2025-05-01'), ('2025-05-02')`);
    expect(await db.query('SELECT id FROM revenues_2025_q2 ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('joins a publication with its column list and row filter', async (context) => {
    onlyOn(context, (major) => major >= 15, 'column lists and row filters of publications came with 15');
    await using db = await createDatabase();
    await db.query(
      'CREATE TABLE revenues (id int NOT NULL, at timestamptz NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE PUBLICATION pub',
    );
    const template = { ...bareTemplate, publications: [{ publication: 'pub', columns: ['id', 'at'], filter: '(id > 5)' }] };
    await runScript(await db.client(), createPartition({ template }));
    expect(await db.query('SELECT tablename, attnames, rowfilter FROM pg_publication_tables')).toEqual([
      { tablename: 'revenues_2025_q2', attnames: '{id,at}', rowfilter: '(id > 5)' },
    ]);
  });

  it('may be the default partition', async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE revenues (at timestamptz) PARTITION BY RANGE (at)');
    await runScript(await db.client(), createDefault());
    await db.query('INSERT INTO revenues VALUES (NULL)');
    expect(await db.query('SELECT tableoid::regclass::text FROM revenues')).toEqual([{ tableoid: 'revenues_default' }]);
  });
});

describe('the CHECK and the guard', () => {
  const tuples: readonly (readonly [type: string, format: string, from: string | null, to: string | null, collation?: string])[] = [
    ['timestamptz', 'timestamp with time zone', '2025-04-01 00:00:00+00', '2025-07-01 00:00:00+00'],
    ['timestamp', 'timestamp without time zone', '2025-04-01 00:00:00', '2025-07-01 00:00:00'],
    ['date', 'date', '2025-04-01', '2025-07-01'],
    ['date', 'date', null, '2025-07-01'],
    ['date', 'date', '2025-04-01', null],
    ['int2', 'smallint', '-5', '10'],
    ['int4', 'integer', '10', '20'],
    ['int8', 'bigint', '9007199254740993', '9007199254740999'],
    ['numeric(20, 2)', 'numeric', '1.25', '2.50'],
    ['numeric', 'numeric', '-1', '2'],
    ['uuid', 'uuid', '01900000-0000-7000-8000-000000000000', '01910000-0000-7000-8000-000000000000'],
    ['text', 'text', '01JQ', '01JR'],
    ['text COLLATE "C"', 'text', '01JQ', '01JR'],
    ['text', 'text', '01JQ', '01JR', '"C"'],
    ['varchar(26)', 'character varying', '01JQ', '01JR'],
    ['varchar(26)', 'character varying', '01JQ', '01JR', '"C"'],
    ['char(26)', 'character', '01JQ0000000000000000000000', '01JR0000000000000000000000'],
    ['char(26)', 'character', '01JQ0000000000000000000000', '01JR0000000000000000000000', '"C"'],
  ];

  const keys = tuples.map(([type, format, from, to, collation = null]) => ({ type, format, from, to, collation }));

  it.each(keys)(
    'spare ATTACH every scan, of the partition and of the default: $type from $from to $to, collation $collation',
    async (key) => {
      const { type, format, from, to, collation } = key;
      await using db = await createDatabase();
      const expression = collation === null ? '"Key"' : `"Key" COLLATE ${collation}`;
      await db.query(
        `CREATE TABLE revenues ("Key" ${type}) PARTITION BY RANGE (${expression}); CREATE TABLE revenues_default PARTITION OF revenues DEFAULT`,
      );
      await db.query('INSERT INTO revenues VALUES (NULL)');
      const messages = await attachMessages(
        db,
        createPartition({
          keyColumn: 'Key',
          keyType: format,
          keyCollation: collation,
          from,
          to,
          guard: { defaultPartition: named('revenues_default'), constraint: 'partitiond_guard_1' },
        }),
      );
      expect(messages).toEqual([
        'partition constraint for table "revenues_2025_q2" is implied by existing constraints',
        'updated partition constraint for default partition "revenues_default" is implied by existing constraints',
      ]);
      expect(await db.query(`SELECT conname FROM pg_constraint WHERE conname LIKE 'partitiond%'`)).toEqual([]);
    },
  );
});

describe('hostile names', () => {
  const hostile = [
    "it's",
    'a"b',
    'sch.tab',
    'UPPER',
    'select',
    'ünï 🐘',
    "x'; DROP TABLE precious; --",
    'a\nb',
    '$$',
    '$partitiond$',
    '*/ /*',
    '%s',
    '\\',
    'b'.repeat(63),
  ];

  it.each(hostile)('are just names: %j', async (name) => {
    await using db = await createDatabase();
    const table = named(name, `s ${name}`.slice(0, 60));
    const [partition, fallback, column] = [
      named(`p${name}`.slice(0, 63), table.schema),
      named(`d${name}`.slice(0, 63), table.schema),
      name,
    ];
    const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
    await db.query(`CREATE TABLE precious (); CREATE SCHEMA ${quoted(table.schema)}; CREATE SCHEMA ${quoted(name)}`);
    await db.query(
      `CREATE TABLE ${quoted(table.schema)}.${quoted(table.name)} (${quoted(column)} timestamptz NOT NULL) PARTITION BY RANGE (${quoted(column)})`,
    );
    const client = await db.client();
    await runScript(client, createDefault({ table, partition: fallback }));
    const template: PartitionTemplate = {
      ...bareTemplate,
      statisticsTargets: [{ column, target: 10 }],
      replicaIdentity: { kind: 'index', definition: `USING btree (${quoted(column)})` },
      rowSecurity: {
        enabled: true,
        forced: false,
        policies: [{ name, isPermissive: true, command: 'ALL', roles: [null], using: 'true', withCheck: null }],
      },
    };
    const guard = { defaultPartition: fallback, constraint: name };
    await runScript(client, createPartition({ table, partition, template, keyColumn: column, guard, reason: name }));
    const moved = named(partition.name, name);
    await runScript(client, detachPartition({ table, partition, concurrently: false, defaultPartition: fallback, moveTo: moved }));
    const [row] = await db.query<{ oid: string }>('SELECT c.oid::text AS oid FROM pg_class c WHERE c.oid = to_regclass($1)', [
      formatQualifiedName(moved),
    ]);
    await runScript(client, dropTable({ table, partition: moved, partitionOid: row?.oid ?? '0' }));
    expect(
      await db.query(
        `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY relname <> 'precious', relkind`,
      ),
    ).toEqual([{ relname: 'precious' }, { relname: table.name }, { relname: fallback.name }]);
  });

  it('come back from the server as they were written, under both settings of standard_conforming_strings', async () => {
    await using db = await createDatabase();
    const client = await db.client();
    for (const setting of ['on', 'off']) {
      await client.query(`SET standard_conforming_strings = ${setting}; SET escape_string_warning = off`);
      for (const text of [...hostile, "\\'; DROP TABLE precious; --", "E'", '\\\\', '\u2028', "'".repeat(40)]) {
        const { rows } = await client.query<{ text: string }>(`SELECT ${quoteLiteral(text)} AS text`);
        expect(rows[0]?.text).toBe(text);
      }
    }
  });
});

describe('drop-table', () => {
  it.each([
    ['a partition again', 'ALTER TABLE revenues ATTACH PARTITION revenues_2025_q2 DEFAULT'],
    ['another table under that name', 'DROP TABLE revenues_2025_q2; CREATE TABLE revenues_2025_q2 ()'],
  ])('refuses when the table is %s', async (_what, change) => {
    await using db = await createDatabase();
    await db.query(
      'CREATE TABLE revenues (at timestamptz NOT NULL) PARTITION BY RANGE (at); CREATE TABLE revenues_2025_q2 (at timestamptz NOT NULL)',
    );
    const step = dropTable({ partitionOid: await oidOf(db, 'revenues_2025_q2') });
    await db.query(change);
    await expect(runScript(await db.client(), step)).rejects.toMatchObject({ code: 'PD511' });
    await oidOf(db, 'revenues_2025_q2');
  });

  it('does not cascade to what depends on the table', async () => {
    await using db = await createDatabase();
    await db.query('CREATE TABLE revenues_2025_q2 (at timestamptz); CREATE VIEW report AS SELECT * FROM revenues_2025_q2');
    const step = dropTable({ partitionOid: await oidOf(db, 'revenues_2025_q2') });
    await expect(runScript(await db.client(), step)).rejects.toMatchObject({ code: '2BP01' });
  });
});
