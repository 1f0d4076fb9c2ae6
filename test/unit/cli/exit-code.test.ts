import { describe, expect, it } from 'vitest';
import type { Outcome, StepReport } from '../../../src/apply/step-report.ts';
import { exitCodeOf, type Verdict, verdictOfApply, verdictOfPlan, verdictOfVisit } from '../../../src/cli/databases/exit-code.ts';
import type { Visit } from '../../../src/cli/databases/visit-databases.ts';
import { ConnectionError, InvariantError, NotLeaderError, type PartitiondError, StatementError } from '../../../src/errors.ts';
import type { Finding } from '../../../src/plan/finding.ts';
import type { Step } from '../../../src/plan/step.ts';
import type { RunReport, TableReport } from '../../../src/reconcile/event.ts';

const table = { schema: 'public', name: 't' };
const unreachable = new ConnectionError('PD201', 'gone');
const fenced = new NotLeaderError('PD301', 'another leads');
const denied = new StatementError('PD502', 'denied', '42501');
const bug = new InvariantError('PD901', 'bug');
const step: Step = {
  kind: 'drop-guard',
  table,
  tableOid: '1',
  partition: { schema: 'public', name: 't_default' },
  range: null,
  reason: 'left over',
  task: 'provision',
  constraint: 'partitiond_guard_1',
};

describe('exitCodeOf', () => {
  it.each<[readonly Verdict[], number]>([
    [[], 0],
    [['done', 'done'], 0],
    [['failed'], 4],
    [['done', 'failed'], 4],
    [['unreachable', 'unreachable'], 3],
    [['unreachable', 'done'], 4],
    [['not-leader', 'not-leader'], 5],
    [['not-leader', 'done'], 4],
    [['not-leader', 'unreachable'], 4],
    [['unreachable', 'bug', 'not-leader'], 70],
    [['bug'], 70],
  ])('answers %j with %i', (verdicts, code) => {
    expect(exitCodeOf(verdicts)).toBe(code);
  });
});

describe('a verdict', () => {
  it('of a database is that of the error it ended with', () => {
    expect([unreachable, fenced, denied, bug].map((error) => verdictOfVisit(visit(null, error)))).toEqual([
      'unreachable',
      'not-leader',
      'failed',
      'bug',
    ]);
  });

  it('of a database that an interrupt left out is a failure', () => {
    expect(verdictOfVisit(visit(null, null))).toBe('failed');
    expect(verdictOfApply(visit(null, null))).toBe('failed');
  });

  it.each<[Outcome, Verdict]>([
    ['ok', 'done'],
    ['failed', 'failed'],
    ['refused', 'failed'],
    ['skipped', 'failed'],
  ])('of an apply with a step %s is %s', (outcome, verdict) => {
    expect(verdictOfApply(run([report({ steps: [stepReport(outcome)] })]))).toBe(verdict);
  });

  it('of an apply counts findings of severity error, not warnings; a plan counts neither', () => {
    const found = (severity: Finding['severity']): Visit<RunReport> =>
      run([report({ findings: [{ kind: 'not-partitioned', severity, message: '', partition: null }] })]);
    expect([verdictOfApply(found('warning')), verdictOfApply(found('error'))]).toEqual(['done', 'failed']);
    expect([verdictOfPlan(found('warning')), verdictOfPlan(found('error'))]).toEqual(['done', 'done']);
  });

  it('of a run counts the errors of tables and finds a bug in any step', () => {
    expect(verdictOfPlan(run([report({}), report({ error: denied })]))).toBe('failed');
    expect(verdictOfApply(run([report({ error: denied }), report({ steps: [stepReport('failed', bug)] })]))).toBe('bug');
  });

  it('of a run that lost its server before anything was done is as if there had been none; afterwards it is a failure', () => {
    expect(verdictOfApply(run([report({ error: unreachable }), report({ error: unreachable, steps: [stepReport('skipped')] })]))).toBe(
      'unreachable',
    );
    expect(verdictOfApply(run([report({ steps: [stepReport('failed', fenced)] }), report({ error: fenced })]))).toBe('not-leader');
    expect(verdictOfApply(run([report({}), report({ steps: [stepReport('failed', fenced), stepReport('skipped')] })]))).toBe('not-leader');
    expect(verdictOfApply(run([report({ steps: [stepReport('ok'), stepReport('failed', fenced)] })]))).toBe('failed');
    expect(verdictOfApply(run([report({ steps: [stepReport('ok')] }), report({ error: unreachable })]))).toBe('failed');
    expect(verdictOfApply(run([report({ error: unreachable }), report({ error: fenced })]))).toBe('failed');
  });
});

function visit(answer: RunReport | null, error: PartitiondError | null): Visit<RunReport> {
  const database = { name: 'app', connection: { kind: 'url', url: '' } as const, journalSchema: 'partitiond', probeRole: null, tables: [] };
  return { selection: { database, tables: null }, answer, error };
}

function run(tables: readonly TableReport[]): Visit<RunReport> {
  return visit({ runId: '1', database: 'app', facts: null, pause: null, tables, unreached: [] }, null);
}

function report(parts: { steps?: readonly StepReport[]; findings?: readonly Finding[]; error?: PartitiondError }): TableReport {
  const plan = { table, steps: [], findings: parts.findings ?? [], refused: [] };
  return { table, state: null, plan, steps: parts.steps ?? [], error: parts.error ?? null };
}

function stepReport(outcome: Outcome, error: PartitiondError | null = null): StepReport {
  return { step, outcome, error, durationMs: 1, lockWaitMs: 0, lockTimeouts: 0 };
}
