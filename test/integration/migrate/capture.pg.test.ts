import { expect, it } from 'vitest';
import { lockRowsClause } from '../../../src/ddl/migration/capture/lock-rows.ts';
import { readBacklog } from '../../../src/journal/migration/capture-log.ts';
import { installCapture } from '../../../src/migrate/capture/install-capture.ts';
import { catchUp } from '../../../src/migrate/replay/catch-up.ts';
import type { Capture } from '../../../src/partition/migration/policy.ts';
import type { Live } from '../../../src/partition/migration/spec.ts';
import { createDatabase } from '../../support/database.ts';
import { handMade } from '../../support/migrate/hand-made.ts';
import { beginBatch, copySql, differences, logLength, swapNames } from '../../support/migrate/two-tables.ts';
import { noAbort } from '../../support/open-session.ts';
import { chosenMajor } from '../../support/postgres-binaries.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

const directions: readonly (readonly [Capture, Live])[] = [
  ['log', 'source'],
  ['log', 'target'],
  ['dual', 'source'],
  ['dual', 'target'],
];

/** Statements of an application on `revenues`; each is one way to change a row. */
const writes: readonly string[] = [
  "INSERT INTO revenues SELECT n, 1, '2025-02-01 00:00+00', n, 'new' FROM generate_series(2001, 2010) AS n",
  "COPY revenues FROM PROGRAM 'printf ''3001\\t1\\t2025-03-01 00:00+00\\t1.50\\tcopied\\n3002\\t1\\t2025-03-02 00:00+00\\t\\\\N\\t\\n'''",
  'UPDATE revenues SET amount = amount + 1 WHERE id BETWEEN 1 AND 20',
  'UPDATE revenues SET id = -id WHERE id BETWEEN 30 AND 40',
  "UPDATE revenues SET occurred_at = occurred_at + interval '120 days' WHERE id BETWEEN 50 AND 60",
  "UPDATE revenues SET id = id + 5000, occurred_at = '2025-12-01 00:00+00' WHERE id BETWEEN 70 AND 75",
  'DELETE FROM revenues WHERE id BETWEEN 100 AND 110',
  "BEGIN; SAVEPOINT s; UPDATE revenues SET note = 'never'; DELETE FROM revenues WHERE id < 500; ROLLBACK TO s; UPDATE revenues SET note = 'kept' WHERE id = 500; COMMIT",
  'BEGIN; DELETE FROM revenues WHERE id = 600; ROLLBACK',
  "SET session_replication_role = replica; UPDATE revenues SET note = 'applied', id = 9999 WHERE id = 700; DELETE FROM revenues WHERE id = 701; INSERT INTO revenues VALUES (9000, 1, '2025-05-05 00:00+00'); RESET session_replication_role",
  "BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO revenues VALUES (9001, 1, '2025-06-05 00:00+00'); UPDATE revenues SET occurred_at = '2025-01-05 00:00+00' WHERE id = 9001; DELETE FROM revenues WHERE id = 800; COMMIT",
  'WITH gone AS (DELETE FROM revenues WHERE id = 900 RETURNING *) INSERT INTO revenues SELECT id + 10000, org_id, occurred_at, amount, note FROM gone',
];

const upsert = `INSERT INTO revenues VALUES (1, 7, '2024-10-01 09:00+00', 3, 'upserted'), (4001, 7, '2025-02-02 00:00+00', 3, 'upserted')`;
const merge = `MERGE INTO revenues AS r USING (VALUES (2, 1), (3, 2), (5002, 3)) AS v (id, what) ON r.id = v.id
  WHEN MATCHED AND v.what = 1 THEN DELETE WHEN MATCHED THEN UPDATE SET id = 5003
  WHEN NOT MATCHED THEN INSERT VALUES (v.id, 1, '2025-04-04 00:00+00', 1, 'merged')`;

