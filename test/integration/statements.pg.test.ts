import { describe, expect, it, onTestFinished } from 'vitest';
import { parseInterval } from '../../src/partition/interval.ts';
import type { TablePolicy } from '../../src/partition/policy.ts';
import { auditStatements } from '../../src/probe/statements/audit-statements.ts';
import type { AuditedStatement, StatementAudit } from '../../src/probe/statements/statement-audit.ts';
import { startCluster } from '../support/cluster.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';
import { policyOf, testSafety } from '../support/reconcile.ts';

interface AuditOptions {
  readonly policies?: readonly TablePolicy[];
  readonly url?: string;
  readonly most?: number;
  readonly probeRole?: string;
  readonly withinMs?: number;
}

async function audit(database: TestDatabase, options: AuditOptions = {}): Promise<StatementAudit> {
  const { policies = [policyOf('visit')], url = database.url, most = 50, probeRole = null, withinMs = 60_000 } = options;
  await using session = await openSession(database, url);
  const policy = { name: 'app', connection: { kind: 'url', url } as const, journalSchema: 'partitiond', probeRole, tables: policies };
  return await auditStatements(session, policy, { safety: testSafety, tables: null, most, withinMs }, noAbort);
}

/** Four months, the third of which is the current one; every row has org 4711 and a note that must never be seen. */
async function createVisits(database: TestDatabase, table = 'visit'): Promise<void> {
  await database.query(`
    CREATE TABLE ${table} (id int8, at timestamptz NOT NULL, org int, note text) PARTITION BY RANGE (at);
    DO $$
    DECLARE first timestamptz := date_trunc('month', now(), 'UTC');
    BEGIN
      FOR i IN -2..1 LOOP
        EXECUTE format('CREATE TABLE ${table}_%s PARTITION OF ${table} FOR VALUES FROM (%L) TO (%L)', i + 2,
          (first AT TIME ZONE 'UTC' + i * interval '1 month') AT TIME ZONE 'UTC',
          (first AT TIME ZONE 'UTC' + (i + 1) * interval '1 month') AT TIME ZONE 'UTC');
      END LOOP;
    END $$;
    INSERT INTO ${table} SELECT g, now(), 4711, 'secret-note' FROM generate_series(1, 20) AS g;
    ANALYZE ${table}`);
}

async function recording(): Promise<TestDatabase> {
  const database = await createDatabase();
  onTestFinished(() => database[Symbol.asyncDispose]());
  await database.query('CREATE EXTENSION pg_stat_statements');
  await createVisits(database);
  return database;
}

function verdictsOf({ statements }: StatementAudit): readonly string[] {
  return statements.map(({ text, verdict, touched, total }) => `${verdict} ${touched} of ${total}: ${text}`).toSorted();
}

function only({ statements }: StatementAudit): AuditedStatement {
  const [statement] = statements;
  if (statement === undefined || statements.length > 1) throw new Error(`${statements.length} statements`);
  return statement;
}

const secrets = /4711|secret-note|4242|2001-02-03/;

