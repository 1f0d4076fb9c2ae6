import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteLength } from '../../src/partition/identifier.ts';
import { quotedKeywords } from '../../src/partition/keywords.ts';
import { formatQualifiedName, parseQualifiedName, quoteIdentifier } from '../../src/partition/qualified-name.ts';
import { createDatabase } from '../support/database.ts';

const name = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.stringMatching(/^[a-zA-Z0-9_."$ ]{1,63}$/),
    fc.constantFrom(...quotedKeywords, 'partition', 'Ünï'),
  )
  .filter((text) => text !== '' && !text.includes('\0') && byteLength(text) <= 63 && Buffer.from(text).toString() === text);

describe('quoting beside PostgreSQL', () => {
  it('quotes exactly what quote_ident quotes', async () => {
    await using database = await createDatabase();
    const names = [...fc.sample(name, 1000), ...quotedKeywords];
    const rows = await database.query<{ plain: string; quoted: string }>(
      'SELECT plain, quote_ident(plain) AS quoted FROM unnest($1::text[]) AS ask (plain)',
      [names],
    );
    for (const { plain, quoted } of rows) {
      // The set covers PostgreSQL 14 to 18, so a word that only a newer one reserves is quoted as well.
      if (quoted === plain && quotedKeywords.has(plain)) expect(quoteIdentifier(plain)).toBe(`"${plain}"`);
      else expect(quoteIdentifier(plain)).toBe(quoted);
    }
    const newer = new Set(rows.filter(({ plain, quoted }) => plain === quoted && quotedKeywords.has(plain)).map(({ plain }) => plain));
    expect(newer.size).toBeLessThan(30);
  });

  it('knows every word that this PostgreSQL reserves', async () => {
    await using database = await createDatabase();
    const rows = await database.query<{ word: string }>(`SELECT word FROM pg_get_keywords() WHERE catcode <> 'U'`);
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.map(({ word }) => word).filter((word) => !quotedKeywords.has(word))).toEqual([]);
  });

  it('reads names as to_regclass does', async () => {
    await using database = await createDatabase();
    const texts = ['revenues', 'Public.Revenues', ' app . "Say ""hi""" ', 'app.my-table', 'app.2024_events', '"App"."a.b"', 'app.ÜBER'];
    await database.query('CREATE SCHEMA app; CREATE SCHEMA "App"');
    for (const text of texts) {
      const parsed = parseQualifiedName(text);
      await database.query(`CREATE TABLE IF NOT EXISTS ${formatQualifiedName(parsed)} ()`);
      const [row] = await database.query<{ schema: string; name: string }>(
        `SELECT n.nspname AS schema, c.relname AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.oid = to_regclass($1)`,
        [text],
      );
      expect(row, text).toEqual(parsed);
    }
  });
});
