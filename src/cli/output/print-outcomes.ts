import type { Outcome, StepReport, Yield } from '../../apply/step-report.ts';
import { LockTimeoutError } from '../../errors.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { TableReport } from '../../reconcile/event.ts';
import { type Colours, coloursOf } from './colours.ts';
import type { Io } from './io.ts';
import { errorText } from './plan-document.ts';
import { blockerText } from './print-error.ts';
import { printable } from './printable.ts';

const width = 'refused'.length;

/** What became of each step of a table, one line each with the error below it, then the table's findings. Nothing when there is nothing. */
export function printOutcomes(io: Io, database: string, report: TableReport): void {
  const findings = report.plan?.findings ?? [];
  if (report.steps.length === 0 && findings.length === 0) return;
  const colours = coloursOf(io.stdout);
  const lines = [colours.strong(printable(`${database} ${formatQualifiedName(report.table)}`))];
  for (const step of report.steps) lines.push(...stepLines(step, colours));
  for (const finding of findings) {
    const severity = finding.severity === 'error' ? colours.bad(finding.severity) : colours.doubtful(finding.severity);
    lines.push(`  ${severity} ${finding.kind}: ${printable(finding.message)}`);
  }
  io.stdout.write(`${lines.join('\n')}\n\n`);
}

function stepLines(report: StepReport, colours: Colours): readonly string[] {
  const { step, outcome, error } = report;
  const word = outcomeColour(outcome, colours)(outcome.padEnd(width));
  const index = 'index' in step ? ` ${printable(formatQualifiedName(step.index))} of` : '';
  const why = report.yieldedTo === undefined ? '' : `  ${reasons[report.yieldedTo]}`;
  const line = `  ${word}  ${step.kind}${index} ${printable(formatQualifiedName(step.partition))}${times(report)}${why}`;
  const blockers = error instanceof LockTimeoutError ? error.blockers.map((blocker) => `           ${blockerText(blocker)}`) : [];
  return error === null ? [line] : [line, `           ${printable(errorText(error))}`, ...blockers];
}

/** Why the next run is to look at it again. */
const reasons: Readonly<Record<Yield, string>> = {
  locked: 'somebody holds a lock that it needs',
  autovacuum: 'autovacuum is at work on it',
  gone: 'it is no longer there',
  window: 'the maintenance window is closed',
  blocking: 'it was ended, as somebody waited behind it',
  pressure: 'a standby was too far behind, or too many sessions waited for locks',
  later: 'the plan had become too old; the next run plans afresh',
};

function outcomeColour(outcome: Outcome, colours: Colours): (text: string) => string {
  if (outcome === 'ok') return colours.good;
  return outcome === 'failed' ? colours.bad : colours.doubtful;
}

function times(report: StepReport): string {
  if (report.outcome === 'refused' || report.outcome === 'skipped') return '';
  const waited = report.lockWaitMs < 1 ? '' : `, ${milliseconds(report.lockWaitMs)} of it waiting for locks`;
  return `  ${milliseconds(report.durationMs)}${waited}`;
}

function milliseconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
