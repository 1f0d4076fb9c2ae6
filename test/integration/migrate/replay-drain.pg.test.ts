import { expect, it } from 'vitest';
import { installCapture } from '../../../src/migrate/capture/install-capture.ts';
import { catchUp } from '../../../src/migrate/replay/catch-up.ts';
import { drainLog } from '../../../src/migrate/replay/drain-log.ts';
import { fenced } from '../../../src/migrate/transactions.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { type HandMadeEngine, handMade } from '../../support/migrate/hand-made.ts';
import { copySql, differences, logLength } from '../../support/migrate/two-tables.ts';
import { noAbort } from '../../support/open-session.ts';

/** Drains as a switch does, in a transaction that `after` ends. */
async function drain(engine: HandMadeEngine, drainMs: number, after: () => Promise<void> = () => Promise.resolve()): Promise<number> {
  return await fenced(
    engine,
    engine.session,
    { level: 'read committed', isDurable: true },
    async () => {
      await engine.session.execute('LOCK TABLE ONLY revenues, revenues_partitioned'.replaceAll('revenues', 'public.revenues'), noAbort);
      const drained = await drainLog(engine, engine.session, drainMs, noAbort);
      await after();
      return drained;
    },
    noAbort,
  );
}

async function ready(database: TestDatabase): Promise<HandMadeEngine> {
  const engine = await handMade(database, { phase: 'ready' });
  await installCapture(engine, noAbort);
  await database.query(`BEGIN; ${copySql(engine)}; COMMIT`);
  return engine;
}

it('drains within the transaction of a switch, that can still be rolled back, and leaves its settings alone', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database);
  await database.query(`UPDATE revenues SET occurred_at = occurred_at + interval '90 days' WHERE id < 200; DELETE FROM revenues WHERE id < 50;
    UPDATE revenues SET note = NULL WHERE id = 300`);
  const before = await logLength(database, engine);
  const rolledBack = drain(engine, 5_000, () => Promise.reject(new Error('later trouble')));
  await expect(rolledBack).rejects.toThrow('later trouble');
  expect(await logLength(database, engine)).toBe(before);
  const check = async (): Promise<void> => {
    await engine.session.execute(
      `DO $$BEGIN ASSERT current_setting('statement_timeout') = '30s'; ASSERT current_setting('enable_hashjoin') = 'on'; END$$`,
      noAbort,
    );
  };
  expect(await drain(engine, 5_000, check)).toBe(before);
  expect(await drain(engine, 5_000)).toBe(0);
  expect(await differences(database, engine)).toEqual([]);
});

it.each([
  ['takes too long', 'SELECT pg_sleep(10); RETURN NEW;', 'UPDATE revenues SET amount = 1 WHERE id = 5', 'PD626'],
  ['meets a TRUNCATE', 'RETURN NEW;', 'TRUNCATE revenues', 'PD626'],
  ['leaves a value different', "NEW.note := ''; RETURN NEW;", 'UPDATE revenues SET note = NULL WHERE id = 5', 'PD627'],
  ['loses a row', 'RETURN NULL;', 'UPDATE revenues SET amount = 1 WHERE id = 5', 'PD627'],
])('refuses a drain that %s', async (_what, body, write, code) => {
  await using database = await createDatabase();
  await using engine = await ready(database);
  await database.query(`CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN ${body.replace('SELECT', 'PERFORM').replaceAll("'", "''")} END';
    CREATE TRIGGER spoil BEFORE INSERT ON revenues_partitioned FOR EACH ROW EXECUTE FUNCTION spoil(); ${write}`);
  await expect(drain(engine, code === 'PD626' ? 300 : 5_000)).rejects.toMatchObject({ code });
  await database.query('DROP TRIGGER spoil ON revenues_partitioned');
  await catchUp(engine, noAbort);
  expect(await differences(database, engine)).toEqual([]);
});
