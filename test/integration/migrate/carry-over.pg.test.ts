import { expect, test } from 'vitest';
import { parseInterval } from '../../../src/partition/interval.ts';
import type { TableDefinition } from '../../../src/partition/migration/definition.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../src/partition/qualified-name.ts';
import { compareCatalogs } from '../../../src/plan/migration/compare-catalogs.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { type CatalogOf, catalogOf } from '../../support/migrate/catalog-of.ts';
import { everything, everythingTable, everythingText } from '../../support/migrate/everything.ts';
import { migrationTable, type RealEngine, realEngine } from '../../support/migrate/real-engine.ts';
import { chosenMajor } from '../../support/postgres-binaries.ts';

const major = chosenMajor();

/** Oids are another table's, and so is whether a table is partitioned. */
function withoutOids<T>(value: T): T {
  const ignored = /^(oid|seqrelid|tableOid|referencedOid|isTablePartitioned|isReferencedPartitioned)$/;
  return JSON.parse(JSON.stringify(value, (key, inner: unknown) => (ignored.test(key) ? undefined : inner)));
}

/** What stands in a definition of the new table; its indexes are compared by rule, and storage stands with the partitions. */
function carried({ definition }: CatalogOf): Partial<TableDefinition> {
  const { indexes: _indexes, template, heirs: _heirs, ...rest } = definition;
  const { owner, grants, rowSecurity, publications, statisticsTargets } = template;
  return withoutOids({ ...rest, template: { ...template, owner, grants, rowSecurity, publications, statisticsTargets, storage: {} } });
}

/** The same, of what the new table must be by the plan. */
function expected(before: CatalogOf, waived: string): Partial<TableDefinition> {
  const { checks, incoming, outgoing, comments } = before.definition;
  // Before 18 a partitioned table has no key that is not valid: it stays with the partitions.
  const kept = outgoing.filter(({ isValid }) => isValid || major >= 18);
  const isLost = ({ on, name }: (typeof comments)[number]): boolean =>
    on === 'constraint' && outgoing.some((key) => key.name === name && !kept.includes(key));
  return {
    ...carried(before),
    relkind: 'p',
    checks: checks.map((check) => ({ ...check, isNoInherit: false })),
    incoming: withoutOids(incoming.filter(({ name }) => name !== waived)),
    outgoing: withoutOids(kept),
    comments: comments.filter((comment) => !isLost(comment)),
  };
}

/** What a partition has besides, of one that has rows and of one that has none yet. */
async function partitionsOf(database: TestDatabase, table: string): Promise<readonly Record<string, unknown>[]> {
  return await database.query(
    `SELECT c.relacl, c.reloptions, t.reloptions AS toast, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole AS owner, c.relreplident,
       (SELECT count(*) FROM pg_policy AS p WHERE p.polrelid = c.oid) AS policies,
       (SELECT count(*) FROM pg_index AS x WHERE x.indrelid = c.oid AND x.indisclustered) AS clustered,
       (SELECT count(*) FROM pg_constraint AS k WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.conparentid = 0 AND NOT k.convalidated) AS unchecked,
       (SELECT string_agg(concat_ws(' ', a.attstorage, a.attcompression, a.attstattarget, a.attoptions), ',' ORDER BY a.attnum)
          FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns
     FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid LEFT JOIN pg_class AS t ON t.oid = c.reltoastrelid
     WHERE i.inhparent = $1::regclass ORDER BY c.relname`,
    [table],
  );
}

interface Written {
  readonly ids: readonly [number, number, number];
  readonly heard: string;
  readonly seen: string;
}

/** A row that every trigger hears, every view shows and every key checks; what is unique on the old table alone stays so. */
async function write(database: TestDatabase, name: (word: string) => string, org: number): Promise<Written> {
  const q = (word: string): string => quoteIdentifier(name(word));
  const at = (word: string): string => `${q('shop')}.${q(word)}`;
  const table = formatQualifiedName(everythingTable({ name }));
  const note = `'it''s heard ON ${everythingText({ name })} '`;
  await database.query(`TRUNCATE ${at('heard')}`);
  const [made] = await database.query<Record<'id' | 'other' | 'number', string>>(
    `INSERT INTO ${table} (${q('org id')}, ${q('at')}, ${q('amount')}, ${q('note')}) VALUES (${org}, now(), 99 + random(), ${note})
     RETURNING ${q('id')} AS id, ${q('other')} AS other, ${q('number')} AS number`,
  );
  const [told] = await database.query<{ heard: string; seen: string }>(
    `SELECT (SELECT string_agg(DISTINCT what, ' ' ORDER BY what) FROM ${at('heard')} WHERE id = $1) AS heard,
       concat_ws(' ', (SELECT count(*) FROM ${at('big')} AS b WHERE b.${q('id')} = $1), (SELECT count(*) FROM ${at('through')} AS b WHERE b.${q('id')} = $1),
         (SELECT count(*) > 0 FROM ${at('a_view')} AS b WHERE b.one = ${note}), ${at('total')}() = (SELECT sum(${q('amount')}) FROM ${table}),
         (SELECT count(*) FROM ${at('total')}(${org}) AS x WHERE x::numeric(12,2) >= 99)) AS seen`,
    [made?.id],
  );
  return { ids: [Number(made?.id), Number(made?.other), Number(made?.number)], heard: told?.heard ?? '', seen: told?.seen ?? '' };
}

