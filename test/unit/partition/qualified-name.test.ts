import { describe, expect, it } from 'vitest';
import { byteLength, cutToBytes } from '../../../src/partition/identifier.ts';
import { formatQualifiedName, parseQualifiedName, quoteIdentifier } from '../../../src/partition/qualified-name.ts';

describe('parseQualifiedName', () => {
  it.each([
    ['revenues', 'public', 'revenues'],
    ['Public.Revenues', 'public', 'revenues'],
    ['"Odd Schema"."a.b"', 'Odd Schema', 'a.b'],
    ['  app . "say ""hi""" ', 'app', 'say "hi"'],
    ['app.my-table', 'app', 'my-table'],
    ['app.über_ÜBER', 'app', 'über_Über'],
    ['app."DROP TABLE x; --"', 'app', 'DROP TABLE x; --'],
    ['app."1"', 'app', '1'],
    ['app.2024_events', 'app', '2024_events'],
  ])('reads %s', (text, schema, name) => {
    expect(parseQualifiedName(text)).toEqual({ schema, name });
  });

  it.each([
    ['', 'an empty part'],
    ['.x', 'an empty part'],
    ['x.', 'an empty part'],
    ['""', 'an empty part'],
    ['db.app.t', 'has 3 parts; write schema.table'],
    ['my table', 'goes on after "my"'],
    ['a"b"', 'goes on after "a"'],
    ['"a"b', 'goes on after "a"'],
    ['app."open', 'without a closing one'],
    ['app.12345', 'write "12345" in double quotes'],
    ['"a\0b"', 'null character'],
    ['ü'.repeat(32), 'longer than the 63 bytes'],
  ])('refuses %j', (text, complaint) => {
    expect(() => parseQualifiedName(text)).toThrow(RangeError);
    expect(() => parseQualifiedName(text)).toThrow(complaint);
  });
});

describe('quoteIdentifier', () => {
  it.each([
    ['revenues', 'revenues'],
    ['_x9', '_x9'],
    ['Revenues', '"Revenues"'],
    ['9x', '"9x"'],
    ['a$b', '"a$b"'],
    ['user', '"user"'],
    ['between', '"between"'],
    ['partition', 'partition'],
    ['a"b', '"a""b"'],
    ['über', '"über"'],
  ])('writes %s as %s', (name, quoted) => {
    expect(quoteIdentifier(name)).toBe(quoted);
  });

  it('quotes each part of a qualified name', () => {
    expect(formatQualifiedName({ schema: 'public', name: 'Order' })).toBe('public."Order"');
  });
});

describe('identifier bytes', () => {
  it('counts UTF-8 bytes', () => {
    expect(['a', 'ü', '€', '😀', ''].map(byteLength)).toEqual([1, 2, 3, 4, 0]);
  });

  it('never cuts a character in two', () => {
    expect(cutToBytes('aü€😀', 10)).toBe('aü€😀');
    expect([9, 6, 5, 3, 2, 1, 0].map((bytes) => cutToBytes('aü€😀', bytes))).toEqual(['aü€', 'aü€', 'aü', 'aü', 'a', 'a', '']);
  });
});
