import { expect, test } from 'vitest';
import { ConnectionError, StatementError } from '../../../src/errors.ts';
import type { Engine } from '../../../src/migrate/engine.ts';
import { catchUp } from '../../../src/migrate/replay/catch-up.ts';
import { runMigration, startMigration } from '../../../src/migrate/run/run-migration.ts';
import { saveMigration } from '../../../src/migrate/save.ts';
import { finish } from '../../../src/migrate/switch/finish.ts';
import { settle } from '../../../src/migrate/switch/settle.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import { verifyWhole } from '../../../src/migrate/verify/verify-whole.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase } from '../../support/database.ts';
import { type HandMadeEngine, handMadePolicy } from '../../support/migrate/hand-made.ts';
import { ready } from '../../support/migrate/ready.ts';
import { richSource, richTable } from '../../support/migrate/rich-source.ts';
import { differences } from '../../support/migrate/two-tables.ts';
import { noAbort } from '../../support/open-session.ts';

const policy = { interval: parseInterval('3 months'), premake: 1 };
const impatient = { ...handMadePolicy().switchover, deadlineMs: 300 };

const outcomes = ({ events }: HandMadeEngine): readonly string[] =>
  events.flatMap((event) => (event.kind === 'switch-attempted' ? [event.outcome] : []));

/** The same engine, whose COMMIT meets `meet` first. */
function committing(engine: HandMadeEngine, meet: (commit: () => Promise<void>) => Promise<void>): Engine {
  const { session } = engine;
  return {
    ...engine,
    session: {
      pid: session.pid,
      rows: (query, parameters, decode, signal) => session.rows(query, parameters, decode, signal),
      execute: (sql, signal) => session.execute(sql, signal),
      transaction: (body, signal) => session.transaction(body, signal),
      onLost: (listener) => session.onLost(listener),
      onNotice: (listener) => session.onNotice(listener),
      close: () => session.close(),
      complete: async (statements, signal) => {
        const complete = (): Promise<void> => session.complete(statements, signal);
        await (statements[0] === 'COMMIT' ? meet(complete) : complete());
      },
    },
  };
}

test('names the statement that the server refuses, and does not try it again', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy });
  await database.query(`CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no triggers after lunch'; END $$;
    CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION public.refuse()`);
  const failed = await switchOver(engine, false, noAbort).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(StatementError);
  expect(String(failed)).toMatch(
    /could not switch public\.revenues: the server refused "CREATE TRIGGER partitiond_guard.*no triggers after lunch/is,
  );
  expect(outcomes(engine)).toEqual(['failed', 'failed']);
  expect(await database.query(`SELECT FROM pg_locks WHERE relation = 'public.revenues'::regclass`)).toEqual([]);
});

test('gives up a drain that takes too long and a switch outside its window, and switches when neither is so', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy, migration: { switchover: { ...impatient, drainMs: 1 } } });
  await expect(switchOver(engine, false, noAbort)).rejects.toThrow(/could not be drained within switch\.drain of 1 ms/);
  expect(new Set(outcomes(engine))).toEqual(new Set(['drain']));
  const minute = Math.floor(Date.now() / 60_000) % 1_440;
  const days = [1, 2, 3, 4, 5, 6, 7];
  const between = (from: number, to: number): Engine => {
    const window = [{ days, fromMinute: (minute + from + 1_440) % 1_440, toMinute: (minute + to) % 1_440 }];
    return { ...engine, policy: { ...engine.policy, migration: handMadePolicy({ switchover: { ...impatient, window } }) } };
  };
  await expect(switchOver(between(60, 120), false, noAbort)).rejects.toMatchObject({
    code: 'PD641',
    message: expect.stringContaining('window'),
  });
  await switchOver(between(-60, 60), false, noAbort);
});

test('takes a switch for done whose COMMIT was answered to nobody, and for not done when it never came', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy });
  const kill = (): Promise<unknown> => database.query(`SELECT pg_terminate_backend(${engine.session.pid}, 5000)`);
  const answered = committing(engine, async (commit) => {
    await commit();
    await kill();
    throw new ConnectionError('PD201', 'the reply was lost');
  });
  await switchOver(answered, false, noAbort);
  expect(answered.record).toMatchObject({ live: 'target', phase: 'switched' });
  expect(outcomes(engine)).toEqual(['ok']);

  await using other = await createDatabase();
  await using unheard = await ready(other, { policy });
  const cut = committing(unheard, async (commit) => {
    await other.query(`SELECT pg_terminate_backend(${unheard.session.pid}, 5000)`);
    await commit();
  });
  await expect(switchOver(cut, false, noAbort)).rejects.toBeInstanceOf(ConnectionError);
  expect(cut.record).toMatchObject({ live: 'source', phase: 'ready' });
  expect(await other.query(`SELECT relkind AS kind FROM pg_class WHERE oid = 'public.revenues'::regclass`)).toEqual([{ kind: 'r' }]);
});

