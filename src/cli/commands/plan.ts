import { renderStep } from '../../ddl/render-step.ts';
import { renderScript } from '../../ddl/script.ts';
import { UsageError } from '../../errors.ts';
import { explainPlan } from '../../plan/explain.ts';
import type { Plan } from '../../plan/plan.ts';
import type { RunReport } from '../../reconcile/event.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, verdictOfPlan } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { planDatabases, plannedNow } from '../databases/reconcile-databases.ts';
import type { Visit } from '../databases/visit-databases.ts';
import type { Io } from '../output/io.ts';
import { planDocument } from '../output/plan-document.ts';
import { printFailures } from '../output/print-failures.ts';
import { printJson } from '../output/print-json.ts';
import { printable } from '../output/printable.ts';
import { planSummary } from '../output/summary.ts';

const { config, database, table, json, now, sql, exitCode, only, allowRemovals } = options;

export const planCommand: Command = {
  name: 'plan',
  summary: 'what would be done and why; changes nothing',
  description:
    'Reads the policy, the catalog and the clock of each database and prints the steps that apply would take, in order, and the findings.\n' +
    'It writes nothing, not even the journal, and works on a standby too.',
  operand: null,
  options: [config, database, table, json, sql, exitCode, now, only, allowRemovals],
  examples: [
    { command: 'partitiond plan', does: 'every table of every database, in words' },
    { command: 'partitiond plan --table public.revenues --sql', does: 'the same as SQL, with the locks of each statement' },
    { command: 'partitiond plan --now 2027-01-01 --json', does: 'what would be due on that day, for a script' },
  ],
  exits: [
    '0 planned',
    '1 --exit-code, and there are steps',
    '3 no database could be reached',
    '4 a table or a database could not be planned',
  ],
  run: runPlan,
};

async function runPlan(invocation: Invocation, io: Io): Promise<number> {
  if (invocation.has(sql) && invocation.has(json))
    throw new UsageError('PD006', '--sql and --json exclude each other; --json holds the SQL of each step.');
  const visits = await planDatabases(loadConfigured(invocation, io), invocation, 'plan', io);
  if (invocation.has(json)) printJson(io.stdout, planDocument(visits, plannedNow(visits, invocation, io), 'planned'));
  else if (invocation.has(sql)) printSql(visits, io);
  else printText(visits, io);
  if (!invocation.has(json)) printFailures(io, visits);
  const code = exitCodeOf(visits.map(verdictOfPlan));
  return code === 0 && invocation.has(exitCode) && countSteps(visits) > 0 ? 1 : code;
}

function printText(visits: readonly Visit<RunReport>[], io: Io): void {
  for (const { selection, answer } of visits) {
    for (const { plan, state } of answer?.tables ?? []) {
      if (plan === null || (plan.steps.length === 0 && plan.findings.length === 0)) continue;
      const codec = state?.kind === 'partitioned' ? state.table.codec : null;
      for (const line of explainPlan(selection.database.name, plan, codec)) io.stdout.write(`${printable(line)}\n`);
      io.stdout.write('\n');
    }
  }
  io.stdout.write(planSummary(visits));
}

function printSql(visits: readonly Visit<RunReport>[], io: Io): void {
  for (const { selection, answer } of visits) {
    if (answer === null) continue;
    io.stdout.write(`-- database ${printable(selection.database.name)}\n\n`);
    const plans = answer.tables.flatMap(({ plan }) => (plan === null ? [] : [plan]));
    for (const plan of plans) io.stdout.write(planScript(plan, answer.facts?.version ?? 0));
    if (plans.every((plan) => plan.steps.length === 0)) io.stdout.write('-- nothing to do\n');
  }
}

function planScript(plan: Plan, version: number): string {
  const findings = plan.findings.map((finding) => `-- finding ${finding.kind}: ${printable(finding.message)}\n\n`);
  const steps = plan.steps.map((step) => `${renderScript(step, renderStep(step, version)).join('\n')}\n`);
  return [...findings, ...steps].join('');
}

function countSteps(visits: readonly Visit<RunReport>[]): number {
  return visits.flatMap((visit) => visit.answer?.tables ?? []).reduce((sum, { plan }) => sum + (plan?.steps.length ?? 0), 0);
}
