import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { loadParser } from '../syntax/postgres-parser.ts';
import { type Fields, isFields, itemsOf, stringsOf } from '../syntax/tree.ts';
import { findRecorded } from './find-recorded.ts';

/** What recorded statements do with the columns of one table. */
export interface ColumnUse {
  /** Statements that read the table. */
  readonly statements: number;
  /** Of those, how many have a condition on a column, by its name. */
  readonly conditions: ReadonlyMap<string, number>;
  /** UPDATE statements that set a column, by its name. */
  readonly assignments: ReadonlyMap<string, number>;
}

const mostStatements = 2000;

/**
 * Reads pg_stat_statements for `tables`; the answer is by their name for SQL. Null where there is no such extension or it cannot be read.
 * Throws as the session does.
 */
export async function readColumnUse(
  session: Session,
  tables: readonly QualifiedName[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ColumnUse> | null> {
  // As they stand in a text: there a quote in a name is written twice.
  const names = tables.map(({ name }) => name.replaceAll('"', '""'));
  const { obstacle, rows } = await findRecorded(session, names, mostStatements, signal);
  if (obstacle !== null) return null;
  return await columnUse(
    rows.map(({ text }) => text),
    tables,
  );
}

/**
 * The same of texts. A name without a schema counts as the table's, as nobody knows the search_path of then. Texts that do not parse (they were
 * cut off) count for nothing. Throws nothing.
 */
export async function columnUse(texts: readonly string[], tables: readonly QualifiedName[]): Promise<ReadonlyMap<string, ColumnUse>> {
  const counts = new Map(tables.map((table) => [formatQualifiedName(table), new Counts()]));
  const parser = await loadParser();
  for (const text of texts) {
    const tree = parser.parse(text);
    for (const table of tables) counts.get(formatQualifiedName(table))?.add(new Reading(table).of(tree));
  }
  return counts;
}

/** What one statement does. */
interface Seen {
  readonly isRead: boolean;
  readonly conditions: ReadonlySet<string>;
  readonly assignments: ReadonlySet<string>;
}

class Counts implements ColumnUse {
  statements = 0;
  readonly conditions = new Map<string, number>();
  readonly assignments = new Map<string, number>();

  add(seen: Seen): void {
    if (seen.isRead) this.statements += 1;
    for (const column of seen.conditions) this.conditions.set(column, (this.conditions.get(column) ?? 0) + 1);
    for (const column of seen.assignments) this.assignments.set(column, (this.assignments.get(column) ?? 0) + 1);
  }
}

/** What a query sees of the table. */
interface Scope {
  /** Names that stand for the table, here or in a query around this one. */
  readonly aliases: ReadonlySet<string>;
  /** Whether the query reads the table itself, so that a column without a prefix is taken for the table's. */
  readonly isHere: boolean;
  /** WITH queries, which hide tables of their name. */
  readonly hidden: ReadonlySet<string>;
}

const queries: ReadonlySet<string> = new Set(['SelectStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'InsertStmt']);
const conditions: ReadonlySet<string> = new Set(['whereClause', 'quals', 'joinCondition']);
const outermost: Scope = { aliases: new Set(), isHere: false, hidden: new Set() };

/** Walks the parser's JSON, in which a node is `{ Kind: { field: ... } }`; a field of one possible kind holds the body alone. */
class Reading implements Seen {
  isRead = false;
  readonly conditions = new Set<string>();
  readonly assignments = new Set<string>();
  readonly #table: QualifiedName;

  constructor(table: QualifiedName) {
    this.#table = table;
  }

  of(tree: unknown): Seen {
    this.#walk(tree, outermost, false);
    return this;
  }

  #walk(node: unknown, scope: Scope, isCondition: boolean): void {
    if (Array.isArray(node)) {
      for (const item of node) this.#walk(item, scope, isCondition);
      return;
    }
    for (const [key, value] of Object.entries(bodyOf(node))) {
      if (queries.has(key)) this.#enter(key, bodyOf(value), scope);
      else if (key === 'ColumnRef') {
        if (isCondition) this.#note(value, scope);
      } else if (key !== 'NullTest') this.#walk(value, scope, isCondition || conditions.has(key));
    }
  }

  /** One query: first what it reads, then its parts. */
  #enter(kind: string, query: Fields, outer: Scope): void {
    const hidden = new Set([...outer.hidden, ...withNames(query['withClause'])]);
    // What INSERT fills it does not read.
    const target = kind === 'InsertStmt' ? [] : [{ RangeVar: query['relation'] }];
    const ranges = rangesOf([...target, query['fromClause'], query['usingClause'], query['sourceRelation']]);
    const own = ranges.filter((range) => this.#isTable(range, hidden));
    if (own.length > 0) this.isRead = true;
    const shadowed = new Set(ranges.map(aliasOf));
    const aliases = new Set([...[...outer.aliases].filter((alias) => !shadowed.has(alias)), ...own.map(aliasOf)]);
    const scope: Scope = { aliases, isHere: own.length > 0, hidden };
    if (kind === 'UpdateStmt' && this.#isTable(bodyOf(query['relation']), hidden)) this.#noteAssignments(query['targetList']);
    for (const [key, value] of Object.entries(query)) {
      // The sides of a UNION are bodies of their own.
      if (kind === 'SelectStmt' && (key === 'larg' || key === 'rarg')) this.#enter(kind, bodyOf(value), { ...outer, hidden });
      else this.#walk(value, scope, conditions.has(key));
    }
  }

  #isTable(range: Fields, hidden: ReadonlySet<string>): boolean {
    const { relname, schemaname } = range as { relname?: unknown; schemaname?: unknown };
    if (relname !== this.#table.name) return false;
    return schemaname === undefined ? !hidden.has(this.#table.name) : schemaname === this.#table.schema;
  }

  /** `column`, `alias.column`, `table.column` or `schema.table.column`. */
  #note(reference: unknown, { aliases, isHere }: Scope): void {
    const names = stringsOf(bodyOf(reference)['fields']);
    const [column, prefix] = [names.at(-1), names.at(-2)];
    if (column !== undefined && (prefix === undefined ? isHere : aliases.has(prefix))) this.conditions.add(column);
  }

  #noteAssignments(targets: unknown): void {
    for (const target of itemsOf(targets)) {
      const name = bodyOf(bodyOf(target)['ResTarget'])['name'];
      if (typeof name === 'string') this.assignments.add(name);
    }
  }
}

function bodyOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

/** Names of tables and views in FROM, those inside of joins too; subqueries are queries of their own. */
function rangesOf(node: unknown): readonly Fields[] {
  if (Array.isArray(node)) return node.flatMap(rangesOf);
  const { RangeVar: range, JoinExpr: join, RangeTableSample: sample } = bodyOf(node);
  if (range !== undefined) return [bodyOf(range)];
  if (join !== undefined) return rangesOf([bodyOf(join)['larg'], bodyOf(join)['rarg']]);
  return sample === undefined ? [] : rangesOf(bodyOf(sample)['relation']);
}

function aliasOf(range: Fields): string {
  return String(bodyOf(range['alias'])['aliasname'] ?? range['relname']);
}

function withNames(clause: unknown): readonly string[] {
  return itemsOf(bodyOf(clause)['ctes']).map((cte) => String(bodyOf(bodyOf(cte)['CommonTableExpr'])['ctename']));
}
