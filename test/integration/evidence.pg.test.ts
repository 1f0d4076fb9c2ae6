import { describe, expect, it } from 'vitest';
import { type EvidenceRequest, readEvidence } from '../../src/catalog/read-evidence.ts';
import { readTables } from '../../src/catalog/read-tables.ts';
import { parseInstant } from '../../src/partition/calendar.ts';
import { parseInterval } from '../../src/partition/interval.ts';
import type { Evidence, PartitionedTable } from '../../src/partition/partition.ts';
import type { TablePolicy } from '../../src/partition/policy.ts';
import { MAXVALUE, MINVALUE } from '../../src/partition/position.ts';
import { createDatabase } from '../support/database.ts';
import { onlyOn } from '../support/only-on.ts';
import { noAbort, openSession, type TestSession } from '../support/open-session.ts';
import { policyOf, reconcile } from '../support/reconcile.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');

async function tableOf(session: TestSession, policy: TablePolicy): Promise<PartitionedTable> {
  const [state] = await readTables(session, { policies: [policy], now, detached: [], holds: [] }, noAbort);
  if (state?.kind !== 'partitioned') throw new Error(`${policy.table.name} was not read: ${JSON.stringify(state)}`);
  return state.table;
}

async function ask(session: TestSession, table: PartitionedTable, questions: Partial<EvidenceRequest['questions']>): Promise<Evidence> {
  const asked = { defaultRanges: [], referencedOids: [], names: [], needsTemplate: false, ...questions };
  const [evidence] = await readEvidence(session, [{ table, questions: asked }], noAbort);
  if (evidence === undefined) throw new Error('no evidence');
  return evidence;
}

function oidOf(table: PartitionedTable, name: string): string {
  return table.partitions.find((partition) => partition.name.name === name)?.oid ?? '';
}

describe('occupied ranges of the default partition', () => {
  it('are exact at both ends, with and without an index', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE orders (id bigint) PARTITION BY RANGE (id);
      CREATE TABLE "orders rest" PARTITION OF orders DEFAULT;
      INSERT INTO orders VALUES (10), (20), (NULL);`);
    const table = await tableOf(session, policyOf('orders', { interval: parseInterval(10), name: '{table}_{from}' }));
    const ranges = [
      { from: MINVALUE, to: 10n },
      { from: 10n, to: 11n },
      { from: 11n, to: 20n },
      { from: 11n, to: 21n },
      { from: 20n, to: MAXVALUE },
      { from: 21n, to: MAXVALUE },
    ];
    const occupied = [ranges[1], ranges[3], ranges[4]];
    expect((await ask(session, table, { defaultRanges: ranges })).occupiedInDefault).toEqual(occupied);
    expect(session.reads.at(-1)).toBe('read-occupied-ranges-by-scan');
    await database.query('CREATE INDEX ON "orders rest" (id)');
    expect((await ask(session, table, { defaultRanges: ranges })).occupiedInDefault).toEqual(occupied);
    expect(session.reads.at(-1)).toBe('read-occupied-ranges-by-index');
  });
});

describe('a default partition that cannot be looked into', () => {
  it('may hold rows of every range while it is locked, or when the question fails', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE orders (id bigint) PARTITION BY RANGE (id);
      CREATE TABLE rest PARTITION OF orders DEFAULT;
      INSERT INTO orders SELECT 10 FROM generate_series(1, 10001);`);
    const table = await tableOf(session, policyOf('orders', { interval: parseInterval(10), name: '{table}_{from}' }));
    expect(table.defaultRows).toMatchObject({ count: 10_000, isExact: false, min: null, max: null });
    const ranges = [
      { from: 0n, to: 10n },
      { from: 20n, to: 30n },
    ];
    expect((await ask(session, table, { defaultRanges: ranges })).occupiedInDefault).toEqual([]);
    const locker = await database.client();
    await locker.query('BEGIN; LOCK TABLE rest IN ACCESS EXCLUSIVE MODE');
    expect((await ask(session, table, { defaultRanges: ranges })).occupiedInDefault).toEqual(ranges);
    await locker.query('ROLLBACK; ALTER TABLE orders RENAME id TO number');
    expect((await ask(session, table, { defaultRanges: ranges })).occupiedInDefault).toEqual(ranges);
  });
});

