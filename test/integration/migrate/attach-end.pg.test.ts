import { expect, test } from 'vitest';
import { finish } from '../../../src/migrate/switch/finish.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { createDatabase } from '../../support/database.ts';
import { attaching } from '../../support/migrate/attaching.ts';
import { noAbort } from '../../support/open-session.ts';

const plain = `
CREATE TABLE public.revenues (id bigint NOT NULL, occurred_at timestamptz NOT NULL, note text, PRIMARY KEY (id, occurred_at));
CREATE INDEX revenues_note ON public.revenues (lower(note)) WHERE id > 5;
INSERT INTO public.revenues SELECT n, now() - n * interval '12 hours', 'row ' || n FROM generate_series(1, 200) AS n`;

test('goes on after an end behind each of its steps, and says why a rollback or a drop is too late', async () => {
  await using database = await createDatabase();
  await database.query(plain);
  const ended = new Set<string>();
  let isPatient = false;
  const onEvent: Parameters<typeof attaching>[1] = {
    policy: { premake: 2 },
    onEvent: (event) => {
      if (isPatient || event.kind !== 'migration-step' || ended.has(event.step)) return;
      ended.add(event.step);
      throw new Error('killed');
    },
  };
  await using migration = await attaching(database, onEvent);
  for (let ends = 0; migration.running.engine.record.phase !== 'ready'; ends += 1) {
    expect(ends).toBeLessThan(60);
    const failure: unknown = await migration.start().catch((error: unknown) => error);
    if (failure !== undefined) expect(failure).toMatchObject({ message: 'killed' });
    await migration.again();
  }
  isPatient = true;
  const steps = [...ended].map((step) => step.replace(/ .*/, ''));
  expect(new Set(steps)).toEqual(new Set(['create', 'guard', 'attach', 'vacuum', 'give', 'analyze', 'refuse', 'prove']));
  expect(migration.running.engine.record.verdict).toMatchObject({ differences: [], mismatches: 0 });

  // A transaction with a snapshot from before finds all rows through the new table as well.
  const old = await database.client();
  await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
  await switchOver(migration.running.engine, false, noAbort);
  const { rows } = await old
    .query('SELECT count(*)::int AS rows FROM public.revenues; COMMIT')
    .then((results) => [results].flat()[0] ?? { rows: [] });
  expect(rows).toEqual([{ rows: 200 }]);
  await migration.start();
  const { engine } = migration.running;

  await database.query(`INSERT INTO public.revenues SELECT n, now() + interval '80 days', 'far' FROM generate_series(1001, 11001) AS n`);
  await expect(switchOver(engine, false, noAbort)).rejects.toMatchObject({
    code: 'PD653',
    message: expect.stringMatching(/hold 10001 rows, and at most 10000 are moved back.*migrate finish/),
  });
  expect(await database.query(`SELECT relkind FROM pg_class WHERE oid = 'public.revenues'::regclass`)).toEqual([{ relkind: 'p' }]);
  await database.query('DELETE FROM public.revenues WHERE id = 11001');
  await old.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
  const impatient = { ...engine, policy: { ...engine.policy, migration: { ...engine.policy.migration } } };
  impatient.policy.migration = {
    ...impatient.policy.migration,
    switchover: { ...impatient.policy.migration.switchover, deadlineMs: 300, maxLockMs: 20_000 },
  };
  await expect(switchOver(impatient, false, noAbort)).rejects.toThrow(/idle in a transaction with a snapshot/);
  await old.query('COMMIT');

  await expect(finish(engine, true, noAbort)).rejects.toMatchObject({ code: 'PD654' });
  await finish(engine, false, noAbort);
  expect(engine.record.phase).toBe('finished');
  const left = await database.query(
    `SELECT tgname AS name FROM pg_trigger WHERE tgname ~ 'partitiond' UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^guard_'
     UNION ALL SELECT conname FROM pg_constraint WHERE conname ~ 'partitiond_until'`,
  );
  expect(left).toEqual([]);
});
