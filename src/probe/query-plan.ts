import { InvariantError } from '../errors.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';

/** One node of an EXPLAIN, cut down to what pruning can be seen by. */
export interface PlanNode {
  /** `Node Type`, for example `Append`, `Index Scan`. */
  readonly kind: string;
  /** The table that it reads or changes; null for other nodes. */
  readonly relation: QualifiedName | null;
  readonly alias: string | null;
  /** Texts of `Filter`, `Index Cond`, `Recheck Cond`, `Hash Cond`, `Join Filter` and the like, as PostgreSQL deparses them. */
  readonly conditions: readonly PlanCondition[];
  /** `Subplans Removed` of an Append or MergeAppend: pruned when the executor started. */
  readonly subplansRemoved: number;
  /** `Actual Loops`, 0 when it was never executed; null without ANALYZE. */
  readonly loops: number | null;
  readonly children: readonly PlanNode[];
}

export interface PlanCondition {
  /** The key of EXPLAIN's JSON, for example `Index Cond`. */
  readonly kind: string;
  readonly text: string;
}

export interface QueryPlan {
  readonly root: PlanNode;
  /** Planner settings that differ from the default (EXPLAIN's SETTINGS), for example { enable_partition_pruning: 'off' }. */
  readonly settings: Readonly<Record<string, string>>;
  /** Null without SUMMARY or ANALYZE. */
  readonly planningMs: number | null;
  readonly executionMs: number | null;
  /** Blocks, the whole statement; null without BUFFERS. */
  readonly buffers: { readonly hit: number; readonly read: number } | null;
}

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the text that EXPLAIN (FORMAT JSON, VERBOSE) answers; of a statement that rules turned into several plans the first. Throws
 * `InvariantError` when it is none. `buffers` are those of the execution, not of the planning (shared, local and temporary blocks).
 * Source: `ExplainNode` and `ExplainOnePlan` in src/backend/commands/explain.c.
 */
export function readQueryPlan(text: string): QueryPlan {
  const first: unknown = asList(parseJson(text))[0];
  const root = isObject(first) ? first['Plan'] : undefined;
  if (!isObject(first) || !isObject(root)) throw notAPlan();
  return {
    root: readNode(root),
    settings: readSettings(first['Settings']),
    planningMs: numberOr(first['Planning Time'], null),
    executionMs: numberOr(first['Execution Time'], null),
    buffers: readBuffers(root),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notAPlan();
  }
}

function notAPlan(): InvariantError {
  return new InvariantError('PD902', 'explain: expected a plan as JSON, the server sent something else');
}

function readNode(node: JsonObject): PlanNode {
  const name = textOr(node['Relation Name'], null);
  return {
    kind: textOr(node['Node Type'], ''),
    relation: name === null ? null : { schema: textOr(node['Schema'], ''), name },
    alias: textOr(node['Alias'], null),
    conditions: readConditions(node),
    subplansRemoved: numberOr(node['Subplans Removed'], 0),
    loops: numberOr(node['Actual Loops'], null),
    children: [...asList(node['Plans']).filter(isObject).map(readNode), ...pushedDown(node)],
  };
}

const identifier = '("(?:[^"]|"")+"|[^\\s".()]+)';
const foreignRelation = new RegExp(`\\(${identifier}\\.${identifier}(?: ${identifier})?\\)`, 'g');

/**
 * What a foreign server joins or aggregates for us is one node without a relation, whose `Relations` names them: `Aggregate on (public.a a_1)`,
 * `(public.a) INNER JOIN (public.b)`. Source: postgresExplainForeignScan in contrib/postgres_fdw/postgres_fdw.c.
 */
function pushedDown(node: JsonObject): readonly PlanNode[] {
  const relations = node['Relations'];
  if (typeof relations !== 'string' || node['Relation Name'] !== undefined) return [];
  return [...relations.matchAll(foreignRelation)].map(([, schema = '', table = '', alias = table]) => ({
    kind: 'Foreign Scan',
    relation: { schema: unquoted(schema), name: unquoted(table) },
    alias: unquoted(alias),
    conditions: [],
    subplansRemoved: 0,
    loops: numberOr(node['Actual Loops'], null),
    children: [],
  }));
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}

/** All of them end alike: `Filter`, `Join Filter`, `One-Time Filter`, `Index Cond`, `Recheck Cond`, `TID Cond`, `Hash Cond`, `Merge Cond`. */
function readConditions(node: JsonObject): readonly PlanCondition[] {
  return Object.entries(node).flatMap(([kind, text]) => (/(Filter|Cond)$/.test(kind) && typeof text === 'string' ? [{ kind, text }] : []));
}

function readSettings(settings: unknown): Readonly<Record<string, string>> {
  if (!isObject(settings)) return {};
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)]));
}

/** A node counts what is below it as well. */
function readBuffers(root: JsonObject): QueryPlan['buffers'] {
  if (typeof root['Shared Hit Blocks'] !== 'number') return null;
  const sum = (...keys: readonly string[]): number => keys.reduce((total, key) => total + numberOr(root[key], 0), 0);
  return { hit: sum('Shared Hit Blocks', 'Local Hit Blocks'), read: sum('Shared Read Blocks', 'Local Read Blocks', 'Temp Read Blocks') };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function numberOr<T>(value: unknown, otherwise: T): number | T {
  return typeof value === 'number' ? value : otherwise;
}

function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === 'string' ? value : otherwise;
}