it.each(directions)(
  'follows every kind of write of an application without rights on the log, captured as %s with the %s live',
  async (capture, live) => {
    await using database = await createDatabase();
    await using engine = await handMade(database, { capture, live, phase: live === 'source' ? 'catch-up' : 'switched' });
    if (live === 'target') {
      await database.query(`BEGIN; ${copySql({ ...engine, record: { ...engine.record, live: 'source' } })}; COMMIT`);
      await swapNames(database, engine);
    }
    await installCapture(engine, noAbort);
    if (live === 'source') await database.query(`BEGIN; ${copySql(engine)}; COMMIT`);
    await database.query(`CREATE ROLE ${database.name}_app; GRANT SELECT, INSERT, UPDATE, DELETE ON revenues TO ${database.name}_app`);
    const app = await database.client();
    for (const sql of writes) {
      const isPrivileged = sql.startsWith('COPY') || sql.startsWith('SET session');
      await app.query(isPrivileged ? 'RESET ROLE' : `SET ROLE ${database.name}_app`);
      await app.query(sql);
    }
    await app.query(`${upsert} ON CONFLICT (${live === 'source' ? 'id' : 'id, occurred_at'}) DO UPDATE SET note = excluded.note`);
    if (chosenMajor() >= 15) await app.query(merge);
    const captured = await readBacklog(engine.session, 'partitiond', engine.id, noAbort);
    if (capture === 'log') {
      expect(captured.rows).toBeGreaterThan(100);
      expect(await differences(database, engine)).not.toEqual([]);
    } else {
      expect(captured.rows).toBe(0);
      expect(await differences(database, engine), 'readers of the follower see the writes at once').toEqual([]);
    }
    await catchUp(engine, noAbort);
    expect(await differences(database, engine)).toEqual([]);
    expect(await logLength(database, engine)).toBe(0);
    await app.query('RESET ROLE');
    await database.query(`DROP OWNED BY ${database.name}_app; DROP ROLE ${database.name}_app`);
  },
);

it('captures what ON DELETE CASCADE takes, positions of any type, and names that need every sort of quotes', async () => {
  await using database = await createDatabase();
  const table = 'o"dd $partitiond$ \\ ta\'ble';
  const quoted = `public."${table.replaceAll('"', '""')}"`;
  const target = `public."${table.replaceAll('"', '""')}_partitioned"`;
  const columns = `"ten'ant" uuid, "co""de" text COLLATE "C", "n o" numeric(20,4), "$day$" date, body jsonb, xml point`;
  await using engine = await handMade(database, {
    table,
    source: `CREATE TABLE public.tenants (id uuid PRIMARY KEY);
      INSERT INTO public.tenants SELECT md5(n::text)::uuid FROM generate_series(1, 5) AS n;
      CREATE TABLE ${quoted} (${columns}, twice numeric GENERATED ALWAYS AS ("n o" * 2) STORED, seq int GENERATED ALWAYS AS IDENTITY,
        PRIMARY KEY ("ten'ant", "co""de", "n o"), FOREIGN KEY ("ten'ant") REFERENCES public.tenants ON DELETE CASCADE);
      INSERT INTO ${quoted} SELECT md5((n % 5 + 1)::text)::uuid, chr(200 + n % 7) || n, n / 3.0, date '2025-01-01' + n, '{"a": 1}', point(n, 1)
        FROM generate_series(1, 300) AS n`,
    target: `CREATE TABLE ${target} (${columns}, twice numeric GENERATED ALWAYS AS ("n o" * 2) STORED, seq int,
        PRIMARY KEY ("ten'ant", "co""de", "n o", "$day$")) PARTITION BY RANGE ("$day$");
      CREATE TABLE public.p1 PARTITION OF ${target} FOR VALUES FROM (MINVALUE) TO ('2025-03-01');
      CREATE TABLE public.p2 PARTITION OF ${target} FOR VALUES FROM ('2025-03-01') TO (MAXVALUE)`,
    key: ["ten'ant", 'co"de', 'n o'],
    partitionKey: '$day$',
    phase: 'catch-up',
  });
  await installCapture(engine, noAbort);
  await database.query(`BEGIN; ${copySql(engine)}; COMMIT`);
  await database.query(`DELETE FROM public.tenants WHERE id = md5('1')::uuid;
    UPDATE ${quoted} SET "$day$" = "$day$" + 40, "co""de" = upper("co""de") WHERE "ten'ant" = md5('2')::uuid;
    UPDATE ${quoted} SET "n o" = 7.0, xml = '(9,9)' WHERE "ten'ant" = md5('3')::uuid;
    UPDATE ${quoted} SET "$day$" = 'infinity' WHERE "co""de" LIKE '%9'`);
  expect(await differences(database, engine)).not.toEqual([]);
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});