describe('the audit of recorded statements', () => {
  it('tells whether each prunes, how many partitions it touches, and why not, and never a value', async () => {
    const database = await recording();
    await database.query('SELECT id FROM visit WHERE at >= $1 AND at < $2', ['2001-02-03', '2001-02-04']);
    await database.query("SELECT id FROM visit WHERE at = '2001-02-03' AND note = 'secret-note'");
    await database.query('SELECT id FROM visit WHERE at = ANY ($1)', [['2001-02-03']]);
    await database.query("SELECT id FROM visit WHERE at > now() - interval '1 second' AND org = 4711");
    await database.query("SELECT v.id FROM visit AS v WHERE date_trunc('month', v.at) = '2001-02-03'");
    await database.query('SELECT count(1) FROM visit WHERE extract(month FROM at) = 7');
    await database.query("SELECT id FROM visit WHERE at::date = '2001-02-03'");
    await database.query('SELECT id FROM visit WHERE org = 4711 OR org = 4242');
    await database.query("SELECT id FROM visit WHERE at > '2001-02-03' OR org = 4711");
    await database.query("UPDATE visit SET note = 'secret-note' WHERE id = 4711");
    await database.query('SELECT at FROM visit WHERE 4711 <> 4242');
    await database.query("DELETE FROM visit WHERE at < '2001-02-03'");
    await database.query("INSERT INTO visit SELECT * FROM visit WHERE org = 4242 AND at = '2001-02-03'");
    const found = await audit(database);
    expect(verdictsOf(found)).toEqual(
      [
        'prunes-when-run 1 of 4: SELECT id FROM visit WHERE at >= $1 AND at < $2',
        'prunes-when-run 1 of 4: SELECT id FROM visit WHERE at = $1 AND note = $2',
        'prunes-when-run 1 of 4: SELECT id FROM visit WHERE at = ANY ($1)',
        'prunes-when-run 2 of 4: SELECT id FROM visit WHERE at > now() - interval $1 AND org = $2',
        'touches-all 4 of 4: SELECT v.id FROM visit AS v WHERE date_trunc($1, v.at) = $2',
        'touches-all 4 of 4: SELECT count($1) FROM visit WHERE extract($2 FROM at) = $3',
        'touches-all 4 of 4: SELECT id FROM visit WHERE at::date = $1',
        'touches-all 4 of 4: SELECT id FROM visit WHERE org = $1 OR org = $2',
        'touches-all 4 of 4: SELECT id FROM visit WHERE at > $1 OR org = $2',
        'touches-all 4 of 4: SELECT at FROM visit WHERE $1 <> $2',
        'touches-all 4 of 4: UPDATE visit SET note = $1 WHERE id = $2',
        'prunes-when-run 3 of 4: DELETE FROM visit WHERE at < $1',
        'prunes-when-run 1 of 4: INSERT INTO visit SELECT * FROM visit WHERE org = $1 AND at = $2',
      ].toSorted(),
    );
    const reasons = new Map(found.statements.map(({ text, reason }) => [text, reason?.kind]));
    expect(reasons.get('SELECT id FROM visit WHERE at::date = $1')).toBe('cast-on-key');
    expect(reasons.get('SELECT v.id FROM visit AS v WHERE date_trunc($1, v.at) = $2')).toBe('function-on-key');
    expect(reasons.get('UPDATE visit SET note = $1 WHERE id = $2')).toBe('no-condition');
    expect(reasons.get('SELECT id FROM visit WHERE at > $1 OR org = $2')).toBe('not-restricting');
    expect(found).toMatchObject({ obstacle: null, remarks: [] });
    expect(found.since).toBeTypeOf('bigint');
    expect(JSON.stringify(found.statements)).not.toMatch(secrets);
  });

  it('never shows a constant, also of an entry that PostgreSQL made without parsing the statement', async () => {
    const database = await recording();
    const client = await database.client();
    const named = { name: 'before', text: "SELECT id FROM visit WHERE org = 4711 AND note = 'secret-note' AND at > now()" };
    await client.query(named);
    await database.query('SELECT pg_stat_statements_reset()');
    await client.query(named);
    const raw = await database.query('SELECT query FROM pg_stat_statements WHERE query = $1', [named.text]);
    expect(raw).toHaveLength(1);
    const found = only(await audit(database));
    expect(found.text).toBe('SELECT id FROM visit WHERE org = ? AND note = ? AND at > now()');
    expect(JSON.stringify(found)).not.toMatch(secrets);
  });

  it('blames no statement for what it says of another table, and tells what can never prune from what can', async () => {
    const database = await recording();
    await database.query(
      'CREATE TABLE person (id int8, at timestamptz, org int); INSERT INTO person SELECT 1, now(), 4711; ANALYZE person',
    );
    const texts = [
      ['SELECT v.id FROM visit v JOIN person p ON p.id = v.id WHERE p.at > $1', 'touches-all', 'no-condition'],
      ['SELECT v.id FROM visit v JOIN visit w USING (id) WHERE w.at >= $1 AND w.at < $2', 'touches-all', 'no-condition'],
      ['SELECT id FROM visit v WHERE at > (SELECT max(p.at) FROM person p WHERE p.org = v.org)', 'touches-all', 'not-restricting'],
      ['SELECT id FROM visit WHERE at IN (SELECT at FROM person) OR note = $1', 'touches-all', 'not-restricting'],
      ['SELECT id FROM visit WHERE at = (SELECT max(at) FROM person)', 'prunes-when-run', 'generic-plan'],
      ['SELECT id FROM visit LIMIT $1', 'prunes-when-run', 'stops-early'],
    ] as const;
    const values = [[new Date()], [new Date(), new Date()], [], ['x'], [], [3]];
    for (const [i, [text]] of texts.entries()) await database.query(text, values[i] ?? []);
    const { statements } = await audit(database);
    const found = new Map(statements.map(({ text, verdict, reason }) => [text, [verdict, reason?.kind, reason?.message]]));
    for (const [text, verdict, kind] of texts) {
      expect([text, ...(found.get(text) ?? [])]).toEqual([text, verdict, kind, expect.not.stringContaining('after the partitions')]);
    }
    expect(JSON.stringify(statements)).not.toContain('analyze');
  });

  it('stops early where partitions in the order of the key come before a LIMIT', async () => {
    const database = await recording();
    await database.query(
      'CREATE INDEX ON visit (at); INSERT INTO visit SELECT g, now(), 1, null FROM generate_series(1, 5000) AS g; ANALYZE visit',
    );
    await database.query('SELECT * FROM visit ORDER BY at DESC LIMIT 10');
    await database.query('SELECT * FROM visit WHERE note IS NULL ORDER BY at DESC LIMIT 10');
    const { statements } = await audit(database);
    const reasons = new Map(statements.map(({ text, verdict, touched, reason }) => [text, [verdict, touched, reason?.kind]]));
    expect(reasons).toEqual(
      new Map([
        ['SELECT * FROM visit ORDER BY at DESC LIMIT $1', ['prunes-when-run', null, 'stops-early']],
        ['SELECT * FROM visit WHERE note IS NULL ORDER BY at DESC LIMIT $1', ['touches-all', 4, 'no-condition']],
      ]),
    );
  });

  it('begins nothing when its time is over, and says so', async () => {
    const database = await recording();
    await createVisits(database, 'stay');
    await database.query('SELECT id FROM visit WHERE org = 4711');
    await database.query('SELECT count(*) FROM visit');
    const found = await audit(database, { withinMs: 0, policies: [policyOf('visit'), policyOf('stay')] });
    // There is nothing on the other one, which is known without planning.
    expect(found).toMatchObject({ statements: [], tables: [{ name: 'stay' }] });
    expect(found.remarks).toEqual([expect.stringMatching(/^2 statements were not looked at in time: after 0 s/)]);
  });

  it('is not taken up by statements that have no plan', async () => {
    const database = await recording();
    const views = Array.from({ length: 120 }, (_, i) => `CREATE VIEW visit_view_${i} AS SELECT * FROM visit`);
    await database.query(views.join(';'));
    await database.query('/* of the application */ (SELECT id FROM visit WHERE at = $1)', ['2001-02-03']);
    expect(only(await audit(database, { most: 1 }))).toMatchObject({ verdict: 'prunes-when-run', touched: 1 });
  });

  it('leaves no value in what the server records of it', async () => {
    const database = await recording();
    await database.query("SELECT id FROM visit WHERE org = 4711 AND note = 'secret-note' AND at = '2001-02-03'");
    const role = await database.createRole('auditor');
    await database.query(`GRANT pg_read_all_stats TO "${role.name}"; GRANT SELECT ON visit TO "${role.name}"`);
    // A role that may not switch recording off.
    const found = await audit(database, { url: role.url });
    expect(only(found)).toMatchObject({ verdict: 'prunes-when-run', touched: 1 });
    const recorded = await database.query<{ query: string }>(
      "SELECT query FROM pg_stat_statements JOIN pg_roles AS r ON r.oid = userid WHERE rolname = $1 AND query ~ 'EXPLAIN|PREPARE'",
      [role.name],
    );
    expect(recorded.length).toBeGreaterThan(1);
    expect(recorded.filter(({ query }) => secrets.test(query))).toEqual([]);
    expect((await audit(database, { url: role.url })).statements.map(({ text, calls }) => [text, calls])).toEqual(
      found.statements.map(({ text, calls }) => [text, calls]),
    );
  });

  it('runs nothing and leaves nothing behind', async () => {
    const database = await recording();
    await database.query('DELETE FROM visit WHERE org = 4242');
    await database.query("UPDATE visit SET note = 'x' WHERE id = 0");
    await using session = await openSession(database);
    const connection = { kind: 'url', url: database.url } as const;
    const policy = { name: 'app', connection, journalSchema: 'partitiond', probeRole: null, tables: [policyOf('visit')] };
    const before = await database.query('SELECT n_tup_upd + n_tup_del AS changed FROM pg_stat_user_tables WHERE relname ~ $1', ['visit']);
    const found = await auditStatements(session, policy, { safety: testSafety, tables: null, most: 50, withinMs: 60_000 }, noAbort);
    expect(found.statements.map(({ verdict }) => verdict)).toEqual(['touches-all', 'touches-all']);
    expect(await database.query('SELECT count(*)::int AS rows FROM visit')).toEqual([{ rows: 20 }]);
    const after = await database.query('SELECT n_tup_upd + n_tup_del AS changed FROM pg_stat_user_tables WHERE relname ~ $1', ['visit']);
    expect(after).toEqual(before);
    const locks = await database.query('SELECT mode FROM pg_locks WHERE pid = $1 AND relation IS NOT NULL', [session.pid]);
    expect(locks).toEqual([]);
    await session.execute("DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name <> ''); END $$", noAbort);
  });

  it('leaves out utility statements, plain inserts, names that only look alike and what hides the table', async () => {
    const database = await recording();
    await database.query("INSERT INTO visit VALUES (1, now(), 4711, 'secret-note')");
    await database.query('CREATE TABLE visits_by_day (visit int)');
    await database.query('SELECT visit FROM visits_by_day');
    await database.query('WITH visit AS (SELECT 1 AS shadow) SELECT * FROM visit');
    await database.query('SELECT * FROM ONLY visit');
    await database.query('SELECT * FROM visit_2');
    await database.query('EXPLAIN SELECT * FROM visit');
    await database.query('COPY (SELECT * FROM visit) TO STDOUT').catch(() => undefined);
    await database.query('CREATE SCHEMA other; CREATE TABLE other.visit (id int)');
    await database.query('SELECT id FROM other.visit');
    expect((await audit(database)).statements).toEqual([]);
  });

  it('finds a table without schema by the search path of the role that ran the statement', async () => {
    const database = await recording();
    const role = await database.createRole('tenant');
    await database.query(`
      CREATE SCHEMA "Tenant"; CREATE TABLE "Tenant".visit (id int);
      GRANT USAGE ON SCHEMA "Tenant" TO "${role.name}"; GRANT SELECT ON "Tenant".visit TO "${role.name}";
      ALTER ROLE "${role.name}" SET search_path = "Tenant", public`);
    const client = await database.client({ url: role.url });
    await client.query('SELECT id FROM visit');
    expect((await audit(database)).statements).toEqual([]);
    await database.query('SELECT id FROM visit');
    const [first, ...others] = (await audit(database)).statements;
    expect(others).toEqual([]);
    expect(first).toMatchObject({ text: 'SELECT id FROM visit', verdict: 'touches-all' });
  });

  it('adds up what several roles ran, takes those with the most time, and tells of each table that one reads', async () => {
    const database = await recording();
    await createVisits(database, 'stay');
    const role = await database.createRole('reader');
    await database.query(`GRANT SELECT ON visit TO "${role.name}"`);
    const client = await database.client({ url: role.url });
    await database.query('SELECT count(*) FROM visit WHERE org = 4711');
    await client.query('SELECT count(*) FROM visit WHERE org = 4711');
    await database.query('SELECT pg_sleep(0.2) FROM visit AS v JOIN stay AS s USING (id) WHERE v.at = now() LIMIT 1');
    await database.query('SELECT pg_sleep(0.2), v.id FROM visit AS v WHERE v.at = (SELECT min(at) FROM visit) LIMIT 1');
    const policies = [policyOf('visit'), policyOf('stay')];
    const all = await audit(database, { policies });
    expect(all.statements.find(({ text }) => text.startsWith('SELECT count'))).toMatchObject({ calls: 2 });
    expect(all.statements.filter(({ text }) => text.includes('JOIN')).map(({ table }) => table.name)).toEqual(['visit', 'stay']);
    expect(all.statements.map(({ totalMs }) => totalMs)).toEqual(all.statements.map(({ totalMs }) => totalMs).toSorted((a, b) => b - a));
    expect(only(await audit(database, { most: 1 })).totalMs).toBe(all.statements[0]?.totalMs);
  });

  it('has nothing to prune in a table with one partition', async () => {
    await using database = await createDatabase();
    await database.query('CREATE EXTENSION pg_stat_statements');
    await database.query(`CREATE TABLE visit (id int8, at timestamptz) PARTITION BY RANGE (at);
      CREATE TABLE visit_all PARTITION OF visit FOR VALUES FROM (MINVALUE) TO (MAXVALUE)`);
    await database.query('SELECT id FROM visit');
    expect(only(await audit(database))).toMatchObject({ verdict: 'prunes', touched: 1, total: 1 });
  });

  it('plans with keys of other types, and counts partitions, not their leaves', async () => {
    const database = await recording();
    await database.query(`
      CREATE TABLE reading (id int8, n int4) PARTITION BY RANGE (id);
      CREATE TABLE reading_1 PARTITION OF reading FOR VALUES FROM (0) TO (100) PARTITION BY LIST (n);
      CREATE TABLE reading_1a PARTITION OF reading_1 FOR VALUES IN (1);
      CREATE TABLE reading_1b PARTITION OF reading_1 DEFAULT;
      CREATE TABLE reading_2 PARTITION OF reading FOR VALUES FROM (100) TO (200);
      INSERT INTO reading VALUES (7, 1)`);
    await database.query('SELECT n FROM reading WHERE id = $1', [7]);
    await database.query('SELECT n FROM reading WHERE n = $1', [7]);
    const policies = [policyOf('reading', { interval: parseInterval('100') })];
    expect(verdictsOf(await audit(database, { policies }))).toEqual([
      'prunes-when-run 1 of 2: SELECT n FROM reading WHERE id = $1',
      'touches-all 2 of 2: SELECT n FROM reading WHERE n = $1',
    ]);
  });
});