test('pauses for what the verification after a switch finds, starts again only when it is repaired, and goes back all the same', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy });
  const running = { engine, brakes: () => [] };
  const tamper = `SET partitiond.migration = '${engine.id}'; DELETE FROM public.revenues_unpartitioned WHERE id = 7`;
  await switchOver(engine, false, noAbort);
  const stranger = await database.client();
  await stranger.query(tamper);
  const found = {
    code: 'PD602',
    message: expect.stringMatching(
      /1 rows differ .* partitiond\.migration_mismatch\. `partitiond migrate rollback --table public\.revenues` .*SET occurred_at = occurred_at.*`partitiond migrate verify --table public\.revenues`/,
    ) as unknown,
  };
  await expect(runMigration(running, 'ready', noAbort)).rejects.toMatchObject(found);
  expect(engine.record).toMatchObject({ phase: 'switched', paused: { kind: 'mismatch' } });
  // Looks again, each time.
  await expect(startMigration(running, 'ready', noAbort)).rejects.toMatchObject(found);
  await database.query('UPDATE public.revenues SET occurred_at = occurred_at WHERE id = 7');
  await startMigration(running, 'ready', noAbort);
  expect(engine.record).toMatchObject({ paused: null, verdict: { live: 'target', mismatches: 0 } });

  await stranger.query(tamper);
  await expect(verifyWhole(engine, noAbort)).rejects.toMatchObject(found);
  const minute = Math.floor(Date.now() / 60_000) % 1_440;
  const window = [{ days: [1, 2, 3, 4, 5, 6, 7], fromMinute: (minute + 60) % 1_440, toMinute: (minute + 120) % 1_440 }];
  const migration = handMadePolicy({ switchover: { ...handMadePolicy().switchover, window } });
  const closed = { ...engine, policy: { ...engine.policy, migration } };
  await switchOver(closed, false, noAbort);
  expect(closed.record).toMatchObject({ live: 'source', phase: 'ready', paused: { kind: 'mismatch' } });
  // Forward both bind.
  await expect(switchOver(closed, false, noAbort)).rejects.toThrow(/is paused/);
  await expect(startMigration({ engine: closed, brakes: () => [] }, 'ready', noAbort)).rejects.toThrow(
    /1 rows differ.*`partitiond migrate abort --table public\.revenues`/,
  );
});

test.each(['log', 'dual'] as const)(
  'switches, goes back, switches and finishes a table whose names SQL would take apart (%s)',
  async (capture) => {
    await using database = await createDatabase();
    const reader = await database.createRole('reader');
    const source = richSource(`"${reader.name}"`);
    await using engine = await ready(database, { policy, table: richTable, source, capture });
    const table = '"rev""enues.2"';
    for (const [id, kind] of [
      [20_001, 'p'],
      [20_003, 'r'],
      [20_005, 'p'],
    ] as const) {
      await switchOver(engine, false, noAbort);
      await settle(engine, noAbort);
      if (kind === 'r') await saveMigration(engine, { verdict: await verify(engine, null, noAbort) }, noAbort);
      expect(await database.query(`SELECT relkind AS kind FROM pg_class WHERE oid = 'public.${table}'::regclass`)).toEqual([{ kind }]);
      await database.query(`INSERT INTO public.${table} (id, "Org-id", occurred_at, note) OVERRIDING SYSTEM VALUE VALUES (${id}, 1, '2025-03-03 00:00+00', 'it''s ${kind}');
      UPDATE public.${table} SET occurred_at = occurred_at + interval '40 days' WHERE id % 50 = 1; DELETE FROM public.${table} WHERE id % 50 = 3`);
      await catchUp(engine, noAbort);
      expect(await differences(database, engine)).toEqual([]);
    }
    await finish(engine, true, noAbort);
    expect(await database.query(`SELECT relname FROM pg_class WHERE relname ~ '_unpartitioned' AND relkind = 'r'`)).toEqual([]);
  },
);
