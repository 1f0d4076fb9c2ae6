import { describe, expect, it } from 'vitest';
import { readRegrainPlan } from '../../../src/migrate/regrain/read-regrain-plan.ts';
import type { PlannedMigration } from '../../../src/migrate/run/begin-migration.ts';
import { runMigration, startMigration, verifyNow } from '../../../src/migrate/run/run-migration.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { migrationTable, planned, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_q{q}' }, { partitionKey: 'at' });

async function rows(database: TestDatabase): Promise<void> {
  await database.query(`INSERT INTO revenues SELECT n, '2025-01-01Z'::timestamptz + n * interval '2 hours', 'row ' || n
    FROM generate_series(1, 500) AS n`);
}

async function merging(database: TestDatabase): Promise<PlannedMigration> {
  await database.query(`
    CREATE TABLE revenues (id bigint, at timestamptz, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE revenues_1 PARTITION OF revenues FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE revenues_2 PARTITION OF revenues FOR VALUES FROM ('2025-02-01Z') TO ('2025-04-01Z')`);
  await rows(database);
  await using session = await openSession(database);
  const request = { partitions: [named('revenues_1'), named('revenues_2')], interval: parseInterval('3 months') };
  return await readRegrainPlan(session, policy, request, BigInt(Date.now()) * 1000n, noAbort);
}

const noteOf = (database: TestDatabase): Promise<unknown[]> => database.query('SELECT note FROM revenues WHERE id = 7');

describe('triggers of the new table that somebody turns off while the old one is kept', () => {
  it('are noticed by who keeps it and by a rollback, off or on again, on one partition too, until a verification finds both equal', async () => {
    await using database = await createDatabase();
    await database.query('CREATE TABLE revenues (id bigint, at timestamptz, note text, PRIMARY KEY (id, at))');
    await rows(database);
    await using run = await realEngine(database, policy);
    const { engine } = run;
    const running = { engine, brakes: () => [] };
    await run.start();
    await run.turn();
    const [row, truncate] = ['row', 'truncate'].map((which) => `partitiond_capture_${engine.id}_${which}`);
    // A partition of later and an index are nobody's business.
    await database.query(`CREATE TABLE late PARTITION OF revenues FOR VALUES FROM ('2090-01-01Z') TO ('2090-04-01Z');
      CREATE INDEX ON revenues (note)`);
    await runMigration(running, 'ready', noAbort);
    await runMigration(running, 'ready', noAbort);

    for (const table of ['revenues', 'revenues_2025_q1', 'late']) {
      const id = table === 'late' ? 9_000 : 7;
      await database.query(`ALTER TABLE ${table} DISABLE TRIGGER ${row}`);
      await database.query(
        table === 'late'
          ? `INSERT INTO revenues VALUES (9000, '2090-02-01Z', 'late')`
          : `UPDATE revenues SET note = 'of ${table}' WHERE id = 7`,
      );
      await expect(switchOver(engine, false, noAbort), table).rejects.toMatchObject({ code: 'PD643' });
      await expect(runMigration(running, 'ready', noAbort)).rejects.toThrow(
        new RegExp(
          `are off or gone.*on again: ALTER TABLE public.${table} ENABLE ALWAYS TRIGGER ${row}; Then run .partitiond migrate verify`,
        ),
      );
      expect(engine.record.paused?.kind).toBe('definition');
      await expect(verifyNow(running, noAbort)).rejects.toThrow(/are off or gone/);
      await database.query(`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${row}`);
      await expect(switchOver(engine, false, noAbort), table).rejects.toMatchObject({
        code: 'PD643',
        message: expect.stringMatching(/back.*were off in between.*migrate verify --table public.revenues/),
      });
      await expect(startMigration(running, 'ready', noAbort)).rejects.toThrow(/1 rows differ.*no rollback is made, as it would lose rows/);
      expect(engine.record).toMatchObject({ paused: { kind: 'mismatch' }, verdict: { live: 'target', mismatches: 1 } });
      await expect(switchOver(engine, false, noAbort), table).rejects.toMatchObject({ code: 'PD643' });
      await database.query(`UPDATE revenues SET at = at WHERE id = ${id}`);
      await verifyNow(running, noAbort);
      expect(engine.record).toMatchObject({ paused: null, verdict: { live: 'target', mismatches: 0 } });
    }

    await database.query(`DROP TRIGGER ${row} ON revenues; DROP TRIGGER ${truncate} ON revenues`);
    const gone = await runMigration(running, 'ready', noAbort).catch((error: unknown) => String(error));
    const [, fix = ''] = /on again: (.*;) Then run/.exec(String(gone)) ?? [];
    expect(fix).toContain(`CREATE TRIGGER ${row} AFTER INSERT`);
    await database.query(fix);
    await startMigration(running, 'ready', noAbort);
    await run.turn();
    expect(engine.record).toMatchObject({ phase: 'ready', live: 'source', paused: null });
    expect(await noteOf(database)).toEqual([{ note: 'of revenues_2025_q1' }]);
    expect(await database.query('SELECT count(*)::int FROM revenues WHERE id = 9000')).toEqual([{ count: 1 }]);
  });

  it('are noticed on partitions that came by a re-grain', async () => {
    await using database = await createDatabase();
    await using run = await realEngine(database, policy, await merging(database));
    const { engine } = run;
    const running = { engine, brakes: () => [] };
    await run.start();
    await run.turn();
    const names = ['row', 'truncate'].map((which) => `partitiond_capture_${engine.id}_${which}`);
    await database.query(`ALTER TABLE revenues_2025_q1 DISABLE TRIGGER ALL`);
    await database.query(`UPDATE revenues SET note = 'past' WHERE id = 7`);
    for (const name of names) await database.query(`ALTER TABLE revenues_2025_q1 ENABLE ALWAYS TRIGGER ${name}`);
    await expect(switchOver(engine, false, noAbort)).rejects.toThrow(/PD643|were off in between/);
    await expect(runMigration(running, 'ready', noAbort)).rejects.toThrow(/were off in between.*migrate verify/);
    await expect(verifyNow(running, noAbort)).rejects.toThrow(/1 rows differ/);
    await database.query('UPDATE revenues SET at = at WHERE id = 7');
    await verifyNow(running, noAbort);
    await run.turn();
    expect(engine.record).toMatchObject({ phase: 'ready', live: 'source', paused: null });
    expect(await noteOf(database)).toEqual([{ note: 'past' }]);
  });
});

