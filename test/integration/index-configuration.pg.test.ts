import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { indexClauses } from '../../src/partition/index-definition.ts';
import type { IndexPolicy } from '../../src/partition/policy.ts';
import { quoteIdentifier } from '../../src/partition/qualified-name.ts';
import { createDatabase } from '../support/database.ts';

function readIndex(written: string): IndexPolicy {
  const text = `databases: [{ name: app, url: "postgres://h/db", tables: [{ table: t, interval: 1 day, indexes: [${written}] }] }]`;
  const { databases } = parseConfiguration({ text, source: 'partitiond.yaml', env: {}, folder: '/' });
  const index = databases[0]?.tables[0]?.indexes[0];
  if (index === undefined) throw new Error('has no index');
  return index;
}

/** What the server prints of it after USING, without what it has anyway. */
async function make(index: IndexPolicy): Promise<string> {
  await using database = await createDatabase();
  await database.query('CREATE TABLE t (a int, b text, "The Time" timestamptz, "user" text, v tsvector)');
  await database.query(`CREATE ${index.isUnique ? 'UNIQUE ' : ''}INDEX ${quoteIdentifier(index.name)} ON t ${indexClauses(index)}`);
  const [made] = await database.query<{ definition: string }>(
    `SELECT pg_get_indexdef(indexrelid) AS definition FROM pg_index WHERE indrelid = 't'::regclass`,
  );
  return made?.definition.replace(/^.* USING /, '') ?? '';
}

describe('an index of the configuration', () => {
  it.each([
    [`{ name: i, columns: [a, B, '"The Time"', user] }`, 'btree (a, b, "The Time", "user")'],
    [
      `{ name: i, columns: [a ASC, b DESC, a NULLS FIRST, '"The Time" desc nulls last', user DESC NULLS FIRST] }`,
      'btree (a, b DESC, a NULLS FIRST, "The Time" DESC NULLS LAST, "user" DESC)',
    ],
    [`{ name: i, columns: ['b COLLATE "C" text_pattern_ops DESC'] }`, 'btree (b COLLATE "C" text_pattern_ops DESC)'],
    ['{ name: i, columns: [v tsvector_ops(SigLen = 100)], method: gist }', "gist (v tsvector_ops (siglen='100'))"],
    ['{ name: i, columns: [a, b], method: BRIN, with: { pages_per_range: 8 } }', "brin (a, b) WITH (pages_per_range='8')"],
    ['{ name: i, columns: a, unique: true, include: [b, user], tablespace: pg_default }', 'btree (a) INCLUDE (b, "user")'],
    [`{ name: '"Odd ""i"""', columns: [b], where: "b = 'approved'" }`, "btree (b) WHERE (b = 'approved'::text)"],
    [`{ name: i, columns: [a], where: "b = $$y'($$\\n AND a > 1" }`, "btree (a) WHERE ((b = 'y''('::text) AND (a > 1))"],
    [
      `{ name: i, expression: [a, "lower(b) DESC", "(b || 'x')", b ISNULL] }`,
      "btree (a, lower(b) DESC, ((b || 'x'::text)), ((b IS NULL)))",
    ],
  ])('is one that PostgreSQL makes: %s', async (written, printed) => {
    expect(await make(readIndex(written))).toBe(printed);
  });

  it('has its columns spelled as PostgreSQL prints them', async () => {
    const index = readIndex(
      `{ name: i, columns: [A, 'b collate "C" TEXT_PATTERN_OPS desc', 'user asc NULLS FIRST', '"The Time" desc nulls first'] }`,
    );
    const spelled = index.keys.map((key) => (key.kind === 'column' ? `${quoteIdentifier(key.column)} ${key.options}`.trim() : ''));
    expect(await make(index)).toBe(`btree (${spelled.join(', ')})`);
  });
});
