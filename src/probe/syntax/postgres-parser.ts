import type { Node, ParseResult, ScanResult } from 'libpg-query';

/** PostgreSQL's own parser (that of 18, which reads what older ones print), as WebAssembly. */
export interface PostgresParser {
  /** The statements of a text, in their order; null when it does not parse. */
  parse(sql: string): readonly Node[] | null;
  /** The words of a text without its comments; null when not even those can be told apart. Throws nothing. */
  tokens(sql: string): readonly Token[] | null;
}

export interface Token {
  readonly text: string;
  /** In UTF-16 units of the text; `end` is after it. */
  readonly start: number;
  readonly end: number;
  /** A literal: a quoted string, a number, a bit string. */
  readonly isConstant: boolean;
}

/** Loaded on first use: 1.8 MB that most commands never need. */
export async function loadParser(): Promise<PostgresParser> {
  const { loadModule, parseSync, scanSync } = await import('libpg-query');
  await loadModule();
  return {
    parse: (sql) => {
      const result = attempt(() => parseSync(sql));
      return result === null ? null : statementsOf(result);
    },
    tokens: (sql) => {
      const result = attempt(() => scanSync(scannable(sql)));
      return result === null ? null : tokensOf(sql, result);
    },
  };
}

function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch {
    // What is wrong with a statement is PostgreSQL's to say, which may be newer than this grammar.
    return null;
  }
}

function statementsOf({ stmts }: ParseResult): readonly Node[] {
  return (stmts ?? []).map(({ stmt }) => stmt).filter((stmt) => stmt !== undefined);
}

const constants: ReadonlySet<string> = new Set(['SCONST', 'USCONST', 'ICONST', 'FCONST', 'BCONST', 'XCONST']);
const comments: ReadonlySet<string> = new Set(['SQL_COMMENT', 'C_COMMENT']);

/**
 * The scanner's answer has words as they are, and is no JSON with control characters in them. Only quoted names and strings may hold such, where a
 * blank of the same length is as good.
 */
function scannable(sql: string): string {
  return sql.replaceAll(/\p{Cc}/gu, (character) => (character < ' ' && !'\n\r\t'.includes(character) ? ' ' : character));
}

/** The scanner counts bytes of UTF-8. */
function tokensOf(sql: string, { tokens }: ScanResult): readonly Token[] {
  const bytes = Buffer.from(sql, 'utf8');
  const isAscii = bytes.length === sql.length;
  const place = (offset: number): number => (isAscii ? offset : bytes.toString('utf8', 0, offset).length);
  return tokens
    .filter(({ tokenName }) => !comments.has(tokenName))
    .map(({ start, end, tokenName }) => {
      const [from, to] = [place(start), place(end)];
      return { text: sql.slice(from, to), start: from, end: to, isConstant: constants.has(tokenName) };
    });
}
