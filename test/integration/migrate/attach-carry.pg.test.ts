import { expect, test } from 'vitest';
import { readDefinition } from '../../../src/catalog/migration/read-definition.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { settleForeignKeys } from '../../../src/migrate/switch/settle.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { type Attaching, attaching } from '../../support/migrate/attaching.ts';
import { carriedSource } from '../../support/migrate/carried.ts';
import { noAbort } from '../../support/open-session.ts';
import { chosenMajor } from '../../support/postgres-binaries.ts';

const source = carriedSource(chosenMajor()).replace('PRIMARY KEY (id),', 'PRIMARY KEY (id, occurred_at),');
const more = `
CREATE INDEX revenues_partial ON public.revenues (lower(note)) WHERE amount > 5;
ALTER TABLE public.revenues ADD CONSTRAINT later CHECK (length(note) < 100) NOT VALID`;

/** All that the catalog says of the table, without oids; other tables' partitions do not count. */
async function told({ running }: Attaching): Promise<Record<string, unknown>> {
  const definition = await readDefinition(running.engine.session, running.engine.spec.table, noAbort);
  if (definition === null) throw new Error('the table is gone');
  const ignored = /^(oid|tableOid|referencedOid|isTablePartitioned|isReferencedPartitioned)$/;
  return JSON.parse(JSON.stringify(definition, (key, value: unknown) => (ignored.test(key) ? undefined : value)));
}

async function rowsOf(database: TestDatabase): Promise<unknown> {
  return await database.query('SELECT count(*) AS rows, sum(hashtextextended(r::text, 0)) AS hash FROM public.revenues AS r');
}

test('carries each kind of object to the parent and back, with rows beyond the bound, and abort leaves all as it was', async () => {
  await using database = await createDatabase();
  await database.query(`${source}; ${more}`);
  await using migration = await attaching(database);
  const { engine } = migration.running;
  const before = await told(migration);
  const beyond = `INSERT INTO public.revenues (number, org_id, occurred_at, amount, note) VALUES (7, 2, now() + interval '80 days', 99, 'heard')`;
  await migration.start();
  await expect(database.query(beyond)).rejects.toThrow(/partitiond_until/);
  await expect(database.query('INSERT INTO public.revenues_partitioned (org_id, occurred_at) VALUES (2, now())')).rejects.toThrow(
    /follows/,
  );
  const rows = await rowsOf(database);
  await switchOver(engine, true, noAbort);
  await switchOver(engine, false, noAbort);
  await migration.start();
  expect(engine.record.verdict).toMatchObject({ live: 'target', differences: [] });
  expect(await rowsOf(database)).toEqual(rows);
  const after = await told(migration);
  expect(after['relkind']).toBe('p');
  const carried = [
    'outgoing',
    'incoming',
    'triggers',
    'views',
    'functions',
    'publications',
    'sequences',
    'statistics',
    'comments',
    'checks',
  ];
  const isKept = (key: { readonly isValid: boolean }): boolean => chosenMajor() >= 18 || key.isValid;
  for (const what of carried) {
    const planned = what === 'outgoing' ? (before[what] as { isValid: boolean }[]).filter(isKept) : before[what];
    const found = what === 'outgoing' ? (after[what] as { isValid: boolean }[]).filter(isKept) : after[what];
    expect({ [what]: found }).toEqual({ [what]: planned });
  }
  const foreignKeys = await database.query(
    `SELECT conname, convalidated FROM pg_constraint WHERE conrelid = 'public.revenues_first'::regclass AND contype = 'f' AND NOT convalidated`,
  );
  expect(foreignKeys).toEqual([{ conname: 'unchecked', convalidated: false }]);
  const [last] = await database.query<{ id: string }>('SELECT max(id) AS id FROM public.revenues');
  await database.query(beyond);
  const inserted = await database.query(
    `SELECT tableoid::regclass::text ~ 'revenues_20' AS "isNew", id > ${last?.id} AS "isBeyond", id % 5 = 1 AS "isInStep", number,
       (SELECT string_agg(h.what, ' ' ORDER BY h.what) FROM public.heard AS h WHERE h.id = r.id) AS heard, (SELECT count(*) FROM public.big AS b WHERE b.id = r.id) AS big
     FROM public.revenues AS r WHERE r.note = 'heard'`,
  );
  expect(inserted).toEqual([{ isNew: true, isBeyond: true, isInStep: true, number: 7, heard: 'always at_last before_row', big: '1' }]);
  await database.query(`INSERT INTO public.revenues (number, org_id, occurred_at, amount, note) VALUES (8, 2, '2024-12-01', 9, 'early')`);
  await expect(database.query(`UPDATE public.revenues SET org_id = 777 WHERE note = 'early'`)).rejects.toThrow(/the org's/);
  await expect(database.query('UPDATE public.items SET revenue_id = -1 WHERE id = 1')).rejects.toThrow(/revenue/);
  const written = await rowsOf(database);
  await switchOver(engine, false, noAbort);
  await settleForeignKeys(engine, noAbort);
  expect(await told(migration)).toEqual(before);
  expect(await rowsOf(database)).toEqual(written);
  // Nothing is refused any more; the next switch has a bound of its own, beyond these rows.
  await database.query(`${beyond}; DELETE FROM public.revenues WHERE occurred_at > now()`);
  await expect(switchOver(engine, false, noAbort)).rejects.toThrow(/verif/);
  await verify(engine, null, noAbort);
  await switchOver(engine, false, noAbort);
  await switchOver(engine, false, noAbort);
  await settleForeignKeys(engine, noAbort);
  await abort(engine, noAbort);
  expect(await told(migration)).toEqual(before);
  expect(await database.query(`SELECT relname FROM pg_class WHERE relname ~ '^revenues' AND relkind IN ('r', 'p')`)).toEqual([
    { relname: 'revenues' },
  ]);
  expect(await database.query(`SELECT proname FROM pg_proc WHERE proname ~ '^guard_'`)).toEqual([]);
});