describe('what cannot be planned', () => {
  it('is unknown with the reason, and the others are planned', async () => {
    const database = await recording();
    await database.query('CREATE TABLE gone (id int)');
    await database.query('SELECT v.id FROM visit AS v JOIN gone USING (id)');
    await database.query('SELECT id FROM visit WHERE org = 4711');
    await database.query('DROP TABLE gone');
    const { statements } = await audit(database);
    expect(statements.find(({ text }) => text.includes('gone'))).toMatchObject({
      verdict: 'unknown',
      touched: null,
      problem: expect.stringContaining('relation "gone" does not exist'),
    });
    expect(statements.find(({ text }) => text.includes('org'))?.verdict).toBe('touches-all');
  });

  it('waits for a lock no longer than it may', async () => {
    const database = await recording();
    await database.query('SELECT id FROM visit WHERE org = 4711');
    const holder = await database.client();
    await holder.query('BEGIN; LOCK TABLE visit IN ACCESS EXCLUSIVE MODE');
    const found = only(await audit(database));
    expect(found).toMatchObject({ verdict: 'unknown', problem: expect.stringContaining('55P03') });
    await holder.query('ROLLBACK');
    expect(only(await audit(database)).verdict).toBe('touches-all');
  });

  it('are statements whose functions, operators or views belong to somebody who may not act as partitiond', async () => {
    const database = await recording();
    const role = await database.createRole('mallory');
    await database.query(`
      GRANT SELECT ON visit TO "${role.name}"; CREATE TABLE proof (who text); GRANT ALL ON proof TO PUBLIC;
      CREATE SCHEMA lair AUTHORIZATION "${role.name}"; CREATE SEQUENCE called; GRANT ALL ON SEQUENCE called TO PUBLIC`);
    const mallory = await database.client({ url: role.url });
    // Reads the setting of whoever plans: with rights of a superuser it could read files.
    await mallory.query(`
      CREATE FUNCTION lair.f(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
      BEGIN
        IF current_setting('is_superuser') = 'on' THEN RAISE EXCEPTION 'planned with the rights of another'; END IF;
        RETURN $1;
      END $$`);
    await mallory.query('CREATE FUNCTION lair.same(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT $1 = $2 $$');
    await mallory.query(`CREATE OPERATOR lair.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = lair.same)`);
    await mallory.query('CREATE VIEW lair.v AS SELECT id, at FROM public.visit WHERE org = lair.f(1)');
    await mallory.query('SELECT id FROM visit WHERE org = lair.f(5)');
    await mallory.query('SELECT id FROM visit WHERE org OPERATOR(lair.===) 5');
    await mallory.query('SELECT visit.id FROM visit, lair.v WHERE v.id = visit.id');
    await mallory.query('SELECT id FROM visit WHERE org = abs(-5)');
    const { statements } = await audit(database);
    const problems = new Map(statements.map(({ text, verdict, problem }) => [text, `${verdict}: ${problem}`]));
    expect(problems.get('SELECT id FROM visit WHERE org = lair.f($1)')).toMatch(/^unknown: It names the function f of role \S*mallory/);
    expect(problems.get('SELECT id FROM visit WHERE org OPERATOR(lair.===) $1')).toMatch(/^unknown: It names the operator/);
    expect(problems.get('SELECT visit.id FROM visit, lair.v WHERE v.id = visit.id')).toMatch(/^unknown: It names the relation v of role/);
    expect([...problems].find(([text]) => text.includes('abs'))?.[1]).toBe('touches-all: null');
    expect(problems.size).toBe(4);
  });

  it('may be planned in the role that the configuration names, with what that one may', async () => {
    const database = await recording();
    await database.query('SELECT id FROM visit WHERE org = 4711');
    const role = await database.createRole('prober');
    const refused = only(await audit(database, { probeRole: role.name }));
    expect(refused).toMatchObject({ verdict: 'unknown', problem: expect.stringContaining('permission denied for table visit') });
    await database.query(`GRANT SELECT ON visit TO "${role.name}"`);
    expect(only(await audit(database, { probeRole: role.name })).verdict).toBe('touches-all');
  });
});

