import { describe, expect, it } from 'vitest';
import { ConnectionError, InvariantError, StatementError } from '../../../src/errors.ts';
import type { Finding } from '../../../src/plan/finding.ts';
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
