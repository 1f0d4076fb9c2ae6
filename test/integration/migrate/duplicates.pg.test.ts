import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { migrationTable, planned, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';

const table = { table: named('revenues'), name: '{table}_{yyyy}_q{q}' };

async function createRevenues(database: TestDatabase, keys: string): Promise<void> {
  await database.query(`
    CREATE TABLE revenues (id bigint NOT NULL, at timestamptz NOT NULL, code bigint, ${keys});
    INSERT INTO revenues SELECT n, '2025-02-01Z', n FROM generate_series(1, 100) AS n`);
}

describe('a value that is unique on one side only', () => {
  it('stops replay after the switch, as the plan has said, names the rows and the way out, and goes on by itself once one is gone', async () => {
    await using database = await createDatabase();
    await createRevenues(database, 'PRIMARY KEY (id)');
    const policy = migrationTable(table, { partitionKey: 'at' });
    expect((await planned(database, policy)).plan.refusals).toMatchObject([
      { waiver: 'unique-without-key', consequence: expect.stringMatching(/there is no rollback, until one of them is deleted/) },
    ]);
    await using run = await realEngine(database, migrationTable(table, { partitionKey: 'at', waive: ['unique-without-key'] }));
    await run.start();
    await run.turn();
    await database.query(`INSERT INTO revenues VALUES (7, '2025-05-01Z', 700), (500, '2025-05-01Z', 500)`);
    const why = expect.stringMatching(
      /revenues_pkey.*Key \(id\)=\(7\).*Until one of them is deleted from public.revenues.*there is no rollback.*finish --yes/,
    );
    for (const again of [false, true]) {
      await expect(run.start(), String(again)).rejects.toMatchObject({ code: 'PD625', message: why });
      expect(run.engine.record.paused).toEqual({ kind: 'duplicates', reason: why });
    }
    expect(run.events.filter(({ kind }) => kind === 'migration-paused')).toHaveLength(1);
    await database.query(`DELETE FROM revenues WHERE id = 7 AND code = 7`);
    await run.start();
    expect(run.engine.record.paused).toBeNull();
    await run.verify();
    await run.turn();
    expect(await database.query('SELECT code::int FROM revenues WHERE id IN (7, 500) ORDER BY id')).toEqual([{ code: 700 }, { code: 500 }]);
  });

  it('keeps nobody from staying with the new table, once both were equal', async () => {
    await using database = await createDatabase();
    await createRevenues(database, 'PRIMARY KEY (id)');
    await using run = await realEngine(database, migrationTable(table, { partitionKey: 'at', waive: ['unique-without-key'] }));
    await run.start();
    await run.turn();
    await database.query(`INSERT INTO revenues VALUES (7, '2025-05-01Z', 700)`);
    await run.finish();
    expect(run.engine.record).toMatchObject({ phase: 'finished', paused: null });
    expect(run.events).toContainEqual(
      expect.objectContaining({
        kind: 'migration-warning',
        explanation: expect.stringMatching(
          /^public.revenues_unpartitioned lacks what was written last: revenues_pkey_unpartitioned refuses/,
        ),
      }),
    );
    expect(await database.query('SELECT code::int FROM revenues WHERE id = 7 ORDER BY code')).toEqual([{ code: 7 }, { code: 700 }]);
  });

  it('fails no write of an application under dual, whose rows take such values from one another in one statement', async () => {
    await using database = await createDatabase();
    await createRevenues(database, 'PRIMARY KEY (id, at), UNIQUE (code, at)');
    await database.query(`
      CREATE FUNCTION pass_on() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN UPDATE revenues SET code = OLD.code WHERE id = OLD.id + 1; RETURN NULL; END';
      CREATE TRIGGER a_pass_on AFTER UPDATE ON revenues FOR EACH ROW WHEN (OLD.id = 1) EXECUTE FUNCTION pass_on()`);
    await using run = await realEngine(database, migrationTable(table, { partitionKey: 'at', capture: 'dual', waive: ['dual-errors'] }));
    await run.start();
    for (const live of ['source', 'target']) {
      expect(run.engine.record.live).toBe(live);
      await database.query(`UPDATE revenues SET code = ${live === 'source' ? 1_000 : 2_000} WHERE id = 1`);
      await run.verify();
      expect(run.engine.record).toMatchObject({ paused: null, verdict: { mismatches: 0 } });
      if (live === 'source') await run.turn();
    }
  });

  it('is refused under dual where a constraint is checked late, or excludes', async () => {
    await using database = await createDatabase();
    await createRevenues(
      database,
      'PRIMARY KEY (id, at), CONSTRAINT late UNIQUE (code, at) DEFERRABLE, CONSTRAINT apart EXCLUDE USING btree (code WITH =, at WITH =)',
    );
    const refusals = async (capture: 'log' | 'dual') => {
      const waive = ['dual-errors'] as const;
      const { plan } = await planned(database, migrationTable(table, { partitionKey: 'at', capture, waive }));
      return plan.refusals.filter(({ message }) => message.includes('capture: log')).map(({ subject }) => subject);
    };
    expect((await refusals('dual')).toSorted()).toEqual(['apart', 'late']);
    expect(await refusals('log')).toEqual([]);
  });
});
