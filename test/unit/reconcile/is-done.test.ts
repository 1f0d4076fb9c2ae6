import { describe, expect, it } from 'vitest';
import type { StepReport } from '../../../src/apply/step-report.ts';
import { InvariantError } from '../../../src/errors.ts';
import { failure, warning } from '../../../src/plan/finding.ts';
import type { Plan } from '../../../src/plan/plan.ts';
import { isDone } from '../../../src/reconcile/is-done.ts';
import { createPartition } from '../../support/steps.ts';

const table = { schema: 'public', name: 't' };

function step(changes: Partial<StepReport> = {}): StepReport {
  return { step: createPartition(), outcome: 'ok', error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0, ...changes };
}

function plan(findings: Plan['findings'] = []): Plan {
  return { table, steps: [], findings, refused: [] };
}

describe('isDone', () => {
  it('takes a refusal and upkeep that gave way for what they are, and every other step that was not taken for undone', () => {
    const done = (...steps: readonly StepReport[]): boolean => isDone({ error: null, plan: plan(), steps });
    expect(done()).toBe(true);
    expect(done(step(), step({ outcome: 'refused' }))).toBe(true);
    for (const yieldedTo of ['locked', 'autovacuum', 'gone', 'window', 'blocking', 'pressure'] as const)
      expect(done(step({ outcome: 'skipped', yieldedTo }))).toBe(true);
    expect(done(step(), step({ outcome: 'skipped' }))).toBe(false);
    expect(done(step({ outcome: 'failed' }))).toBe(false);
    expect(done(step({ outcome: 'failed', yieldedTo: 'blocking' }))).toBe(false);
  });

  it('takes an error and what hinders the work for undone, a warning not', () => {
    expect(isDone({ error: new InvariantError('PD901', 'broken'), plan: plan(), steps: [] })).toBe(false);
    expect(isDone({ error: null, plan: plan([warning('never-analysed', 'x')]), steps: [] })).toBe(true);
    expect(isDone({ error: null, plan: plan([failure('unsupported-key', 'x')]), steps: [] })).toBe(false);
  });
});
