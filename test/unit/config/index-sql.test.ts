import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIndexColumn } from '../../../src/config/format/index-column.ts';
import { readFragment } from '../../../src/config/format/sql-fragment.ts';

describe('a column of an index', () => {
  it.each([
    ['a', 'a', ''],
    ['  Order  ', 'order', ''],
    ['"Order"', 'Order', ''],
    ['"a ""b"" c" desc', 'a "b" c', 'DESC'],
    ['a ASC', 'a', ''],
    ['a asc nulls last', 'a', ''],
    ['a NULLS FIRST', 'a', 'NULLS FIRST'],
    ['a DESC NULLS FIRST', 'a', 'DESC'],
    ['a  desc\n nulls last', 'a', 'DESC NULLS LAST'],
    ['a COLLATE "C"', 'a', 'COLLATE "C"'],
    ['a collate pg_catalog."de-x-icu" text_pattern_ops DESC', 'a', 'COLLATE pg_catalog."de-x-icu" text_pattern_ops DESC'],
    ['a public.gist_trgm_ops (siglen = 32)', 'a', "public.gist_trgm_ops (siglen='32')"],
    ["a ops(x='it''s', Y=2.5) NULLS FIRST", 'a', "ops (x='it''s', y='2.5') NULLS FIRST"],
    ['größe', 'größe', ''],
  ])('can be %o', (written, column, options) => {
    expect(parseIndexColumn(written)).toMatchObject({ column, options });
  });

  it.each([
    '',
    'a b c',
    'lower(a)',
    '(a)',
    'a.b',
    'a,b',
    'a NULLS',
    'a NULLS MAYBE',
    'a DESC ASC',
    'a COLLATE',
    'a ops()',
    'a IS NULL',
    'a ISNULL',
    'a::text',
    '"a',
    '1a',
    'a;',
  ])('cannot be %o', (written) => {
    expect(parseIndexColumn(written)).toBeNull();
  });

  it('stays the same when it is written as it was read', () => {
    const names = fc.constantFrom('a', '"B c"', 'user', '"x""y"');
    const ends = fc.constantFrom('', ' DESC', ' asc', ' NULLS FIRST', ' DESC NULLS LAST', ' text_ops', ' COLLATE "C" s.o (p=1) DESC');
    fc.assert(
      fc.property(names, ends, (name, end) => {
        const once = parseIndexColumn(name + end);
        const again = parseIndexColumn([`"${once?.column.replaceAll('"', '""')}"`, once?.options].join(' '));
        expect(again).toMatchObject({ column: once?.column, options: once?.options });
      }),
    );
  });
});

/** What is left of a text that is accepted; null when it is refused. */
function accepted(written: string): string | null {
  try {
    return readFragment(written).sql;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

describe('a fragment of SQL', () => {
  it.each([
    ["a = 'x;--('", "a = 'x;--('"],
    [String.raw`a = E'it\'s;'  AND b`, String.raw`a = E'it\'s;' AND b`],
    ['"odd ; name"\n>\t1', '"odd ; name" > 1'],
    ['a = $$;($$', 'a = $$;($$'],
    ['a = $q$ $$ ; $q$', 'a = $q$ $$ ; $q$'],
    ['(tags[1] = 2)', '(tags[1] = 2)'],
  ])('may be %o', (written, sql) => {
    expect(accepted(written)).toBe(sql);
  });

  it.each([
    'a ) (',
    'a [1)',
    "a = 'x'';",
    'a /* b */',
    String.raw`E'\'`,
    'a$$;$$',
    '$$ ; $',
    '"',
    'a;b',
    '\u0000',
    "a = '\u0000'",
    'a \u0007',
    "''' ;",
    'a\u00a0;',
  ])('cannot be %o', (written) => {
    expect(accepted(written)).toBeNull();
  });

  it('has nothing open and no end of a statement outside of quotes, whatever was written', () => {
    const pieces = fc.constantFrom(...`' '' " ( ) [ ] ; -- /* $$ $a$ $1 E a 1 \\ , $ - *`.split(' '), ' ', '\n');
    let count = 0;
    fc.assert(
      fc.property(fc.array(pieces, { minLength: 1, maxLength: 12 }), (parts) => {
        const sql = accepted(parts.join(''));
        if (sql === null) return;
        count += 1;
        const bare = withoutQuotes(sql);
        expect(bare).not.toMatch(/;|--|\/\*/);
        expect(bare.split('(').length).toBe(bare.split(')').length);
      }),
      { numRuns: 5000 },
    );
    expect(count).toBeGreaterThan(100);
  });
});

/** Without texts and quoted names, as PostgreSQL's scanner goes: one token after the other, words in one piece. */
function withoutQuotes(sql: string): string {
  let bare = '';
  let rest = sql;
  while (rest !== '') {
    const quoted =
      /^[eE]'(?:[^'\\]|\\.|'')*'/s.exec(rest) ??
      /^'(?:[^']|'')*'/.exec(rest) ??
      /^"(?:[^"]|"")*"/.exec(rest) ??
      /^\$([a-z_]\w*)?\$.*?\$\1\$/is.exec(rest);
    const plain = /^(?:[a-z_][\w$]*|\d+|.)/is.exec(rest)?.[0] ?? '';
    bare += quoted === null ? plain : ' ';
    rest = rest.slice((quoted?.[0] ?? plain).length);
  }
  return bare;
}
