import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { StepReport, Yield } from '../../../src/apply/step-report.ts';
import { verdictOfApply } from '../../../src/cli/databases/exit-code.ts';
import type { Visit } from '../../../src/cli/databases/visit-databases.ts';
import { planDocument } from '../../../src/cli/output/plan-document.ts';
import { printOutcomes } from '../../../src/cli/output/print-outcomes.ts';
import { startProgress } from '../../../src/cli/output/progress.ts';
import { workText } from '../../../src/cli/output/status-text.ts';
import { applySummary } from '../../../src/cli/output/summary.ts';
import type { Terminal } from '../../../src/cli/output/terminal.ts';
import type { UpkeepLimits } from '../../../src/partition/policy.ts';
import type { Reindex, Step, Vacuum } from '../../../src/plan/step.ts';
import type { ReconcileEvent, RunReport } from '../../../src/reconcile/event.ts';
import { named } from '../../support/model.ts';
import { waitFor } from '../../support/wait-for.ts';

const table = named('t');
const limits: UpkeepLimits = {
  concurrency: 2,
  window: { cron: '0 1 * * *', durationMs: 7_200_000, timezone: 'Europe/Berlin' },
  costDelayMs: null,
  costLimit: null,
  maxReplicationLagMs: null,
  maxLockWaiters: null,
};
const base = {
  task: 'maintenance',
  table,
  tableOid: '1',
  partition: named('p1'),
  partitionOid: '2',
  range: null,
  reason: 'invalid',
  limits,
} as const;
const reindex: Reindex = { ...base, kind: 'reindex', index: named('p1_i'), indexOid: '3' };
const vacuum: Vacuum = { ...base, kind: 'vacuum', freeze: false, analyze: false, frozen: null };

function reportOf(step: Step, yieldedTo?: Yield): StepReport {
  const report: StepReport = { step, outcome: 'skipped', error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0 };
  return yieldedTo === undefined ? report : { ...report, yieldedTo };
}

function visitOf(...steps: readonly StepReport[]): Visit<RunReport> {
  const tables = [{ table, state: null, plan: null, steps, error: null }];
  const answer = { runId: 'r', database: 'app', facts: null, pause: null, tables, unreached: [] };
  return { selection: { database: { name: 'app' }, tables: null }, answer, error: null } as never;
}

function terminalOf(isInteractive: boolean): { readonly terminal: Terminal; readonly text: () => string } {
  let text = '';
  const stream = new Writable({
    write: (chunk, _, done) => {
      text += String(chunk);
      done();
    },
  });
  Object.assign(stream, { isTTY: isInteractive, columns: 200 });
  return {
    terminal: { write: (said) => stream.write(said), isInteractive, hasColors: false, stream },
    text: () => stripVTControlCharacters(text),
  };
}

describe('a step that gave way', () => {
  const visit = visitOf(reportOf(reindex, 'locked'), reportOf(reindex, 'window'), reportOf(reindex, 'later'));

  it('is no failure to whoever asks for the exit code, as one that was skipped for another reason is', () => {
    expect(verdictOfApply(visit)).toBe('done');
    expect(verdictOfApply(visitOf(reportOf(reindex)))).toBe('failed');
  });

  it('is printed as skipped, with its index and with why', () => {
    const { terminal, text } = terminalOf(false);
    for (const report of visit.answer?.tables ?? []) printOutcomes({ stdout: terminal } as never, 'app', report);
    expect(text()).toContain('skipped  reindex public.p1_i of public.p1  somebody holds a lock that it needs\n');
    expect(text()).toContain('skipped  reindex public.p1_i of public.p1  the maintenance window is closed\n');
    expect(text()).toContain('skipped  reindex public.p1_i of public.p1  the plan had become too old; the next run plans afresh\n');
  });

  it('is counted apart from what was skipped', () => {
    const mixed = visitOf(reportOf(reindex, 'gone'), reportOf(reindex), reportOf(reindex, 'blocking'));
    expect(applySummary([mixed])).toBe('1 table: steps 1 skipped, 2 left to a later run; no findings.\n');
  });

  it('says to whom in the document, beside its index and its window', () => {
    const [first, second] = planDocument([visitOf(reportOf(reindex, 'locked'), reportOf(reindex))], 0n, 'applied').tables[0]?.steps ?? [];
    const window = { cron: '0 1 * * *', timezone: 'Europe/Berlin', seconds: 7_200 };
    expect(first).toMatchObject({ kind: 'reindex', index: 'public.p1_i', window, outcome: 'skipped', skipped: 'locked' });
    expect(second).not.toHaveProperty('skipped');
  });
});

describe('work that is under way', () => {
  it('is told with its phase, and with its share where that is known', () => {
    const work = { partition: 'public.p1', command: 'vacuum', phase: 'scanning heap', done: 45, total: 100 } as const;
    expect(workText(work)).toBe('vacuum of public.p1 is at work: scanning heap, 45%');
    expect(workText({ ...work, done: 120 })).toContain('100%');
    expect(workText({ ...work, done: 0, total: 0 })).toBe('vacuum of public.p1 is at work: scanning heap');
  });
});

describe('the progress bar', () => {
  const common = { runId: 'r', database: 'app', table } as const;
  const started = (step: Step, total: number): ReconcileEvent => ({ ...common, kind: 'step-started', step, index: 0, total });
  const finished = (step: Step): ReconcileEvent => ({ ...common, kind: 'step-finished', report: reportOf(step, 'locked'), sql: [] });

  async function shows(text: () => string, part: string): Promise<void> {
    await waitFor(
      `the bar to show ${part}`,
      async () => text(),
      (shown) => shown.includes(part),
    );
  }

  it('tells of upkeep how many steps are over and how far those at work are', async () => {
    const { terminal, text } = terminalOf(true);
    const progress = startProgress(terminal);
    try {
      progress.observe(started(reindex, 3));
      await shows(text, '0/3 reindex p1_i');
      progress.observe(started(vacuum, 3));
      progress.observe({ ...common, kind: 'step-progress', step: vacuum, phase: 'scanning heap', done: 30, total: 40 });
      await shows(text, '0/3 reindex p1_i; vacuum p1 scanning heap 75%');
      progress.observe(finished(reindex));
      await shows(text, '1/3 vacuum p1 scanning heap 75%');
      progress.observe({ ...common, kind: 'upkeep-held', reason: 'lock-waiters', explanation: 'twelve wait' });
      progress.observe(finished(vacuum));
      await shows(text, '2/3 held: twelve wait');
    } finally {
      progress.stop();
    }
  });

  it('is not there for a few steps that are over at once, nor off a terminal', () => {
    for (const [isInteractive, step] of [
      [true, { ...vacuum, kind: 'create-partition', task: 'provision' } as unknown as Step],
      [false, reindex],
    ] as const) {
      const { terminal, text } = terminalOf(isInteractive);
      const progress = startProgress(terminal);
      progress.observe(started(step, 3));
      progress.observe(finished(step));
      progress.stop();
      expect(text()).toBe('');
    }
  });
});