it('installs all triggers of the source at once when the writes in flight have ended, and only what is missing', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database, { phase: 'prepare' });
  const [writer, old] = [await database.client(), await database.client()];
  await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await old.query('SELECT 1');
  await writer.query("BEGIN; INSERT INTO revenues VALUES (5000, 1, '2025-02-02 00:00+00')");
  const installing = installCapture(engine, noAbort);
  await waitForLockWaiter(database, ({ mode }) => mode === 'ShareRowExclusiveLock');
  await writer.query('COMMIT');
  await installing;
  await old.query("INSERT INTO revenues VALUES (5001, 1, '2025-02-02 00:00+00'); COMMIT");
  const logged = await database.query(`SELECT k1, kind FROM partitiond.capture_${engine.id}`);
  expect(logged).toEqual([{ k1: '5001', kind: 'row' }]);

  const triggers = () =>
    database.query<
      Record<'relname' | 'tgname' | 'tgenabled', string>
    >(`SELECT c.relname, t.tgname, t.tgenabled FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
      WHERE t.tgname LIKE 'partitiond_capture%' ORDER BY 1, 2`);
  const all = await triggers();
  expect(all.filter(({ relname }) => relname === 'revenues').map(({ tgname, tgenabled }) => `${tgname} ${tgenabled}`)).toEqual(
    ['delete O', 'insert O', 'row R', 'truncate A', 'update O'].map((name) => `partitiond_capture_${engine.id}_${name}`),
  );
  expect(all.filter(({ relname }) => relname === 'revenues_2025_q1').map(({ tgenabled }) => tgenabled)).toEqual(['D', 'A']);
  await database.query(`DROP TRIGGER partitiond_capture_${engine.id}_update ON revenues;
    CREATE TABLE revenues_late PARTITION OF revenues_partitioned FOR VALUES FROM ('2026-01-01 00:00+00') TO ('2026-04-01 00:00+00')`);
  await installCapture(engine, noAbort);
  const again = await triggers();
  expect(again.filter(({ relname }) => relname === 'revenues_late')).toHaveLength(2);
  expect(again.filter(({ relname }) => relname !== 'revenues_late')).toEqual(all);

  const [open] = await database.query<{ n: string }>(`SELECT count(*) AS n FROM pg_proc AS p, LATERAL aclexplode(p.proacl) AS a
    WHERE p.proname LIKE 'capture%' AND a.grantee = 0`);
  expect(open).toEqual({ n: '0' });
});

it.each(['log', 'dual'] as const)(
  'turns from one direction to the other on every partition in one statement each, captured as %s',
  async (capture) => {
    await using database = await createDatabase();
    await using engine = await handMade(database, { phase: 'catch-up', capture });
    await installCapture(engine, noAbort);
    await database.query(`BEGIN; ${copySql(engine)}; COMMIT`);
    await database.query('ALTER TABLE revenues DISABLE TRIGGER USER');
    await swapNames(database, engine);
    const [row, truncate] = ['row', 'truncate'].map((name) => `ENABLE ALWAYS TRIGGER partitiond_capture_${engine.id}_${name}`);
    await database.query(`ALTER TABLE revenues ${row}, ${truncate}`);
    engine.record = { ...engine.record, live: 'target', phase: 'switched' };
    await database.query(`UPDATE revenues_2025_q1 SET note = 'direct' WHERE id = 300;
    UPDATE revenues SET occurred_at = '2025-12-12 00:00+00' WHERE id = 301; DELETE FROM revenues_2025_q2 WHERE id = (SELECT min(id) FROM revenues_2025_q2)`);
    await catchUp(engine, noAbort);
    expect(await differences(database, engine)).toEqual([]);
  },
);

it('lets a writer of dual wait for the batch that copies its row, so that a deleted row stays away', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database, { capture: 'dual' });
  await installCapture(engine, noAbort);
  const [copier, writer] = [await database.client(), await database.client()];
  const batch = await beginBatch(engine, copier, lockRowsClause(engine.spec, 's'));
  const deleting = writer.query('DELETE FROM revenues WHERE id = 1; UPDATE revenues SET amount = 0 WHERE id = 2');
  await waitForLockWaiter(database, ({ pid }) => pid === (writer as unknown as { processID: number }).processID);
  await batch.commit();
  await deleting;
  expect(await differences(database, engine)).toEqual([]);
  expect(await logLength(database, engine)).toBe(0);
});

it('logs what a writer of dual at REPEATABLE READ cannot see of the follower', async () => {
  await using database = await createDatabase();
  await using engine = await handMade(database, { capture: 'dual' });
  await installCapture(engine, noAbort);
  const [copier, writer] = [await database.client(), await database.client()];
  await writer.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
  await writer.query('SELECT 1');
  await (await beginBatch(engine, copier, lockRowsClause(engine.spec, 's'))).commit();
  await writer.query(
    'DELETE FROM revenues WHERE id = 1; UPDATE revenues SET amount = 0 WHERE id = 2; UPDATE revenues SET id = -3 WHERE id = 3; COMMIT',
  );
  expect(await logLength(database, engine)).toBe(3);
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});
