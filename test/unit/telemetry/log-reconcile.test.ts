import { describe, expect, it } from 'vitest';
import type { StepReport, Yield } from '../../../src/apply/step-report.ts';
import { ConnectionError, InvariantError, StatementError } from '../../../src/errors.ts';
import type { Finding } from '../../../src/plan/finding.ts';
import type { Step } from '../../../src/plan/step.ts';
import type { ReconcileEvent } from '../../../src/reconcile/event.ts';
import { logReconcile } from '../../../src/telemetry/log-reconcile.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { named } from '../../support/model.ts';

const table = named('t');
const gap: Finding = { kind: 'gap', severity: 'warning', message: 'There is a hole.', partition: null };
const refusal: Finding = { kind: 'removal-budget', severity: 'error', message: 'Too many.', partition: null };
const failure = new StatementError('PD501', 'Could not attach.', '42501');

/** Runs, each with these events between its start and its end; returns `level message` of every line above debug. */
function logged(...runs: readonly (readonly Partial<ReconcileEvent>[])[]): readonly string[] {
  const lines: string[] = [];
  const observe = logReconcile(createLogger({ level: 'info', format: 'json' }, { write: (line) => lines.push(line) }));
  runs.forEach((events, index) => {
    const common = { runId: `run ${index}`, database: 'app' };
    const report = { ...common, facts: null, pause: null, tables: [], unreached: [] };
    observe({ ...common, kind: 'run-started', tasks: ['provision'] });
    for (const event of events) observe({ ...common, ...event } as ReconcileEvent);
    observe({ ...common, kind: 'run-finished', report, durationMs: 1, outcome: 'ok' });
  });
  return lines.map((line) => {
    const { level, msg } = JSON.parse(line);
    return `${level} ${msg}`;
  });
}

/** How a table's turn in a run ends. */
const ended: Partial<ReconcileEvent> = {
  kind: 'table-finished',
  table,
  after: null,
  report: { table, state: null, plan: null, steps: [], error: null },
};

function planned(...findings: readonly Finding[]): Partial<ReconcileEvent> {
  return { kind: 'table-planned', table, plan: { table, steps: [], findings, refused: [] } };
}

function failed(error = failure as ConnectionError | StatementError | InvariantError): Partial<ReconcileEvent> {
  return { kind: 'table-failed', table, phase: 'apply', error };
}

describe('what a run leaves in the log', () => {
  it('is nothing above debug when nothing is wrong and nothing changed', () => {
    expect(logged([planned()])).toEqual([]);
  });

  it('tells once of each step that it has waited for its lock for ten seconds', () => {
    const timeout = (name: string, spentMs: number): Partial<ReconcileEvent> =>
      ({
        kind: 'lock-timeout',
        table,
        step: { kind: 'attach', partition: named(name) },
        attempt: 2,
        reason: 'lock-timeout',
        spentMs,
      }) as never;
    const waits = [timeout('p1', 9_000), timeout('p1', 11_000), timeout('p1', 13_000), timeout('p2', 12_000)];
    expect(logged(waits)).toEqual(['warn waiting for a lock', 'warn waiting for a lock']);
  });

  it('turns a failure that outlasts the next run from warn to error', () => {
    expect(logged([failed(), ended], [failed(), ended], [failed(), ended])).toEqual([
      'warn table failed',
      'error table failed',
      'error table failed',
    ]);
  });

  it('starts again with warn after a run without that failure', () => {
    expect(logged([failed(), ended], [planned(), ended], [failed(), ended])).toEqual(['warn table failed', 'warn table failed']);
  });

  it('does not forget a failure in a run that leaves the table out', () => {
    expect(logged([failed(), ended], [], [failed(), ended])).toEqual(['warn table failed', 'error table failed']);
  });

  it('calls a bug an error at once', () => {
    expect(logged([failed(new InvariantError('PD901', 'A bug.'))])).toEqual(['error table failed']);
  });

  it('tells a finding when it is new and when it is gone, not in every run', () => {
    expect(logged([planned(gap)], [planned(gap)], [planned(gap)], [planned()])).toEqual(['warn finding', 'info finding resolved']);
  });

  it('raises a finding of severity error once when it outlasts the next run', () => {
    expect(logged([planned(refusal)], [planned(refusal)], [planned(refusal)])).toEqual(['warn finding', 'error finding']);
  });
});

