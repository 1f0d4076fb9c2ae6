import type { Outcome, StepReport } from '../../apply/step-report.ts';
import type { RunReport, TableReport } from '../../reconcile/event.ts';
import type { Visit } from '../databases/visit-databases.ts';

/** The last line of a plan: how many steps of which kinds, and how many findings; says so when there is nothing to do. */
export function planSummary(visits: readonly Visit<RunReport>[]): string {
  if (isUnanswered(visits)) return 'Not planned.\n';
  const tables = tablesOf(visits);
  const kinds = tally(tables.flatMap((table) => table.plan?.steps ?? []).map((step) => step.kind));
  const refused = tables.reduce((sum, table) => sum + (table.plan?.refused.length ?? 0), 0);
  const parts = [...kinds].map(([kind, count]) => `${count} ${kind}`);
  const planned = tables.filter((table) => table.plan !== null).length;
  const steps = parts.length === 0 ? 'nothing to do' : parts.join(', ');
  const stopped = refused === 0 ? '' : `; ${counted(refused, 'step')} refused`;
  const which = planned === tables.length ? counted(planned, 'table') : `${planned} of ${counted(tables.length, 'table')}`;
  return `${which} planned: ${steps}${stopped}; ${findings(tables)}.\n`;
}

/** The last line of an apply: what became of the steps; says so when there was nothing to do. */
export function applySummary(visits: readonly Visit<RunReport>[]): string {
  if (isUnanswered(visits)) return 'Not done.\n';
  const tables = tablesOf(visits);
  const outcomes = tally(tables.flatMap((table) => table.steps).map(endOf));
  const words: Readonly<Record<End, string>> = {
    ok: 'done',
    failed: 'failed',
    refused: 'refused',
    skipped: 'skipped',
    yielded: 'left to a later run',
  };
  const parts = (['ok', 'failed', 'refused', 'skipped', 'yielded'] as const).flatMap((outcome) => {
    const found = outcomes.get(outcome) ?? 0;
    return found === 0 ? [] : [`${found} ${words[outcome]}`];
  });
  const steps = parts.length === 0 ? 'nothing to do' : `steps ${parts.join(', ')}`;
  return `${counted(tables.length, 'table')}: ${steps}; ${findings(tables)}.\n`;
}

type End = Outcome | 'yielded';

/** What gave way to others is no failure. */
function endOf({ outcome, yieldedTo }: StepReport): End {
  return yieldedTo === undefined ? outcome : 'yielded';
}

/** Whether no database got to its tables, so that nothing is known of them. */
function isUnanswered(visits: readonly Visit<RunReport>[]): boolean {
  return visits.length > 0 && visits.every(({ answer }) => answer === null);
}

/** `1 table`, `3 tables`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function findings(tables: readonly TableReport[]): string {
  const found = tables.reduce((sum, table) => sum + (table.plan?.findings.length ?? 0), 0);
  return found === 0 ? 'no findings' : counted(found, 'finding');
}

function tablesOf(visits: readonly Visit<RunReport>[]): readonly TableReport[] {
  return visits.flatMap((visit) => visit.answer?.tables ?? []);
}

function tally<T extends string>(words: readonly T[]): ReadonlyMap<T, number> {
  const counts = new Map<T, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}
