import { describe, expect, it } from 'vitest';
import type { ProbedTable } from '../../../src/probe/probed-table.ts';
import type { QueryPlan } from '../../../src/probe/query-plan.ts';
import { touchedPartitions } from '../../../src/probe/touched-partitions.ts';
import { append, fourPartitions, planOf, probedTable, scan } from './plans.ts';

function seen(plan: QueryPlan, table: ProbedTable = fourPartitions): Readonly<Record<string, unknown>> {
  const { scanned, pruned, neverExecuted, ...rest } = touchedPartitions(plan, table);
  const names = (list: typeof scanned): string => list.map(({ name }) => name).join(' ');
  return { scanned: names(scanned), pruned: names(pruned), neverExecuted: names(neverExecuted), ...rest };
}

const one = { neverExecuted: '', removedAtStart: 0, scannedLeaves: 1, totalLeaves: 4, isUnasked: false };

describe('what a plan touches', () => {
  it('is the one partition that a plan without Append reads', () => {
    expect(seen(planOf(scan('ev_3', 'ev')))).toEqual({ ...one, scanned: 'ev_3', pruned: 'ev_1 ev_2 ev_4' });
  });

  it('is nothing where everything was pruned while planning', () => {
    const plan = planOf({ 'Node Type': 'Result', 'One-Time Filter': 'false' });
    expect(seen(plan)).toEqual({ ...one, scanned: '', pruned: 'ev_1 ev_2 ev_3 ev_4', scannedLeaves: 0 });
  });

  it('is in the order of the table, each partition once however often it is read', () => {
    const plan = planOf(append([scan('ev_4', 'a_1'), scan('ev_2', 'a_2'), scan('ev_2', 'b_1')]));
    expect(seen(plan)).toMatchObject({ scanned: 'ev_2 ev_4', scannedLeaves: 2 });
  });

  it('leaves out what ANALYZE saw never executed, unless another reference read it', () => {
    const plan = planOf(
      append([
        scan('ev_1', 'a_1', { 'Actual Loops': 1 }),
        scan('ev_2', 'a_2', { 'Actual Loops': 0 }),
        scan('ev_3', 'a_3', { 'Actual Loops': 0 }),
        scan('ev_3', 'b_1', { 'Actual Loops': 2 }),
      ]),
    );
    expect(seen(plan)).toMatchObject({ scanned: 'ev_1 ev_3', pruned: 'ev_2 ev_4', neverExecuted: 'ev_2' });
  });

  it('counts what the executor took out when it started, of its own Appends alone', () => {
    const ours = append([scan('ev_1', 'ev_1')], { 'Subplans Removed': 3 });
    const others = append([scan('other_1', 'o_1')], { 'Subplans Removed': 7 });
    expect(seen(planOf({ 'Node Type': 'Hash Join', Plans: [ours, others] }))).toMatchObject({ scanned: 'ev_1', removedAtStart: 3 });
  });

  it('takes an Append that lost everything for the table, where it stands nowhere else', () => {
    expect(seen(planOf(append([], { 'Subplans Removed': 4 })))).toMatchObject({ scanned: '', removedAtStart: 4 });
    const elsewhere = append([append([], { 'Subplans Removed': 9 }), scan('ev_1', 'ev')]);
    expect(seen(planOf(elsewhere))).toMatchObject({ scanned: 'ev_1', removedAtStart: 0 });
  });

  it('finds leaves in MergeAppend, below Gather, joins, bitmap heaps, subplans and foreign scans', () => {
    const plan = planOf({
      'Node Type': 'Nested Loop',
      Plans: [
        { 'Node Type': 'Gather Merge', Plans: [{ 'Node Type': 'Merge Append', 'Subplans Removed': 1, Plans: [scan('ev_1', 'ev_1')] }] },
        {
          'Node Type': 'Bitmap Heap Scan',
          'Relation Name': 'ev_2',
          Schema: 'public',
          Alias: 'x',
          Plans: [{ 'Node Type': 'Bitmap Index Scan' }],
        },
        {
          'Node Type': 'Result',
          'Parent Relationship': 'InitPlan',
          Plans: [{ 'Node Type': 'Foreign Scan', 'Relation Name': 'ev_4', Schema: 'public', Alias: 'y' }],
        },
      ],
    });
    expect(seen(plan)).toMatchObject({ scanned: 'ev_1 ev_2 ev_4', pruned: 'ev_3', removedAtStart: 1 });
  });

  it('does not take a table of the same name in another schema for a partition', () => {
    expect(seen(planOf(scan('ev_1', 'ev', { Schema: 'archive' })))).toMatchObject({ scanned: '' });
  });

  it('counts direct partitions, and leaves beside them', () => {
    const table = probedTable({ ev_1: ['ev_1_a', 'ev_1_b'], ev_2: ['ev_2_a', 'ev_2_b'], ev_3: [] });
    const plan = planOf(append([scan('ev_1_a', 'ev_1'), scan('ev_1_b', 'ev_2'), scan('ev_3', 'ev_3')]));
    expect(seen(plan, table)).toMatchObject({ scanned: 'ev_1 ev_3', pruned: 'ev_2', scannedLeaves: 3, totalLeaves: 5 });
  });

  it('does not count what is below a condition that is false for every row', () => {
    const plan = planOf({ 'Node Type': 'Result', 'One-Time Filter': 'false', Plans: [scan('ev_1', 'ev')] });
    expect(seen(plan)).toMatchObject({ scanned: '', neverExecuted: 'ev_1' });
  });

  it('tells what nobody asked for from what was pruned while the query ran', () => {
    const inner = (loops: number, scanLoops: number): QueryPlan =>
      planOf({
        'Node Type': 'Nested Loop',
        'Actual Loops': 1,
        Plans: [
          append([scan('ev_1', 'a_1', { 'Actual Loops': scanLoops }), scan('ev_2', 'a_2', { 'Actual Loops': 0 })], {
            'Actual Loops': loops,
          }),
        ],
      });
    expect(seen(inner(0, 0))).toMatchObject({ scanned: '', neverExecuted: 'ev_1 ev_2', isUnasked: true });
    expect(seen(inner(3, 0))).toMatchObject({ scanned: '', isUnasked: false });
    expect(seen(inner(3, 1))).toMatchObject({ scanned: 'ev_1', isUnasked: false });
    const alone = { 'Node Type': 'Nested Loop', 'Actual Loops': 1, Plans: [scan('ev_3', 'ev', { 'Actual Loops': 0 })] };
    expect(seen(planOf(alone))).toMatchObject({ scanned: '', isUnasked: true });
  });

  it('reads a partition that is changed only where it is scanned', () => {
    const plan = planOf({
      'Node Type': 'ModifyTable',
      'Relation Name': 'ev_2',
      Schema: 'public',
      Alias: 'ev_2',
      Plans: [scan('ev_3', 'ev')],
    });
    expect(seen(plan)).toMatchObject({ scanned: 'ev_3' });
  });
});
