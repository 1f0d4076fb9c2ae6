import { describe, expect, it } from 'vitest';
import { quoteBody } from '../../../src/ddl/quote.ts';
import { quoteLiteral } from '../../../src/partition/literal.ts';

describe('quoteLiteral', () => {
  it.each([
    ['', "''"],
    ['2025-04-01 00:00:00+00', "'2025-04-01 00:00:00+00'"],
    ["it's", "'it''s'"],
    ["'; DROP TABLE t; --", "'''; DROP TABLE t; --'"],
    ['back\\slash', "E'back\\\\slash'"],
    ["\\'", "E'\\\\'''"],
    ['Ünïcödé 🐘', "'Ünïcödé 🐘'"],
  ])('writes %j as %s', (text, literal) => {
    expect(quoteLiteral(text)).toBe(literal);
  });

  it('refuses the null character, which no text of PostgreSQL can hold', () => {
    expect(() => quoteLiteral('a\0b')).toThrow(RangeError);
  });
});

describe('quoteBody', () => {
  it('uses a tag that the body does not hold', () => {
    expect(quoteBody('BEGIN END')).toBe('$partitiond$BEGIN END$partitiond$');
    expect(quoteBody("'a$partitiond$b$partitiond_1$'")).toBe("$partitiond_2$'a$partitiond$b$partitiond_1$'$partitiond_2$");
  });
});
