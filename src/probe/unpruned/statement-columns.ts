import type { Node } from 'libpg-query';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import { asNode, type Fields, isFields, itemsOf, stringsOf, textOf, walk } from '../syntax/tree.ts';
import { isNode } from '../syntax/walk-syntax.ts';

/** One place where a statement reads the table. */
export interface Reference {
  /** The table's name where it has no other. */
  readonly alias: string;
}

/** Whose a column is; doubtful: it names no table, and several are read. Null: not the table's. */
export type Owner = Reference | 'doubtful' | null;

export interface StatementColumns {
  readonly references: readonly Reference[];
  /** By the fields of the ColumnRef. */
  readonly owners: ReadonlyMap<object, Owner>;
  /** Of WHERE and of joins, in all queries. */
  readonly conditions: readonly Node[];
}

/**
 * Whose the columns of a statement are, as far as its text tells. Those of a CTE or a subquery that reads nothing but the table are the
 * table's. Without a qualifier they are those of the only thing in FROM. Pure, throws nothing.
 */
export function statementColumns(statements: readonly Node[], table: QualifiedName): StatementColumns {
  const resolver = new Resolver(table);
  for (const statement of statements) resolver.read(statement);
  return resolver;
}

/** Something in FROM; `source`: what of the table it stands for. */
interface Item {
  readonly name: string | null;
  readonly source: Reference | null;
}

/** What a query sees: what stands in its FROM so far, and what the query around it sees. */
interface Level {
  readonly items: Item[];
  readonly outer: Level | null;
  /** WITH queries by their name, which hide tables. */
  readonly queries: ReadonlyMap<string, Reference | null>;
}

const queryKinds: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);
/** Where a query names what it reads; INSERT has what it fills there. */
const rangeFields: readonly string[] = ['relation', 'fromClause', 'usingClause', 'sourceRelation'];

class Resolver implements StatementColumns {
  readonly references: Reference[] = [];
  readonly owners = new Map<object, Owner>();
  readonly conditions: Node[] = [];
  readonly #table: QualifiedName;

  constructor(table: QualifiedName) {
    this.#table = table;
  }

  read(statement: unknown): void {
    this.#expressions(statement, { items: [], outer: null, queries: new Map() });
  }

  /** Answers the reference that all of its rows come from; null when there are several, or none. */
  #query(kind: string, query: Fields, outer: Level): Reference | null {
    const level: Level = { items: [], outer, queries: this.#withQueries(query['withClause'], outer) };
    if (kind !== 'InsertStmt') for (const range of rangeFields.flatMap((field) => query[field])) this.#range(range, level);
    this.#condition(query['whereClause']);
    for (const [name, part] of Object.entries(query)) {
      if (name === 'withClause' || rangeFields.includes(name)) continue;
      // The sides of a UNION stand bare.
      if (isFields(part) && (name === 'larg' || name === 'rarg')) this.#query(kind, part, level);
      else this.#expressions(part, level);
    }
    const [only, ...others] = level.items;
    return others.length === 0 ? (only?.source ?? null) : null;
  }

  #withQueries(clause: unknown, outer: Level): Level['queries'] {
    const expressions = isFields(clause) ? itemsOf(clause['ctes']).map((item) => asNode(item)?.fields ?? {}) : [];
    let { queries } = outer;
    for (const { ctename, ctequery } of expressions) {
      const node = asNode(ctequery);
      const source = node === null ? null : this.#query(node.kind, node.fields, { items: [], outer, queries });
      queries = new Map([...queries, [textOf(ctename) ?? '', source]]);
    }
    return queries;
  }

  #range(range: unknown, level: Level): void {
    const node = asNode(range);
    if (node === null) return;
    const { kind, fields } = node;
    const alias = isFields(fields['alias']) ? textOf(fields['alias']['aliasname']) : null;
    if (kind === 'JoinExpr') this.#join(fields, alias, level);
    else if (kind === 'RangeTableSample') this.#range(fields['relation'], level);
    // What UPDATE, DELETE and MERGE change stands bare.
    else if (kind === 'RangeVar' || kind === '') {
      const source = this.#source(fields, alias, level);
      level.items.push({ name: alias ?? textOf(fields['relname']), source });
    } else level.items.push({ name: alias, source: this.#derived(fields, level) });
  }

  #join(join: Fields, alias: string | null, level: Level): void {
    const joined: Level = alias === null ? level : { ...level, items: [] };
    this.#range(join['larg'], joined);
    this.#range(join['rarg'], joined);
    // Its alias hides those inside.
    if (alias !== null) level.items.push({ name: alias, source: null });
    this.#condition(join['quals']);
    this.#expressions(join['quals'], joined);
  }

  /** Of a subquery, or of a function, which reads no table that we know of. */
  #derived(range: Fields, level: Level): Reference | null {
    const subquery = asNode(range['subquery']);
    if (subquery !== null) return this.#query(subquery.kind, subquery.fields, range['lateral'] === true ? level : { ...level, items: [] });
    this.#expressions(range, level);
    return null;
  }

  #source({ schemaname, relname, inh }: Fields, alias: string | null, { queries }: Level): Reference | null {
    const [schema, name] = [textOf(schemaname), textOf(relname)];
    const query = schema === null && name !== null ? queries.get(name) : undefined;
    if (query !== undefined) return query;
    const isTable = name === this.#table.name && (schema === null || schema === this.#table.schema) && inh === true;
    if (!isTable) return null;
    const reference = { alias: alias ?? name };
    this.references.push(reference);
    return reference;
  }

  #condition(condition: unknown): void {
    if (isNode(condition)) this.conditions.push(condition);
  }

  #expressions(value: unknown, level: Level): void {
    walk(value, (kind, fields) => {
      if (kind === 'ColumnRef') this.owners.set(fields, ownerOf(stringsOf(fields['fields']), level));
      if (!queryKinds.has(kind)) return true;
      this.#query(kind, fields, level);
      return false;
    });
  }
}

function ownerOf(path: readonly string[], level: Level): Owner {
  const qualifier = path.at(-2);
  for (let at: Level | null = level; at !== null; at = at.outer) {
    const { items } = at;
    const item = qualifier === undefined ? items[0] : items.find(({ name }) => name === qualifier);
    if (item === undefined) continue;
    if (qualifier !== undefined || items.length === 1) return item.source;
    return items.some(({ source }) => source !== null) ? 'doubtful' : null;
  }
  return null;
}