describe('what upkeep leaves in the log', () => {
  const step = { kind: 'vacuum', task: 'maintenance', partition: named('p1') } as Step;
  const build = { kind: 'create-index', task: 'index', partition: named('p1'), index: named('p1_i') } as Step;
  const started = (one: Step): Partial<ReconcileEvent> => ({ kind: 'step-started', table, step: one, index: 0, total: 2 });
  const progress = (one: Step, done: number): Partial<ReconcileEvent> =>
    ({ kind: 'step-progress', table, step: one, phase: 'scanning heap', done, total: 200 }) as never;
  const held = (reason: 'replication-lag' | 'lock-waiters' | null): Partial<ReconcileEvent> =>
    ({ kind: 'upkeep-held', reason, explanation: 'because' }) as never;

  function reportOf(yieldedTo: Yield, durationMs = 0): StepReport {
    return { step, outcome: 'skipped', error: null, yieldedTo, durationMs, lockWaitMs: 0, lockTimeouts: 0 };
  }

  /** Lines of one run, `[level, message, fields that matter]`; each event comes so many milliseconds after the start. */
  function linesOf(...events: readonly (readonly [atMs: number, event: Partial<ReconcileEvent>])[]): readonly unknown[] {
    const lines: string[] = [];
    let atMs = 0;
    const logger = createLogger({ level: 'info', format: 'json' }, { write: (line) => lines.push(line) });
    const observe = logReconcile(logger, () => atMs);
    const common = { runId: 'run', database: 'app' };
    observe({ ...common, kind: 'run-started', tasks: ['maintenance'] });
    for (const [at, event] of events) {
      atMs = at;
      observe({ ...common, ...event } as ReconcileEvent);
    }
    return lines.map((line) => {
      const { level, msg, percent, yieldedTo, steps, reason, index } = JSON.parse(line);
      return [level, msg, percent ?? yieldedTo ?? reason ?? null, steps ?? index ?? null];
    });
  }

  it('is the progress of each step once a minute, and nothing of a short one', () => {
    const told = linesOf(
      [0, started(step)],
      [30_000, started(build)],
      [59_000, progress(step, 50)],
      [61_000, progress(step, 101)],
      [62_000, progress(step, 110)],
      [62_000, progress(build, 20)],
      [91_000, progress(build, 200)],
      [122_000, progress(step, 150)],
    );
    expect(told).toEqual([
      ['info', 'step at work', 50, null],
      ['info', 'step at work', 100, 'public.p1_i'],
      ['info', 'step at work', 75, null],
    ]);
  });

  it('warns once of what holds it, and says when it goes on', () => {
    const told = linesOf(
      [0, held(null)],
      [1, held('replication-lag')],
      [2, held('replication-lag')],
      [3, held('lock-waiters')],
      [4, held(null)],
      [5, held(null)],
    );
    expect(told).toEqual([
      ['warn', 'maintenance held', 'replication-lag', null],
      ['warn', 'maintenance held', 'lock-waiters', null],
      ['info', 'maintenance goes on', null, null],
    ]);
  });

  it('tells of each step that gave way to somebody, and of those of a closed window or an old plan by their number', () => {
    const finished = (report: StepReport): Partial<ReconcileEvent> => ({ kind: 'step-finished', table, report, sql: [] });
    const [locked, late, closed, old] = [reportOf('locked'), reportOf('window', 500), reportOf('window'), reportOf('later')];
    const steps = [locked, late, closed, closed, old];
    const report = { table, state: null, plan: null, steps, error: null };
    const told = linesOf(...steps.map((one): [number, Partial<ReconcileEvent>] => [0, finished(one)]), [0, { ...ended, report }]);
    expect(told).toEqual([
      ['info', 'step left to a later run', 'locked', null],
      ['info', 'step left to a later run', 'window', null],
      ['info', 'steps left to a later run', 'window', 2],
      ['info', 'steps left to a later run', 'later', 1],
    ]);
  });
});