it('is not rolled back with a column that only the new table has', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE revenues (id bigint, at timestamptz, note text, PRIMARY KEY (id, at))');
  await rows(database);
  await using run = await realEngine(database, policy);
  await run.start();
  await run.turn();
  await database.query('ALTER TABLE revenues ADD COLUMN extra int DEFAULT 5');
  await expect(run.turn()).rejects.toMatchObject({
    code: 'PD643',
    message: expect.stringMatching(/lacks the columns extra.*Drop them.*finish --yes/),
  });
  await database.query('ALTER TABLE revenues DROP COLUMN extra');
  await run.turn();
  expect(run.engine.record).toMatchObject({ phase: 'ready', live: 'source' });
});

it('does not take its own work on foreign keys after a switch for somebody else’s', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE org (id int PRIMARY KEY); INSERT INTO org VALUES (1);
    CREATE TABLE revenues (id bigint, at timestamptz, note text, org int DEFAULT 1 REFERENCES org, PRIMARY KEY (id, at))`);
  await rows(database);
  expect((await planned(database, policy)).plan.refusals).toEqual([]);
  await using run = await realEngine(database, policy);
  await run.start();
  for (const phase of ['switched', 'ready', 'switched']) {
    await run.turn();
    await run.verify();
    expect(run.engine.record).toMatchObject({ phase, paused: null });
  }
});

it('names in the verdict who may have changed rows as they were written to the table that follows', async () => {
  await using database = await createDatabase();
  await database.query(`CREATE TABLE revenues (id bigint, at timestamptz, note text, PRIMARY KEY (id, at));
    CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.note := 42; RETURN NEW; END';
    CREATE TRIGGER own BEFORE UPDATE ON revenues FOR EACH ROW WHEN (OLD.id < 0) EXECUTE FUNCTION stamp()`);
  await rows(database);
  await using run = await realEngine(database, policy);
  const running = { engine: run.engine, brakes: () => [] };
  const namesIt = (trigger: string): Promise<void> =>
    expect(verifyNow(running, noAbort)).rejects.toThrow(new RegExp(`1 rows differ.*${trigger}, which only follows, is not of partitiond`));
  await run.start();
  await database.query(`CREATE TRIGGER stamp BEFORE INSERT ON revenues_2025_q1 FOR EACH ROW EXECUTE FUNCTION stamp();
    UPDATE revenues SET note = 'new' WHERE id = 7`);
  await namesIt(`trigger stamp of public.revenues_2025_q1`);
  expect(run.engine.record.verdict?.differences).toHaveLength(1);
  await database.query(`DROP TRIGGER stamp ON revenues_2025_q1; UPDATE revenues SET note = 'new' WHERE id = 7`);
  await verifyNow(running, noAbort);
  await run.turn();
  await database.query(`CREATE TRIGGER "a stamp" BEFORE INSERT ON revenues_unpartitioned FOR EACH ROW EXECUTE FUNCTION stamp();
    UPDATE revenues SET note = 'newer' WHERE id = 7`);
  await namesIt('trigger "a stamp" of public.revenues_unpartitioned');
  expect(run.engine.record.verdict?.differences).toHaveLength(1);
});

it('says what to do about a partition or a column that was taken from the new table, and lets it be finished without the column', async () => {
  await using database = await createDatabase();
  await database.query('CREATE TABLE revenues (id bigint, at timestamptz, note text, PRIMARY KEY (id, at))');
  await rows(database);
  await using run = await realEngine(database, policy);
  const running = { engine: run.engine, brakes: () => [] };
  await run.start();
  await run.turn();
  const january = `revenues FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z')`;
  const ofJanuary = `at >= '2025-01-01Z' AND at < '2025-02-01Z'`;
  await database.query('DROP TABLE revenues_2025_q1');
  await expect(startMigration(running, 'ready', noAbort)).rejects.toThrow(
    /no rollback is made.*make it anew, INSERT them.*and DELETE them/,
  );
  await database.query(`CREATE TABLE again PARTITION OF ${january};
    INSERT INTO revenues SELECT * FROM revenues_unpartitioned WHERE ${ofJanuary}; DELETE FROM revenues WHERE ${ofJanuary}`);
  await startMigration(running, 'ready', noAbort);
  expect(run.engine.record).toMatchObject({ paused: null, verdict: { mismatches: 0 } });

  await database.query(`ALTER TABLE revenues RENAME COLUMN note TO remark; INSERT INTO revenues VALUES (9000, '2025-02-02Z', 'late')`);
  await expect(run.start()).rejects.toMatchObject({
    code: 'PD602',
    message: expect.stringMatching(/has id bigint, at .*, note text\. Make it so again/),
  });
  expect(run.engine.record.paused?.kind).toBe('definition');
  await expect(run.turn()).rejects.toMatchObject({ code: 'PD629' });
  await database.query('ALTER TABLE revenues RENAME COLUMN remark TO note');
  await startMigration(running, 'ready', noAbort);
  await database.query(`ALTER TABLE revenues ALTER COLUMN note TYPE bytea USING convert_to(reverse(note), 'UTF8')`);
  await expect(run.verify()).rejects.toMatchObject({ code: 'PD629' });
  await database.query(`ALTER TABLE revenues ALTER COLUMN note TYPE text USING reverse(convert_from(note, 'UTF8'))`);
  await startMigration(running, 'ready', noAbort);
  await run.verify();
  await database.query(`ALTER TABLE revenues DROP COLUMN note; INSERT INTO revenues VALUES (9001, '2025-02-02Z')`);
  await run.finish();
  expect(run.engine.record).toMatchObject({ phase: 'finished', paused: null });
});