describe('what stands in the way of the audit', () => {
  it('is said when the extension is not installed in this database', async () => {
    await using database = await createDatabase();
    await createVisits(database);
    const found = await audit(database);
    expect(found).toMatchObject({ since: null, statements: [], remarks: [] });
    expect(found.obstacle).toMatch(
      /^pg_stat_statements is not installed in database \S+; .*CREATE EXTENSION pg_stat_statements;.*shared_preload/,
    );
  });

  it('is said when the library is not preloaded', async () => {
    await using cluster = await startCluster({ settings: { shared_preload_libraries: '' } });
    await using database = await createDatabase(cluster.url);
    await database.query('CREATE EXTENSION pg_stat_statements');
    await createVisits(database);
    expect((await audit(database)).obstacle).toMatch(/does not count: add pg_stat_statements to shared_preload_libraries .* restart/);
  });

  it('is said when the role may not read it', async () => {
    const database = await recording();
    const role = await database.createRole('nobody');
    await database.query('REVOKE ALL ON pg_stat_statements FROM PUBLIC');
    const { obstacle } = await audit(database, { url: role.url });
    expect(obstacle).toContain(`Role ${role.name} may not read pg_stat_statements`);
    const grants = /superuser run (GRANT .*;)$/.exec(obstacle ?? '')?.[1];
    await database.query(grants ?? 'no grants');
    await database.query('SELECT id FROM visit WHERE org = 4711');
    expect(await audit(database, { url: role.url })).toMatchObject({ obstacle: null, remarks: [], statements: [{ verdict: 'unknown' }] });
  });

  it('is a remark where texts of other roles are hidden', async () => {
    const database = await recording();
    const role = await database.createRole('plain');
    await database.query('SELECT id FROM visit WHERE org = 4711');
    const found = await audit(database, { url: role.url });
    expect(found).toMatchObject({ statements: [], tables: [{ name: 'visit' }] });
    expect(found.hidden).toBeGreaterThan(0);
    expect(found.remarks).toEqual([
      expect.stringMatching(/^\d+ statements of other roles are hidden from role \S+; to see the texts: GRANT pg_read_all_stats TO /),
    ]);
  });

  it('is a remark where statements name views over the table, also over other views', async () => {
    const database = await recording();
    await database.query(`
      CREATE VIEW recent AS SELECT * FROM visit; CREATE VIEW "Newest one" AS SELECT * FROM recent;
      CREATE VIEW unasked AS SELECT * FROM visit; CREATE VIEW innocent AS SELECT 1 AS visit`);
    expect((await audit(database)).remarks).toEqual([]);
    await database.query('SELECT id FROM recent WHERE org = 4711');
    await database.query('SELECT id FROM public."Newest one" WHERE org = 4711');
    await database.query('SELECT visit FROM innocent');
    const found = await audit(database);
    expect(found.statements).toEqual([]);
    expect(found.remarks).toEqual([
      expect.stringMatching(/^2 recorded statements read managed tables through views, .*: public\."Newest one", public\.recent\. /),
    ]);
  });

  it('is said when the extension is older than the columns that are needed, and 1.8 is enough', async () => {
    await using database = await createDatabase();
    await createVisits(database);
    await database.query("CREATE EXTENSION pg_stat_statements VERSION '1.7'");
    await database.query('SELECT id FROM visit WHERE org = 4711');
    expect((await audit(database)).obstacle).toMatch(/is at version 1\.7 in database .* ALTER EXTENSION pg_stat_statements UPDATE; there/);
    await database.query("ALTER EXTENSION pg_stat_statements UPDATE TO '1.8'");
    await database.query('SELECT id FROM visit WHERE org = 4711');
    const found = await audit(database);
    expect(found).toMatchObject({ obstacle: null, since: null });
    expect(only(found).verdict).toBe('touches-all');
  });

  it('is not another schema of the extension, nor statements of another database', async () => {
    await using other = await createDatabase();
    await createVisits(other);
    await other.query('SELECT id FROM visit WHERE org IS NULL');
    await using database = await createDatabase();
    await database.query('CREATE SCHEMA "Odd one"; CREATE EXTENSION pg_stat_statements SCHEMA "Odd one"');
    await createVisits(database);
    await database.query('SELECT id FROM visit WHERE org = 4711');
    expect((await audit(database)).statements.map(({ text }) => text)).toEqual(['SELECT id FROM visit WHERE org = $1']);
  });

  it('is a remark for a table that cannot be looked at, and for texts that do not parse', async () => {
    const database = await recording();
    await database.query('SELECT id FROM visit WHERE org = 4711');
    // What a damaged or a forged view would hold.
    await database.query(`
      ALTER EXTENSION pg_stat_statements DROP VIEW pg_stat_statements;
      ALTER VIEW pg_stat_statements RENAME TO genuine;
      CREATE VIEW pg_stat_statements AS
      SELECT userid, dbid, queryid, query, calls, total_exec_time FROM genuine
      UNION ALL SELECT 10, oid, 1, 'SELECT id FROM visit WHERE note = ''cut', 1, 1 FROM pg_database WHERE datname = current_database()
      UNION ALL SELECT 10, oid, 2, 'SELECT id FROM visit; DROP TABLE visit', 1, 1 FROM pg_database WHERE datname = current_database()
      UNION ALL SELECT 10, oid, 3, 'DROP TABLE visit', 1, 1 FROM pg_database WHERE datname = current_database()
      UNION ALL SELECT 10, oid, 4, NULL, 1, 1 FROM pg_database WHERE datname = current_database()`);
    const found = await audit(database, { policies: [policyOf('visit'), policyOf('absent')] });
    expect(found.statements.map(({ text }) => text)).toEqual(['SELECT id FROM visit WHERE org = $1']);
    expect(found.tables).toEqual([policyOf('visit').table]);
    expect(found.remarks).toEqual([
      expect.stringMatching(/^The text of 1 statement was lost/),
      expect.stringMatching(/^1 recorded text does not parse/),
      expect.stringMatching(/^Statements on it are not looked at: There is no table public\.absent/),
    ]);
  });
});