describe('referenced partitions', () => {
  it('are those with a row that some foreign key still points to', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at date, id int, PRIMARY KEY (at, id)) PARTITION BY RANGE (at);
      CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE e2 PARTITION OF events FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
      CREATE TABLE e3 PARTITION OF events FOR VALUES FROM ('2025-03-01') TO ('2025-04-01');
      CREATE TABLE "No'tes" ("event ""at" date, event_id int, FOREIGN KEY ("event ""at", event_id) REFERENCES events);
      INSERT INTO events VALUES ('2025-01-05', 1), ('2025-02-05', 1), ('2025-03-05', 1);
      INSERT INTO "No'tes" VALUES ('2025-02-05', 1), (NULL, 1), ('2025-03-05', NULL);`);
    const table = await tableOf(session, policyOf('events'));
    const asked = ['e1', 'e2'].map((name) => oidOf(table, name));
    const { referenced } = await ask(session, table, { referencedOids: asked });
    expect([...referenced]).toEqual([[oidOf(table, 'e2'), { schema: 'public', name: "No'tes" }]]);
  });

  it('include those whose references may not be read', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('app');
    await database.query(`
      CREATE TABLE events (at date PRIMARY KEY) PARTITION BY RANGE (at);
      CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE secret (at date REFERENCES events);
      GRANT SELECT ON events, e1 TO "${role.name}";`);
    await using session = await openSession(database, role.url);
    const table = await tableOf(session, policyOf('events'));
    expect((await ask(session, table, { referencedOids: [oidOf(table, 'e1')] })).referenced.size).toBe(1);
    await database.query(`DROP OWNED BY "${role.name}"`);
  });
});

describe('taken names', () => {
  it('are those of relations and types alike, in the schema asked for', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE SCHEMA other;
      CREATE TABLE events (at date) PARTITION BY RANGE (at);
      CREATE TABLE a_table (id int PRIMARY KEY); CREATE VIEW a_view AS SELECT 1; CREATE TYPE a_type AS ENUM ('x'); CREATE TABLE other.elsewhere ();`);
    const table = await tableOf(session, policyOf('events'));
    const inPublic = ['a_table', 'a_table_pkey', 'a_view', 'a_type', '_a_table', 'elsewhere', "free'"].map((name) => ({
      schema: 'public',
      name,
    }));
    const names = [...inPublic, { schema: 'other', name: 'elsewhere' }, { schema: 'absent', name: 'a_view' }];
    expect([...(await ask(session, table, { names: inPublic })).takenNames].toSorted()).toEqual([
      'a_table',
      'a_table_pkey',
      'a_type',
      'a_view',
    ]);
    expect((await ask(session, table, { names })).takenNames.has('elsewhere')).toBe(true);
  });

  it('are not those of partitions that somebody has made since the table was read, but of other tables they are', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query('CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE others (at date) PARTITION BY RANGE (at)');
    const table = await tableOf(session, policyOf('events'));
    await database.query(`
      CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2025-03-01') TO ('2025-04-01');
      CREATE TABLE others_new PARTITION OF others FOR VALUES FROM ('2025-03-01') TO ('2025-04-01')`);
    const names = ['events_new', 'others_new'].map((name) => ({ schema: 'public', name }));
    expect([...(await ask(session, table, { names })).takenNames]).toEqual(['others_new']);
  });
});

