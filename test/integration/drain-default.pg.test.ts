import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../src/partition/calendar.ts';
import { createDatabase } from '../support/database.ts';
import { policyOf, reconcile } from '../support/reconcile.ts';
import { waitFor } from '../support/wait-for.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');

describe('drain-default', () => {
  it('moves the rows of a missing partition with it, past generated columns and triggers, and no query misses one', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE customer (id int PRIMARY KEY);
      INSERT INTO customer SELECT g FROM generate_series(1, 10) AS g;
      CREATE TABLE "Ev ents" (
        id bigint GENERATED ALWAYS AS IDENTITY,
        "At" timestamptz NOT NULL,
        customer int REFERENCES customer,
        twice bigint GENERATED ALWAYS AS (customer * 2) STORED
      ) PARTITION BY RANGE ("At");
      CREATE TABLE "Ev ents_2025_03" PARTITION OF "Ev ents" FOR VALUES FROM ('2025-03-01Z') TO ('2025-04-01Z');
      CREATE TABLE "Ev ents_default" PARTITION OF "Ev ents" DEFAULT;
      CREATE TABLE deleted (id bigint);
      CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO deleted VALUES (OLD.id); RETURN OLD; END';
      CREATE TRIGGER "te ll" BEFORE DELETE ON "Ev ents" FOR EACH ROW EXECUTE FUNCTION tell();
      CREATE TRIGGER always AFTER DELETE ON "Ev ents_default" FOR EACH ROW EXECUTE FUNCTION tell();
      ALTER TABLE "Ev ents_default" ENABLE ALWAYS TRIGGER always;
      INSERT INTO "Ev ents" ("At", customer)
      SELECT '2025-04-02Z'::timestamptz + g * interval '1 minute', 1 + g % 10 FROM generate_series(1, 3000) AS g;
      INSERT INTO "Ev ents" ("At", customer) VALUES ('1999-01-01Z', 1), ('2025-05-05Z', 2)`);
    const fingerprint = 'SELECT count(*)::int AS rows, sum(hashtextextended(e::text, 0)) AS hash FROM "Ev ents" AS e';
    const before = await database.query(fingerprint);
    const policy = policyOf('Ev ents', { defaultPartition: 'managed' });

    // The step is parked at the end, when it wants customer for its foreign key, until readers have queued behind it; one plans each time, one once.
    const parked = await database.client();
    await parked.query('BEGIN; LOCK TABLE customer IN ROW EXCLUSIVE MODE');
    const readers = await Promise.all([database.client(), database.client()]);
    const state = { isOver: false };
    const running = reconcile(database, [policy], { request: { now } });
    const seen = new Set<number>();
    const reading = readers.map(async (reader, index) => {
      while (!state.isOver) {
        const query = { text: 'SELECT count(*)::int AS rows FROM "Ev ents"', ...(index === 0 ? {} : { name: 'count' }) };
        seen.add((await reader.query<{ rows: number }>(query)).rows[0]?.rows ?? -1);
      }
    });
    const waiting = `SELECT string_agg(mode, ' ') ~ 'AccessShareLock.*AccessShareLock' AND bool_or(mode = 'ShareRowExclusiveLock') AS both
      FROM pg_locks WHERE NOT granted AND locktype = 'relation' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    await waitFor(
      'readers behind the parked step',
      () => database.query<{ both: boolean }>(waiting),
      ([row]) => row?.both === true,
    );
    await parked.query('ROLLBACK');
    const report = await running;
    state.isOver = true;
    await Promise.all(reading);

    expect(report.tables[0]?.steps.map(({ step, outcome, error }) => [step.kind, step.partition.name, outcome, error?.message])).toEqual([
      ['drain-default', 'Ev ents_2025_04', 'ok', undefined],
      ['drain-default', 'Ev ents_2025_05', 'ok', undefined],
      ['create-partition', 'Ev ents_2025_06', 'ok', undefined],
      ['create-partition', 'Ev ents_2025_07', 'ok', undefined],
    ]);
    expect([...seen]).toEqual([3002]);
    expect(await database.query(fingerprint)).toEqual(before);
    expect(await database.query('SELECT count(*)::int AS rows FROM "Ev ents_default"')).toEqual([{ rows: 1 }]);
    expect(await database.query('SELECT FROM deleted')).toEqual([]);
    expect(
      await database.query(
        `SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = '"Ev ents_default"'::regclass AND tgfoid = 'tell'::regproc ORDER BY 1`,
      ),
    ).toEqual([
      { tgname: 'always', tgenabled: 'A' },
      { tgname: 'te ll', tgenabled: 'O' },
    ]);
    const next = await reconcile(database, [policy], { request: { now } });
    expect(next.tables[0]?.steps).toEqual([]);
    expect(next.tables[0]?.plan?.findings.map(({ kind }) => kind)).toEqual(['rows-in-default']);
  });

  it('leaves rows where a publication would send that they are deleted, and nothing of where they went', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE events_default PARTITION OF events DEFAULT;
      INSERT INTO events VALUES ('2025-04-02Z');
      CREATE PUBLICATION sends FOR TABLE events WITH (publish_via_partition_root = true)`);
    const policy = policyOf('events', { defaultPartition: 'managed' });
    const kinds = async (): Promise<readonly string[]> => {
      const report = await reconcile(database, [policy], { request: { now } });
      return (report.tables[0]?.steps ?? []).map(({ step }) => step.kind);
    };
    expect(await kinds()).not.toContain('drain-default');
    for (const scope of ['TABLE events_default', 'ALL TABLES']) {
      await database.query(`DROP PUBLICATION sends; CREATE PUBLICATION sends FOR ${scope}`);
      expect(await kinds()).not.toContain('drain-default');
    }
    await database.query('DROP PUBLICATION sends');
    expect(await kinds()).toEqual(['drain-default']);
  });
});
