import type { PostgresParser, Token } from '../../syntax/postgres-parser.ts';

/** A text that PostgreSQL takes, and how many parameters it has: $1 to $count. */
export interface PlannableText {
  readonly text: string;
  readonly count: number;
}

/**
 * A recorded text as it can be planned. pg_stat_statements puts $n where constants were, also where PostgreSQL takes none: after a type's
 * name (`interval '1 day'` became `interval $1`) and as the field of EXTRACT. These become `$1::interval` and `epoch`, and the parameters
 * are numbered anew without a gap, as one that nothing uses has no type. `textTyped`: numbers in the answer to be cast to text, whose
 * type nothing tells (`count($1)`). Works on PostgreSQL's own tokens. `text` parses (see `parseStatement`). Throws nothing then.
 */
export function plannableText(parser: PostgresParser, text: string, textTyped: ReadonlySet<number> = new Set()): PlannableText {
  const tokens = parser.tokens(text) ?? [];
  const numbers = usedNumbers(tokens);
  let out = '';
  let at = 0;
  for (const [i, token] of tokens.entries()) {
    if (!isParameter(token)) continue;
    const typeStart = typedConstantStart(tokens, i);
    out += text.slice(at, typeStart ?? token.start);
    if (isExtractField(tokens, i)) {
      out += 'epoch';
    } else {
      const type = typeStart === null ? '' : `::${text.slice(typeStart, token.start).trim()}`;
      const number = numbers.indexOf(numberOf(token)) + 1;
      out += `$${number}${type}${textTyped.has(number) ? '::pg_catalog.text' : ''}`;
    }
    at = token.end;
  }
  return { text: out + text.slice(at), count: numbers.length };
}

function isParameter({ text }: Token): boolean {
  return /^\$\d+$/.test(text);
}

function numberOf({ text }: Token): number {
  return Number(text.slice(1));
}

/** In ascending order, so that without a gap each keeps its number. */
function usedNumbers(tokens: readonly Token[]): readonly number[] {
  const used = tokens.filter((token, i) => isParameter(token) && !isExtractField(tokens, i)).map(numberOf);
  return [...new Set(used)].toSorted((a, b) => a - b);
}

function isExtractField(tokens: readonly Token[], i: number): boolean {
  const [name, bracket, next] = [tokens[i - 2], tokens[i - 1], tokens[i + 1]].map((token) => token?.text.toLowerCase());
  return name === 'extract' && bracket === '(' && next === 'from';
}

const typesOfOneWord: ReadonlySet<string> = new Set(
  (
    'interval date time timestamp timetz timestamptz numeric decimal float real integer int bigint smallint int2 int4 int8 float4 float8 bool ' +
    'boolean char varchar bpchar text uuid json jsonb inet cidr macaddr bytea bit point box circle line lseg path polygon money xml name oid ' +
    'regclass tsquery tsvector jsonpath int4range int8range numrange daterange tsrange tstzrange'
  ).split(' '),
);

/** Where the type of `interval $1`, `timestamp(3) with time zone $1`, `numeric $1` begins; null for an ordinary parameter. */
function typedConstantStart(tokens: readonly Token[], i: number): number | null {
  const word = (at: number): string => tokens[at]?.text.toLowerCase() ?? '';
  let at = i - 1;
  if (word(at) === 'zone' && word(at - 1) === 'time' && (word(at - 2) === 'with' || word(at - 2) === 'without')) at -= 3;
  if (word(at) === ')') at = tokens.findLastIndex(({ text }, place) => place < at && text === '(') - 1;
  if (!typesOfOneWord.has(word(at)) || word(at - 1) === '.' || word(at - 1) === 'as') return null;
  return tokens[at]?.start ?? null;
}
