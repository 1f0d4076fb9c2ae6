import { expect, test } from 'vitest';
import { readDefinition } from '../../../src/catalog/migration/read-definition.ts';
import { settle, settleForeignKeys } from '../../../src/migrate/switch/settle.ts';
import { switchOver } from '../../../src/migrate/switch/switch-over.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { TableDefinition } from '../../../src/partition/migration/definition.ts';
import { createDatabase } from '../../support/database.ts';
import { carriedSource } from '../../support/migrate/carried.ts';
import type { HandMadeEngine } from '../../support/migrate/hand-made.ts';
import { ready } from '../../support/migrate/ready.ts';
import { noAbort } from '../../support/open-session.ts';
import { chosenMajor } from '../../support/postgres-binaries.ts';

async function definitionOf(engine: HandMadeEngine, name = engine.spec.table): Promise<TableDefinition> {
  const definition = await readDefinition(engine.session, name, noAbort);
  if (definition === null) throw new Error(`no table ${name.name}`);
  return { ...definition, triggers: definition.triggers.filter(({ name: trigger }) => !trigger.startsWith('partitiond_')) };
}

/** Oids are another table's. */
function moved({
  outgoing,
  incoming,
  triggers,
  views,
  functions,
  publications,
  sequences,
  statistics,
  comments,
}: TableDefinition): unknown {
  const carried = { outgoing, incoming, triggers, views, functions, publications, sequences, statistics, comments };
  const ignored = /^(oid|tableOid|referencedOid|isTablePartitioned|isReferencedPartitioned)$/;
  return JSON.parse(JSON.stringify(carried, (key, value: unknown) => (ignored.test(key) ? undefined : value)));
}

test('carries each kind of object to the new table, and back as it was', async () => {
  await using database = await createDatabase();
  await using engine = await ready(database, { source: carriedSource(chosenMajor()), policy: { interval: parseInterval('3 months') } });
  const before = await definitionOf(engine);
  await switchOver(engine, false, noAbort);
  await settle(engine, noAbort);
  expect(engine.record.verdict).toMatchObject({ live: 'target', mismatches: 0, differences: [] });
  const after = await definitionOf(engine);
  expect(after.relkind).toBe('p');
  // Before 18 a key that is not valid stays with the partitions.
  const carried = chosenMajor() >= 18 ? before : { ...before, outgoing: before.outgoing.filter(({ isValid }) => isValid) };
  expect(moved(after)).toEqual(moved(carried));
  expect((await definitionOf(engine, engine.spec.oldName)).triggers.map(({ enabled }) => enabled)).toEqual(before.triggers.map(() => 'D'));
  const [last] = await database.query<{ id: string }>('SELECT max(id) AS id FROM public.revenues');
  await database.query(`INSERT INTO public.revenues (org_id, occurred_at, amount, note) VALUES (2, '2025-02-01 00:00+00', 99, 'heard')`);
  const inserted = await database.query(
    `SELECT id > ${last?.id} AS "isBeyond", id % 5 = 1 AS "isInStep", number, (SELECT count(*) FROM public.big AS b WHERE b.id = r.id) AS big,
       (SELECT count(*) FROM public.through AS t WHERE t.id = r.id) AS through, public.total() = (SELECT sum(amount) FROM public.revenues) AS total,
       (SELECT string_agg(h.what, ' ' ORDER BY h.what) FROM public.heard AS h WHERE h.id = r.id) AS heard
     FROM public.revenues AS r WHERE r.note = 'heard'`,
  );
  expect(inserted).toEqual([
    { isBeyond: true, isInStep: true, number: 501, big: '1', through: '1', total: true, heard: 'always at_last before_row' },
  ]);
  await expect(database.query(`UPDATE public.revenues SET org_id = 777 WHERE note = 'heard'`)).rejects.toThrow(/the org's/);
  await expect(database.query('UPDATE public.items SET revenue_id = -1 WHERE id = 1')).rejects.toThrow(/revenue/);
  await switchOver(engine, false, noAbort);
  // As rows that were written while a key was away.
  const past = await database.client();
  await past.query(
    `SET session_replication_role = replica; INSERT INTO public.items VALUES (500, -5, now()); INSERT INTO public.parts VALUES (60, -5, now())`,
  );
  await settleForeignKeys(engine, noAbort);
  await settleForeignKeys(engine, noAbort);
  const told = engine.events.flatMap((event) => (event.kind === 'migration-warning' ? [event.explanation] : []));
  expect(told).toEqual([
    expect.stringMatching(/^Foreign key revenue of public\.items stays/),
    expect.stringMatching(/of_revenue of public\.parts/),
  ]);
  for (const explanation of told) {
    const query = /These are: (.*); correct/.exec(explanation)?.[1] ?? '';
    expect(await database.query(query)).toEqual([expect.objectContaining({ revenue_id: '-5' })]);
  }
  const valid = `SELECT conname FROM pg_constraint WHERE conname IN ('revenue', 'of_revenue', 'the org''s') AND convalidated AND conparentid = 0 AND conrelid NOT IN ('parts_1'::regclass)`;
  expect(await database.query(valid)).toEqual([{ conname: "the org's" }]);
  await past.query('DELETE FROM public.items WHERE id = 500; DELETE FROM public.parts WHERE id = 60');
  await settleForeignKeys({ ...engine }, noAbort);
  expect(await definitionOf(engine)).toEqual(before);
  expect(await database.query(`SELECT number, note FROM public.revenues WHERE note = 'heard'`)).toEqual([{ number: 501, note: 'heard' }]);
  expect(await database.query(`SELECT what FROM public.heard WHERE what <> 'after_statement'`)).toHaveLength(3);
});
