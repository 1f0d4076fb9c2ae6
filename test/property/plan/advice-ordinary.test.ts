import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/config/parse-configuration.ts';
import { maxIdentifierBytes } from '../../../src/partition/identifier.ts';
import { adviseOrdinaryTable } from '../../../src/plan/advice/ordinary/advise-ordinary-table.ts';
import { copyableIdentifier } from '../../../src/plan/advice/ordinary/copyable.ts';
import type { OrdinaryTable } from '../../../src/plan/advice/ordinary/table.ts';

/** Any name that PostgreSQL can hold, with a liking for what quoting, YAML, variables and terminals trip over. */
const name = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        '$',
        '{',
        '}',
        '${',
        '$${',
        '\n',
        '\r',
        '\t',
        '\u001b',
        '\u0085',
        '\u2028',
        '\u2029',
        '#',
        ': ',
        '-',
        "'",
        '.',
      ),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((parts) => parts.join(''))
  .filter((text) => !text.includes('\0') && Buffer.byteLength(text) <= maxIdentifierBytes);

const goal = { targetBytes: 1, now: 1_750_000_000_000_000n };

function tableOf(schema: string, table: string, column: string): OrdinaryTable {
  return {
    name: { schema, name: table },
    serverVersion: 180000,
    estimatedRows: null,
    bytes: 0,
    isUnlogged: false,
    ofType: null,
    hasReplicaIdentity: false,
    hasRowSecurity: false,
    parents: [],
    heirs: [],
    columns: [
      {
        name: column,
        type: 'date',
        scale: null,
        isNotNull: true,
        isIdentity: false,
        default: null,
        canSelect: true,
        nullFraction: null,
        correlation: null,
        bounds: ['2025-01-01', '2025-06-01'],
        common: [],
      },
    ],
    uniqueKeys: [],
    exclusions: [],
    incoming: [],
    outgoing: [],
    triggers: [],
    ownChecks: [],
    rules: [],
    publications: [],
    views: [],
    sequences: [],
  };
}

/** What PostgreSQL reads an identifier as: plain, in quotes, or with escapes of four hexadecimal digits. */
function readIdentifier(text: string): string {
  if (!text.endsWith('"')) return text;
  const inside = text.replace(/^(?:U&)?"|"$/g, '').replaceAll('""', '"');
  if (!text.startsWith('U&')) return inside;
  return inside.replace(/\\(?:\\|([0-9A-F]{4}))/g, (_, code: string | undefined) =>
    code === undefined ? '\\' : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

describe('what advice on an ordinary table offers for copying', () => {
  it('names the table in YAML so that the configuration reads the same name', () => {
    fc.assert(
      fc.property(name, name, (schema, table) => {
        const { proposal } = adviseOrdinaryTable(tableOf(schema, table, 'day'), null, goal);
        const entry = String(proposal?.yaml).replace(/^/gm, '  ');
        const text = `databases:\n- name: app\n  url: postgres://localhost/app\n  tables:\n${entry}`;
        const [read] = parseConfiguration({ text, source: 'test', env: {}, folder: '/' }).databases[0]?.tables ?? [];
        expect(read?.table).toEqual({ schema, name: table });
      }),
    );
  });

  it('quotes every name of the DDL so that PostgreSQL reads the same name', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(readIdentifier(copyableIdentifier(text))).toBe(text);
      }),
    );
  });

  it('holds nothing that a terminal would not print, and one statement in its lines', () => {
    fc.assert(
      fc.property(name, name, name, (schema, table, column) => {
        const { proposal } = adviseOrdinaryTable(tableOf(schema, table, column), null, goal);
        const lines = `${proposal?.yaml}${proposal?.ddl}`.split('\n');
        expect(lines.filter((line) => /[\p{Cc}\u2028\u2029]/u.test(line))).toEqual([]);
        expect(String(proposal?.ddl).split('\n')).toHaveLength(6);
      }),
    );
  });
});