async function refuses(database: TestDatabase, name: (word: string) => string): Promise<void> {
  const q = (word: string): string => quoteIdentifier(name(word));
  const table = formatQualifiedName(everythingTable({ name }));
  await expect(database.query(`UPDATE ${table} SET ${q('org id')} = 777 WHERE ${q('id')} = 5`)).rejects.toThrow(/of_org/);
  await expect(database.query(`UPDATE ${q('shop')}.${q('items')} SET revenue_at = now()`)).rejects.toThrow(/of_revenue|later/);
  await expect(database.query(`UPDATE ${table} SET ${q('note')} = repeat('x', 200) WHERE ${q('id')} = 5`)).rejects.toThrow(/note_short/);
  await expect(database.query(`UPDATE ${q('shop')}.${q('big')} SET ${q('amount')} = 1 WHERE ${q('id')} = 50`)).rejects.toThrow(/big/);
}

async function assertCarried(database: TestDatabase, migration: RealEngine, before: CatalogOf, waived: string): Promise<void> {
  const { spec } = migration.engine;
  const [after, old] = [await catalogOf(database, spec.table), await catalogOf(database, spec.oldName)];
  expect(carried(after)).toEqual(expected(before, waived));
  expect(compareCatalogs(spec, 'target', old.side, after.side)).toEqual([]);
  for (const what of ['views', 'functions']) expect(after.raw[what]).toEqual(before.raw[what]);
  expect(withoutOids(after.raw['sequences'])).toEqual(withoutOids(before.raw['sequences']));
  expect(old.definition.triggers.map(({ enabled }) => enabled)).toEqual(before.definition.triggers.map(() => 'D'));
  expect([old.definition.outgoing, old.definition.incoming, old.definition.views, old.definition.functions]).toEqual([[], [], [], []]);
  const partitions = await partitionsOf(database, formatQualifiedName(spec.table));
  expect(partitions.length).toBeGreaterThan(5);
  for (const partition of partitions) {
    expect(partition).toEqual({
      ...partitions[0],
      relacl: null,
      reloptions: ['fillfactor=80', 'autovacuum_vacuum_scale_factor=0.05'],
      toast: ['autovacuum_vacuum_threshold=77'],
      relreplident: 'i',
      clustered: '1',
      unchecked: major >= 18 ? '0' : '1',
      columns: expect.stringMatching(/e p/),
    });
  }
}

test.each([
  ['plain', (word: string) => word],
  ['hostile', (word: string) => `${word}'s "x".y ü`],
])('%#: carries every object at once over, back as it was, and over again, under %s names', async (_, name) => {
  await using database = await createDatabase();
  const roles = {
    owner: (await database.createRole('owner')).name,
    reader: (await database.createRole('reader')).name,
    viewer: (await database.createRole('viewer')).name,
  };
  await database.query(everything({ major, roles, name }));
  const table = everythingTable({ name });
  const before = await catalogOf(database, table);
  expect(before.definition).toMatchObject({ strays: [], unknownDependents: [] });
  const policy = migrationTable(
    { table, interval: parseInterval('3 months') },
    { partitionKey: name('at'), waive: ['unique-without-key', 'drop-incoming-key'] },
  );
  await using migration = await realEngine(database, policy);
  await migration.start();
  const first = await write(database, name, 7);
  expect(first).toMatchObject({ heard: 'always before last many', seen: expect.stringMatching(/^1 1 t t \d+$/) });
  await migration.turn();
  await assertCarried(database, migration, before, name('of_id'));
  const written = [first, await write(database, name, 8)];
  await refuses(database, name);
  await migration.turn();
  expect(await catalogOf(database, table)).toEqual(before);
  written.push(await write(database, name, 9));
  await refuses(database, name);
  await migration.verify();
  await migration.turn();
  await migration.verify();
  await migration.finish();
  written.push(await write(database, name, 10));
  const after = await catalogOf(database, table);
  expect(carried(after)).toEqual(expected(before, name('of_id')));
  for (const what of ['views', 'functions']) expect(after.raw[what]).toEqual(before.raw[what]);

  for (const { heard, seen } of written) {
    expect(heard).toBe(first.heard);
    expect(seen).toMatch(/^1 1 t t \d+$/);
  }
  const columns = [0, 1, 2].map((place) => written.map(({ ids }) => ids[place] ?? 0));
  // Each after all that were given out before, in the step of its own.
  expect(columns[0]).toEqual((columns[0] ?? []).toSorted((a, b) => a - b));
  expect(columns[1]).toEqual((columns[1] ?? []).toSorted((a, b) => b - a));
  expect(columns[2]).toEqual([401, 402, 403, 404]);
  expect(new Set(columns[0]?.map((id) => id % 5))).toEqual(new Set([0]));
  const [doubled] = await database.query<{ n: string }>(
    `SELECT count(*) - count(DISTINCT ${quoteIdentifier(name('id'))}) AS n FROM ${formatQualifiedName(table)}`,
  );
  expect(doubled).toEqual({ n: '0' });
});
