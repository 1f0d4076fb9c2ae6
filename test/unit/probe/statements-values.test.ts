import { describe, expect, it } from 'vitest';
import { createKeyCodec } from '../../../src/partition/codec.ts';
import type { KeyCodec, KeyColumn } from '../../../src/partition/key.ts';
import { MAXVALUE, MINVALUE, type Range } from '../../../src/partition/position.ts';
import { searchPathOf } from '../../../src/probe/statements/planning/search-path.ts';
import { typicalValues } from '../../../src/probe/statements/planning/typical-values.ts';
import type { ParameterUse } from '../../../src/probe/statements/syntax/parameter-uses.ts';

function codecOf(type: string): KeyCodec {
  const column: KeyColumn = { name: 'at', type, scale: null, collation: null };
  const codec = createKeyCodec(column, { kind: 'auto' }, 'UTC');
  if ('problem' in codec) throw new Error(codec.problem);
  return codec;
}

const timestamptz = codecOf('timestamp with time zone');
const march: Range = { from: timestamptz.parse('2025-03-01 00:00:00+00'), to: timestamptz.parse('2025-04-01 00:00:00+00') };

interface Asked {
  readonly type?: string;
  readonly category?: string;
  readonly firstLabel?: string;
  readonly use?: Partial<ParameterUse>;
  readonly known?: { readonly value: string; readonly category: string };
  readonly range?: Range;
  readonly keyType?: string;
  readonly words?: ReadonlyMap<number, string>;
}

function valueOf(asked: Asked): string | null | undefined {
  const {
    type = 'timestamp with time zone',
    category = 'D',
    firstLabel = null,
    range = march,
    keyType = 'timestamp with time zone',
  } = asked;
  const use: ParameterUse = { parameter: 1, qualifier: null, column: 'at', operator: '=', isArray: false, ...asked.use };
  const { values } = typicalValues({
    types: [{ type, category, firstLabel }],
    uses: asked.use === undefined ? [] : [use],
    words: asked.words ?? new Map(),
    key: { type: keyType, codec: codecOf(keyType), range },
    isKey: ({ column }) => column === 'at',
    valueOf: () => asked.known ?? null,
  });
  return values[0];
}

describe('typical values', () => {
  it.each<[string, Asked, string]>([
    ['the first key', { use: { operator: '=' } }, '2025-03-01 00:00:00+00'],
    ['the first key from which on', { use: { operator: '>=' } }, '2025-03-01 00:00:00+00'],
    ['the last key up to which', { use: { operator: '<' } }, '2025-03-31 23:59:59.999999+00'],
    ['an instant for another type', { type: 'date', use: {} }, '2025-03-01T00:00:00Z'],
    ['the seconds of an instant for a number', { type: 'double precision', category: 'N', use: {} }, '1740787200'],
    [
      'the only item of an array',
      { type: 'timestamp with time zone[]', category: 'A', use: { isArray: true } },
      '{"2025-03-01 00:00:00+00"}',
    ],
    ['a span beside the key', { type: 'interval', category: 'T', use: { operator: '>' } }, '1 day'],
    ['the other end of an open range', { range: { from: MINVALUE, to: march.to }, use: {} }, '2025-03-31 23:59:59.999999+00'],
    [
      'an integer key',
      { keyType: 'bigint', type: 'bigint', category: 'N', range: { from: 100n, to: 200n }, use: { operator: '<=' } },
      '199',
    ],
  ])('are %s of the current range', (_, asked, value) => {
    expect(valueOf(asked)).toBe(value);
  });

  it('are something of the type where the range is open on both sides', () => {
    expect(valueOf({ range: { from: MINVALUE, to: MAXVALUE }, use: {} })).toBe('2025-01-01');
  });

  it('are what is common in the column that a parameter is compared with, if it is of a like type', () => {
    const use = { column: 'org' };
    expect(valueOf({ type: 'integer', category: 'N', use, known: { value: '4711', category: 'N' } })).toBe('4711');
    expect(valueOf({ type: 'interval', category: 'T', use, known: { value: '2025-03-03', category: 'D' } })).toBe('1 day');
    const list = { type: 'text[]', category: 'A', use: { ...use, isArray: true } };
    expect(valueOf({ ...list, known: { value: 'a "b" \\', category: 'S' } })).toBe('{"a \\"b\\" \\\\"}');
  });

  it('are a word that fits, the first label of an enum, something harmless, or nothing', () => {
    expect(valueOf({ type: 'text', category: 'S', use: {}, words: new Map([[1, 'day']]) })).toBe('day');
    expect(valueOf({ type: 'mood', category: 'E', firstLabel: 'sad' })).toBe('sad');
    expect(valueOf({ type: 'jsonb', category: 'U' })).toBe('{}');
    expect(valueOf({ type: 'point', category: 'G' })).toBeNull();
  });

  it('say when one is missing', () => {
    const key = { type: 'timestamp with time zone', codec: timestamptz, range: march };
    const request = { uses: [], words: new Map(), key, isKey: () => false, valueOf: () => null };
    expect(typicalValues({ ...request, types: [{ type: 'text', category: 'S', firstLabel: null }] }).isComplete).toBe(true);
    expect(typicalValues({ ...request, types: [{ type: 'point', category: 'G', firstLabel: null }] }).isComplete).toBe(false);
  });
});

describe('the search path of a recorded statement', () => {
  it.each<[string, readonly string[], string | null, string]>([
    ["the server's without another", [], 'app', 'app, public, sales, "Odd", public, pg_temp'],
    ['that of its role', ['tenant, "$user"'], 'The App', 'tenant, "The App", sales, "Odd", public, pg_temp'],
    ['nothing of an empty one', [''], null, 'pg_catalog, sales, "Odd", public, pg_temp'],
    ['nothing for a role that is gone', ['"$user", "a,b"'], null, 'pg_catalog, "a,b", sales, "Odd", public, pg_temp'],
  ])('has %s first', (_, searchPaths, roleName, expected) => {
    expect(searchPathOf({ searchPaths, roleName }, 'sales', ['Odd', 'sales'])).toBe(expected);
  });
});
