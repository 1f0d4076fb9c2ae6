import { describe, expect, it } from 'vitest';
import { StatementError } from '../../../src/errors.ts';
import { describeProbe } from '../../../src/probe/describe-probe.ts';
import { judgeProbe } from '../../../src/probe/judge-probe.ts';
import type { ProbeResult } from '../../../src/probe/run-probes.ts';
import { touchedPartitions } from '../../../src/probe/touched-partitions.ts';
import { append, fourPartitions, planOf, probedTable, scan } from './plans.ts';

const met: ProbeResult = {
  table: { schema: 'public', name: 'ev' },
  probe: 'daily',
  isAutomatic: false,
  sql: 'SELECT 1',
  ranAt: 0n,
  outcome: 'met',
  problems: [],
  error: null,
  touched: touchedPartitions(planOf(scan('ev_3', 'ev')), fourPartitions),
  allowed: 1,
  planningMs: 0.25,
  executionMs: null,
  buffers: null,
  unpruned: null,
  plan: '[]',
};

describe('what is said of a probe', () => {
  it('is short where it is met', () => {
    expect(describeProbe(met)).toEqual([
      'met: 1 of 4 partitions are left after pruning, 1 allowed.',
      'sql: SELECT 1',
      'scanned: 1 of 4: ev_3',
      'pruned: 3 (3 while planning)',
      'time: planning 0.25 ms',
    ]);
  });

  it('has the reason, the fix and the plan of a miss', () => {
    const root = append([scan('ev_1', 'ev_1', { Filter: '(a\n= 1)', 'Actual Loops': 1 }), scan('ev_2', 'ev_2', { 'Actual Loops': 0 })], {
      'Subplans Removed': 1,
      'Actual Loops': 1,
    });
    const lines = describeProbe({
      ...met,
      outcome: 'missed',
      problems: ['Too slow.', 'Too much.'],
      sql: 'SELECT *\n\n  FROM ev',
      touched: touchedPartitions(planOf(root), fourPartitions),
      executionMs: 1234.5678,
      buffers: { hit: 3, read: 4 },
      unpruned: { kind: 'no-condition', message: 'Nothing is said.', fix: 'Say it.' },
      plan: JSON.stringify([{ Plan: root }]),
    });
    expect(lines).toEqual([
      'missed: Too slow.',
      'missed: Too much.',
      'sql: SELECT *',
      '    FROM ev',
      'scanned: 1 of 4: ev_1',
      'pruned: 3 (2 before the run, 1 never executed, subplans removed when the executor started: 1)',
      'time: planning 0.25 ms, execution 1234.568 ms',
      'buffers: 3 found, 4 read',
      'why: Nothing is said.',
      'fix: Say it.',
      'plan:',
      '  Append (subplans removed: 1)',
      '    Seq Scan on public.ev_1',
      '      Filter: (a = 1)',
      '    Seq Scan on public.ev_2 (never executed)',
    ]);
  });

  it('says where a run tells nothing of pruning, as no row asked for any partition', () => {
    const unasked = append([scan('ev_1', 'ev_1', { 'Actual Loops': 0 })], { 'Actual Loops': 0 });
    const root = { 'Node Type': 'Nested Loop', 'Actual Loops': 1, Plans: [scan('cust', 'c', { 'Actual Loops': 1 }), unasked] };
    expect(describeProbe({ ...met, touched: touchedPartitions(planOf(root), fourPartitions) })).toContain(
      'note: no row asked for any partition, so that this run does not show whether they are pruned',
    );
  });

  it('names twenty partitions and counts the others, and leaves where there are more of them', () => {
    const names = Array.from({ length: 23 }, (_, i) => `p_${i}`);
    const table = probedTable({ ...Object.fromEntries(names.map((name) => [name, []])), sub: ['sub_a', 'sub_b'] });
    const touched = touchedPartitions(planOf(append(names.map((name) => scan(name, name)))), table);
    const [, , scanned] = describeProbe({ ...met, touched });
    expect(scanned).toBe(`scanned: 23 of 24 (23 of 25 sub-partitions): ${names.slice(0, 20).join(', ')} and 3 more`);
  });

  it('keeps the beginning of a plan over ten thousand partitions', () => {
    const root = append(Array.from({ length: 10_000 }, (_, i) => scan(`p_${i}`, 'x')));
    const lines = describeProbe({ ...met, outcome: 'missed', problems: ['x'], plan: JSON.stringify([{ Plan: root }]) });
    expect(lines.at(-1)).toBe('  ... and 9961 lines more');
    expect(lines.length).toBeLessThan(60);
  });

  it('is its error where it failed', () => {
    const error = new StatementError('PD532', 'PostgreSQL refused the probe.', '42601');
    const failed = { ...met, outcome: 'failed', problems: [error.message], error, touched: null, planningMs: null, plan: null } as const;
    expect(describeProbe(failed)).toEqual(['failed: PostgreSQL refused the probe.', 'sql: SELECT 1']);
  });
});

describe('a probe', () => {
  const plan = planOf(append(['ev_1', 'ev_2'].map((name) => scan(name, name))), { 'Execution Time': 12.5 });
  const touched = touchedPartitions(plan, fourPartitions);

  it('is met by reaching its targets exactly', () => {
    expect(judgeProbe({ partitions: 2, planningMs: 0.25, executionMs: 12.5 }, plan, touched)).toEqual([]);
    expect(judgeProbe({ partitions: null, planningMs: null, executionMs: null }, plan, touched)).toEqual([]);
  });

  it('says with numbers what it missed', () => {
    expect(judgeProbe({ partitions: 1, planningMs: 0.2, executionMs: 10 }, plan, touched)).toEqual([
      '2 of 4 partitions are left after pruning, 1 is allowed.',
      'Planning took 0.25 ms, 0.2 ms is allowed.',
      'Execution took 12.5 ms, 10 ms is allowed.',
    ]);
  });

  it('cannot miss a time that was not measured', () => {
    const planned = planOf(scan('ev_1', 'ev'), { 'Planning Time': undefined });
    expect(judgeProbe({ partitions: 0, planningMs: 0, executionMs: 0 }, planned, touchedPartitions(planned, fourPartitions))).toEqual([
      '1 of 4 partitions is left after pruning, 0 are allowed.',
    ]);
  });
});
