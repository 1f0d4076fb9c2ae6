/** Plans as EXPLAIN (FORMAT JSON, VERBOSE, SETTINGS, SUMMARY) of PostgreSQL prints them, cut down to what is read of them. */
import type { ProbedTable } from '../../../src/probe/probed-table.ts';
import { type QueryPlan, readQueryPlan } from '../../../src/probe/query-plan.ts';

export interface JsonNode {
  readonly 'Node Type': string;
  readonly Plans?: readonly JsonNode[];
  readonly [key: string]: unknown;
}

export function scan(name: string, alias: string, more: Readonly<Record<string, unknown>> = {}): JsonNode {
  return { 'Node Type': 'Seq Scan', 'Relation Name': name, Schema: 'public', Alias: alias, ...more };
}

export function append(plans: readonly JsonNode[], more: Readonly<Record<string, unknown>> = {}): JsonNode {
  return { 'Node Type': 'Append', 'Subplans Removed': 0, ...more, Plans: plans };
}

export function planOf(root: JsonNode, more: Readonly<Record<string, unknown>> = {}): QueryPlan {
  return readQueryPlan(JSON.stringify([{ Plan: root, 'Planning Time': 0.25, ...more }]));
}

/** `public.ev`, key `at` of type timestamptz, with the partitions named; those with leaves are sub-partitioned. */
export function probedTable(partitions: Readonly<Record<string, readonly string[]>>, overrides: Partial<ProbedTable> = {}): ProbedTable {
  return {
    oid: '1',
    name: { schema: 'public', name: 'ev' },
    keyColumn: 'at',
    keyType: 'timestamp with time zone',
    partitions: Object.entries(partitions).map(([name, leaves]) => ({
      name: { schema: 'public', name },
      leaves: (leaves.length === 0 ? [name] : leaves).map((leaf) => ({ schema: 'public', name: leaf })),
    })),
    ...overrides,
  };
}

export const fourPartitions: ProbedTable = probedTable({ ev_1: [], ev_2: [], ev_3: [], ev_4: [] });
