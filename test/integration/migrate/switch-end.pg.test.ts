import { expect, test } from 'vitest';
import { readDefinition } from '../../../src/catalog/migration/read-definition.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { finish } from '../../../src/migrate/switch/finish.ts';
import { ensureReadSchemas } from '../../../src/migrate/switch/read-schemas.ts';
import { settle } from '../../../src/migrate/switch/settle.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { carriedSource } from '../../support/migrate/carried.ts';
import { ready } from '../../support/migrate/ready.ts';
import { noAbort } from '../../support/open-session.ts';
import { chosenMajor } from '../../support/postgres-binaries.ts';

const policy = { interval: parseInterval('3 months'), premake: 1 };
const readSchemas = { old: 'Blue "1"', new: 'green' };

/** Everything in the catalog that bears the migration's mark. */
async function marks(database: TestDatabase): Promise<readonly unknown[]> {
  return await database.query(`
    SELECT tgname AS name FROM pg_trigger WHERE tgname LIKE 'partitiond%'
    UNION ALL SELECT proname FROM pg_proc WHERE proname ~ '^(capture|guard)_'
    UNION ALL SELECT relname FROM pg_class WHERE relname ~ '^capture_' AND relkind = 'r'
    UNION ALL SELECT nspname FROM pg_namespace WHERE nspname IN ('Blue "1"', 'green')`);
}

test('finishes after a verification alone, with nothing left of the migration but a dated old table', async () => {
  await using database = await createDatabase();
  const role = await database.createRole('reporting');
  const grant = `GRANT SELECT (id, occurred_at) ON public.revenues TO "${role.name}"; ALTER TABLE public.revenues DROP CONSTRAINT unchecked`;
  await using engine = await ready(database, { policy, migration: { readSchemas }, source: `${carriedSource(chosenMajor())}; ${grant}` });
  await ensureReadSchemas(engine, noAbort);
  await ensureReadSchemas(engine, noAbort);
  await expect(finish(engine, false, noAbort)).rejects.toMatchObject({ code: 'PD645' });
  await switchOver(engine, false, noAbort);
  await expect(finish(engine, false, noAbort)).rejects.toMatchObject({ code: 'PD645' });
  await expect(abort(engine, noAbort)).rejects.toThrow(/migrate rollback --table public.revenues/);
  await settle(engine, noAbort);
  const reporting = await database.client({ url: role.url });
  for (const [schema, relation] of Object.entries({ '"Blue ""1"""': 'revenues_unpartitioned', green: 'revenues' })) {
    const { rows } = await reporting.query(
      `SELECT count(id)::int AS n, pg_get_viewdef('${schema}.revenues'::regclass) ~ '${relation};' AS reads FROM ${schema}.revenues`,
    );
    expect(rows).toEqual([{ n: 500, reads: true }]);
    await expect(reporting.query(`SELECT amount FROM ${schema}.revenues`)).rejects.toThrow(/permission denied/);
  }
  await database.query('CREATE VIEW public.keeper AS SELECT id FROM public.revenues_unpartitioned');
  await expect(finish(engine, false, noAbort)).rejects.toThrow(/revenues_unpartitioned is still used by view public.keeper/);
  await database.query('DROP VIEW public.keeper');
  await finish(engine, false, noAbort);
  expect(await marks(database)).toEqual([]);
  expect(engine.record).toMatchObject({ phase: 'finished', live: 'target' });
  expect(
    await database.query(`SELECT oid::regclass::text AS old, state, drop_after - detached_at AS after FROM partitiond.detached_partition`),
  ).toMatchObject([{ old: 'revenues_unpartitioned', state: 'detached' }]);
  await database.query(`INSERT INTO public.revenues (org_id, occurred_at, amount) VALUES (1, '2025-01-01 00:00+00', 1)`);
});

test('aborts before the switch and after a rollback, leaving the table as it was', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy, migration: { readSchemas }, source: carriedSource(chosenMajor()) });
  const { definition } = engine.spec;
  await ensureReadSchemas(engine, noAbort);
  await switchOver(engine, false, noAbort);
  await switchOver(engine, false, noAbort);
  await settle(engine, noAbort);
  await abort(engine, noAbort);
  expect(await marks(database)).toEqual([]);
  expect(await readDefinition(engine.session, engine.spec.table, noAbort)).toEqual(definition);
  expect(
    await database.query(`SELECT relname FROM pg_class WHERE relname LIKE 'revenues%partitioned%' OR relname LIKE 'revenues_20%'`),
  ).toEqual([]);
  expect(engine.record).toMatchObject({ phase: 'aborted', live: 'source' });
  await abort(engine, noAbort);
});

test('rehearses under the locks that are planned and lets go of all of them', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { policy, source: carriedSource(chosenMajor()) });
  const before = await readDefinition(engine.session, engine.spec.table, noAbort);
  let held: readonly { relation: string }[] = [];
  const session: typeof engine.session = {
    pid: engine.session.pid,
    rows: (query, parameters, decode, signal) => engine.session.rows(query, parameters, decode, signal),
    execute: (sql, signal) => engine.session.execute(sql, signal),
    transaction: (body, signal) => engine.session.transaction(body, signal),
    onLost: (listener) => engine.session.onLost(listener),
    onNotice: (listener) => engine.session.onNotice(listener),
    close: () => engine.session.close(),
    complete: async (statements, signal) => {
      if (statements[0] === 'ROLLBACK') {
        held = await database.query(
          `SELECT l.relation::regclass::text AS relation FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation
           WHERE l.pid = $1 AND l.mode = 'AccessExclusiveLock' AND c.relkind IN ('r', 'p', 'v') AND c.relnamespace = 'public'::regnamespace
             AND NOT c.relispartition ORDER BY 1`,
          [engine.session.pid],
        );
      }
      await engine.session.complete(statements, signal);
    },
  };
  const report = await switchOver({ ...engine, session }, true, noAbort);
  expect(held.map(({ relation }) => relation)).toEqual(
    ['"Org\'s"', 'big', 'bigger', 'items', 'parts', 'revenues', 'revenues_partitioned'].toSorted(),
  );
  expect(report.statements[0]?.sql).toMatch(/^ALTER VIEW .* OWNER TO /);
  expect(report.statements.map(({ sql }) => sql)).toContain('ALTER TABLE public.revenues RENAME TO revenues_unpartitioned');
  expect(await readDefinition(engine.session, engine.spec.table, noAbort)).toEqual(before);
  expect(await database.query(`SELECT FROM pg_locks AS l WHERE l.relation = 'public.revenues'::regclass`)).toEqual([]);
});
