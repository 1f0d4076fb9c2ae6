import type { Node } from 'libpg-query';
import type { PostgresParser } from './syntax/postgres-parser.ts';
import { walkSyntax } from './syntax/walk-syntax.ts';

/** What keeps a statement from being a probe. */
export interface StatementProblem {
  /** A sentence without its end. */
  readonly message: string;
  /** What PostgreSQL itself would answer. */
  readonly sqlstate: string;
}

const several = '42601';
const writes = '25006';
const parameters = '08P01';

/**
 * Judges the text of a probe before it is sent; null when it is one query with as many parameters, or when it does not parse, which is
 * PostgreSQL's to say. Its read-only transaction would stop a write that is run, but not one that is only planned, and what `FOR UPDATE`
 * locks or `INTO` creates is a write too. Pure, throws nothing.
 */
export function judgeStatement(parser: PostgresParser, sql: string, given: number): StatementProblem | null {
  const statements = parser.parse(sql);
  if (statements === null) return null;
  const [statement] = statements;
  if (statement === undefined) return { message: 'its `sql` holds no statement', sqlstate: several };
  if (statements.length > 1) {
    return {
      message: `its \`sql\` holds ${statements.length} statements; write one, the others as probes of their own`,
      sqlstate: several,
    };
  }
  if (!('SelectStmt' in statement)) {
    const word = parser.tokens(sql)?.[0]?.text.toUpperCase() ?? 'another';
    return {
      message: `its \`sql\` is a statement ${word}; a probe is one query (SELECT, VALUES, or WITH without a write)`,
      sqlstate: writes,
    };
  }
  return judgeParameters(statement, given) ?? judgeParts(statement);
}

/** Last parts of the names of relations and functions in one query; null when it does not parse. Pure, throws nothing. */
export function namesIn(
  parser: PostgresParser,
  sql: string,
): { readonly relations: readonly string[]; readonly functions: readonly string[] } | null {
  const statements = parser.parse(sql);
  if (statements === null) return null;
  const relations = new Set<string>();
  const functions = new Set<string>();
  walkSyntax(statements, (node) => {
    if ('RangeVar' in node && node.RangeVar.relname !== undefined) relations.add(node.RangeVar.relname);
    const last = 'FuncCall' in node ? node.FuncCall.funcname?.at(-1) : undefined;
    if (last !== undefined && 'String' in last) functions.add(last.String.sval ?? '');
    return true;
  });
  return { relations: [...relations], functions: [...functions] };
}

function judgeParameters(statement: Node, given: number): StatementProblem | null {
  let wanted = 0;
  walkSyntax(statement, (node) => {
    if ('ParamRef' in node) wanted = Math.max(wanted, node.ParamRef.number ?? 0);
    return true;
  });
  if (wanted === given) return null;
  const counted = `its \`params\` hold ${given === 1 ? '1 value' : `${given} values`}`;
  if (wanted > given)
    return { message: `its \`sql\` uses $${wanted}, but ${counted}; give one value for each of $1 to $${wanted}`, sqlstate: parameters };
  const used = wanted === 0 ? 'no parameter' : `none beyond $${wanted}`;
  return { message: `${counted}, but its \`sql\` uses ${used}; take out what is too much`, sqlstate: parameters };
}

function judgeParts(statement: Node): StatementProblem | null {
  const found: string[] = [];
  walkSyntax(statement, (node) => {
    const part = writingPart(node);
    if (part !== null) found.push(part);
    return true;
  });
  const [first] = found;
  return first === undefined ? null : { message: `its \`sql\` has ${first}, and a probe only reads`, sqlstate: writes };
}

function writingPart(node: Node): string | null {
  if ('InsertStmt' in node) return 'INSERT';
  if ('UpdateStmt' in node) return 'UPDATE';
  if ('DeleteStmt' in node) return 'DELETE';
  if ('MergeStmt' in node) return 'MERGE';
  if ('LockingClause' in node) return 'FOR UPDATE or FOR SHARE';
  return 'SelectStmt' in node && node.SelectStmt.intoClause !== undefined ? 'INTO' : null;
}
