import { quotedKeywords } from '../../partition/keywords.ts';
import { quoteLiteral } from '../../partition/literal.ts';
import { quoteIdentifier } from '../../partition/qualified-name.ts';
import { checkName, foldName } from './sql-identifier.ts';

/** A column of an index: its name as the catalog has it, and what follows it in the one way that PostgreSQL prints it too. */
export interface IndexColumn {
  readonly column: string;
  /** `COLLATE "C" text_pattern_ops DESC NULLS LAST`, without what PostgreSQL would assume anyway; or empty. */
  readonly options: string;
  /** Whether SQL could mean nothing but a column by it: `status`, but neither `NOT active` nor `current_date`. */
  readonly isPlain: boolean;
}

const name = String.raw`(?:"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*)`;
const qualified = String.raw`${name}(?:\s*\.\s*${name})?`;
const constant = String.raw`(?:'(?:[^']|'')*'|[\p{L}\p{N}_.]+)`;
const parameter = String.raw`${name}\s*=\s*${constant}`;

const shape = new RegExp(
  [
    String.raw`^(?<column>${name})`,
    String.raw`(?:\s+collate\s+(?<collation>${qualified}))?`,
    String.raw`(?:\s+(?!(?:asc|desc|nulls|collate)\b)(?<opclass>${qualified})(?:\s*\(\s*(?<parameters>${parameter}(?:\s*,\s*${parameter})*)\s*\))?)?`,
    String.raw`(?:\s+(?<order>asc|desc))?(?:\s+nulls\s+(?<nulls>first|last))?$`,
  ].join(''),
  'iu',
);

/**
 * Reads `column [COLLATE collation] [opclass [(parameter = value, ...)]] [ASC | DESC] [NULLS FIRST | LAST]` of CREATE INDEX; null when it is
 * something else. Throws `RangeError` for a name that PostgreSQL cannot hold. Source: postgresql.org/docs/18/sql-createindex.html.
 */
export function parseIndexColumn(text: string): IndexColumn | null {
  const { column, collation, opclass, parameters, order, nulls } = shape.exec(text.trim())?.groups ?? {};
  if (column === undefined) return null;
  // `a ISNULL` is an expression: where an operator class may stand, a keyword is none.
  if (opclass !== undefined && isKeyword(opclass)) return null;
  const options = [
    ...(collation === undefined ? [] : [`COLLATE ${spellQualified(collation)}`]),
    ...(opclass === undefined ? [] : [spellQualified(opclass)]),
    ...(parameters === undefined ? [] : [`(${spellParameters(parameters)})`]),
    ...spellOrder(order, nulls),
  ];
  return { column: readName(column), options: options.join(' '), isPlain: opclass === undefined && !isKeyword(column) };
}

/** ASC is what no word means; nulls come last with it, and first with DESC. */
function spellOrder(order: string | undefined, nulls: string | undefined): readonly string[] {
  if (order?.toLowerCase() === 'desc') return nulls?.toLowerCase() === 'last' ? ['DESC', 'NULLS LAST'] : ['DESC'];
  return nulls?.toLowerCase() === 'first' ? ['NULLS FIRST'] : [];
}

/** One in quotes is none. */
function isKeyword(written: string): boolean {
  return quotedKeywords.has(written.toLowerCase());
}

function readName(written: string): string {
  return checkName(written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : foldName(written));
}

function spellQualified(written: string): string {
  return [...written.matchAll(new RegExp(name, 'gu'))].map(([part]) => quoteIdentifier(readName(part))).join('.');
}

function spellParameters(written: string): string {
  const pairs = new RegExp(String.raw`(?<key>${name})\s*=\s*(?<value>${constant})`, 'gu');
  return [...written.matchAll(pairs)]
    .map(({ groups }) => {
      const value = groups?.['value'] ?? '';
      const text = value.startsWith("'") ? value.slice(1, -1).replaceAll("''", "'") : value;
      return `${quoteIdentifier(readName(groups?.['key'] ?? ''))}=${quoteLiteral(text)}`;
    })
    .join(', ');
}
