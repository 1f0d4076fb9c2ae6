import { describe, expect, it } from 'vitest';
import { InvariantError } from '../../../src/errors.ts';
import { readQueryPlan } from '../../../src/probe/query-plan.ts';
import { append, planOf, scan } from './plans.ts';

describe('a plan', () => {
  it('has the conditions of a node, and none of its numbers', () => {
    const { root } = planOf(scan('ev_1', 'e', { Filter: '(e.v = 1)', 'Recheck Cond': '(e.at > $1)', 'Rows Removed by Filter': 3 }));
    expect(root).toEqual({
      kind: 'Seq Scan',
      relation: { schema: 'public', name: 'ev_1' },
      alias: 'e',
      conditions: [
        { kind: 'Filter', text: '(e.v = 1)' },
        { kind: 'Recheck Cond', text: '(e.at > $1)' },
      ],
      subplansRemoved: 0,
      loops: null,
      children: [],
    });
  });

  it('has children of every relationship, and what the executor removed', () => {
    const { root } = planOf(append([scan('a', 'a', { 'Parent Relationship': 'InitPlan', 'Actual Loops': 0 })], { 'Subplans Removed': 2 }));
    expect(root).toMatchObject({ subplansRemoved: 2, relation: null, children: [{ loops: 0 }] });
  });

  it('has times, settings and the blocks of the execution, not of the planning', () => {
    const blocks = { 'Shared Hit Blocks': 5, 'Shared Read Blocks': 2, 'Local Hit Blocks': 1, 'Temp Read Blocks': 4 };
    const plan = planOf(
      { 'Node Type': 'Result', ...blocks },
      { Settings: { enable_partition_pruning: 'off' }, Planning: { 'Shared Hit Blocks': 99 }, 'Execution Time': 1.5 },
    );
    expect(plan).toMatchObject({ planningMs: 0.25, executionMs: 1.5, buffers: { hit: 6, read: 6 } });
    expect(plan.settings).toEqual({ enable_partition_pruning: 'off' });
  });

  it('has the tables that a foreign server joins as scans of their own', () => {
    const { root } = planOf({ 'Node Type': 'Foreign Scan', Relations: 'Aggregate on ((public.ev_1 a_1) INNER JOIN ("Odd"."it""s" b))' });
    expect(root.children.map(({ relation, alias }) => ({ relation, alias }))).toEqual([
      { relation: { schema: 'public', name: 'ev_1' }, alias: 'a_1' },
      { relation: { schema: 'Odd', name: 'it"s' }, alias: 'b' },
    ]);
  });

  it('has neither blocks nor an execution where it was only planned', () => {
    expect(planOf({ 'Node Type': 'Result' })).toMatchObject({ executionMs: null, buffers: null, settings: {} });
  });

  it.each(['', 'Seq Scan on x', '[]', '[{}]', '{"Plan": {}}', 'null'])('is not %j', (text) => {
    expect(() => readQueryPlan(text)).toThrow(InvariantError);
  });
});