describe('the template', () => {
  it('is empty where nothing was set, and null where nobody asked', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query('CREATE TABLE events (at date) PARTITION BY RANGE (at)');
    const table = await tableOf(session, policyOf('events'));
    expect((await ask(session, table, {})).template).toBeNull();
    expect((await ask(session, table, { needsTemplate: true })).template).toEqual({
      owner: 'postgres',
      grants: [],
      defaultGrantees: [],
      rowSecurity: { enabled: false, forced: false, policies: [] },
      replicaIdentity: { kind: 'default' },
      publications: [],
      closedPublications: [],
      storage: {},
      tablespace: null,
      accessMethod: null,
      statisticsTargets: [],
    });
  });

  it('holds what LIKE does not carry, and a partition made from it gives the same template', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    const owner = await database.createRole('Own er');
    const reader = await database.createRole('reader');
    const tablespace = await database.createTablespace('fast').catch(() => null);
    const q = (name: string): string => `"${name.replaceAll('"', '""')}"`;
    await database.query(`
      CREATE TABLE events (at date NOT NULL, tenant text NOT NULL, payload text) PARTITION BY RANGE (at);
      CREATE UNIQUE INDEX "by USING tenant" ON events (tenant, at) WITH (fillfactor = 90);
      CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      CREATE TABLE e3 PARTITION OF events FOR VALUES FROM ('2025-03-01') TO ('2025-04-01')
        WITH (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false);
      ALTER TABLE events ALTER COLUMN tenant SET STATISTICS 500;
      ALTER TABLE ONLY events REPLICA IDENTITY USING INDEX "by USING tenant";
      ALTER TABLE events ENABLE ROW LEVEL SECURITY;
      CREATE POLICY "te'nant" ON events AS RESTRICTIVE FOR UPDATE TO PUBLIC, ${q(reader.name)} USING (tenant = CURRENT_USER) WITH CHECK (at > '2020-01-01');
      GRANT SELECT, INSERT ON events TO ${q(reader.name)} WITH GRANT OPTION;
      GRANT UPDATE (payload) ON events TO PUBLIC;
      ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO ${q(reader.name)}, PUBLIC;
      CREATE PUBLICATION siblings FOR TABLE e3;
      ALTER TABLE events OWNER TO ${q(owner.name)};`);
    if (tablespace !== null) await database.query(`ALTER TABLE events SET TABLESPACE ${q(tablespace)}`);
    const read = async () => (await ask(session, await tableOf(session, policyOf('events')), { needsTemplate: true })).template;
    const before = await read();
    expect(before).toMatchObject({
      owner: owner.name,
      defaultGrantees: expect.arrayContaining([reader.name, null]),
      rowSecurity: {
        enabled: true,
        forced: false,
        policies: [
          {
            name: "te'nant",
            isPermissive: false,
            command: 'UPDATE',
            roles: expect.arrayContaining([null]),
            using: '(tenant = CURRENT_USER)',
            withCheck: "(at > '2020-01-01'::date)",
          },
        ],
      },
      replicaIdentity: { kind: 'index', definition: "USING btree (tenant, at) WITH (fillfactor='90')" },
      publications: [{ publication: 'siblings', columns: null, filter: null }],
      storage: { fillfactor: '70', autovacuum_enabled: 'false', 'toast.autovacuum_enabled': 'false' },
      tablespace,
      accessMethod: null,
      statisticsTargets: [{ column: 'tenant', target: 500 }],
    });
    expect(before?.grants).toEqual(
      expect.arrayContaining([
        { grantee: owner.name, privilege: 'SELECT', isGrantable: false, column: null },
        { grantee: reader.name, privilege: 'INSERT', isGrantable: true, column: null },
        { grantee: null, privilege: 'UPDATE', isGrantable: false, column: 'payload' },
      ]),
    );
    const report = await reconcile(database, [policyOf('events')], { request: { now } });
    expect(report.tables[0]?.steps.map(({ outcome, error }) => [outcome, error?.message])).toEqual([
      ['ok', undefined],
      ['ok', undefined],
    ]);
    expect(await read()).toEqual(before);
    const [acls] = await database.query<{ parent: string; made: string }>(`
      SELECT (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM pg_class, unnest(relacl) AS a WHERE oid = 'events'::regclass) AS parent,
             (SELECT string_agg(a::text, ' ' ORDER BY a::text) FROM pg_class, unnest(relacl) AS a WHERE oid = 'events_2025_05'::regclass) AS made`);
    expect(acls?.made).toEqual(acls?.parent);
    await database.query(`ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM ${q(reader.name)}, PUBLIC; DROP TABLE events;
      DROP OWNED BY ${q(owner.name)}, ${q(reader.name)}`);
  });

  it('takes publications with columns and filter, unless an ancestor is published', async (context) => {
    onlyOn(context, (major) => major >= 15, 'column lists and row filters came with 15');
    await using database = await createDatabase();
    await using session = await openSession(database);
    await database.query(`
      CREATE TABLE events (at date NOT NULL, "Pay load" text) PARTITION BY RANGE (at);
      CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
      ALTER TABLE e1 REPLICA IDENTITY FULL;
      CREATE PUBLICATION partly FOR TABLE e1 ("Pay load", at) WHERE (at > '2025-01-05');
      CREATE PUBLICATION whole FOR TABLE events, e1;`);
    const { template } = { ...(await ask(session, await tableOf(session, policyOf('events')), { needsTemplate: true })) };
    expect(template?.publications).toEqual([{ publication: 'partly', columns: ['at', 'Pay load'], filter: "(at > '2025-01-05'::date)" }]);
    expect(template?.replicaIdentity).toEqual({ kind: 'full' });
  });
});
