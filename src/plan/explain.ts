import type { KeyCodec } from '../partition/key.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Finding } from './finding.ts';
import type { Plan } from './plan.ts';
import type { CreatePartition, DrainDefault, Step, UpkeepStep } from './step.ts';
import { countOf } from './wording.ts';

/**
 * A plan in plain words, one line each and without colours: a heading, then steps in their order, what was refused, and findings. Nothing
 * to say is said in the heading. `codec` shows bounds as times (a UUID tells nobody when); without one they are SQL literals. Pure; the words are for people and may change, `plan --json` is for programs.
 */
export function explainPlan(database: string, plan: Plan, codec: KeyCodec | null): readonly string[] {
  const { steps, refused, findings } = plan;
  return [
    `${database} ${formatQualifiedName(plan.table)}: ${summary(plan)}`,
    ...steps.map((step) => `  ${explainStep(step, codec)}: ${step.reason}`),
    ...refused.map((step) => `  refused: ${explainStep(step, codec)}: ${step.reason}`),
    ...findings.map((finding) => `  ${explainFinding(finding)}`),
  ];
}

/** What a step does, without its reason: `create public.t_2025_04 from ... to ...`. */
function explainStep(step: Step, codec: KeyCodec | null): string {
  const name = formatQualifiedName(step.partition);
  switch (step.kind) {
    case 'create-partition':
      return `create ${name} ${bounds(step, codec)}`;
    case 'create-default':
      return `create the default partition ${name}`;
    case 'drain-default':
      return `create ${name} ${bounds(step, codec)} with its rows from ${formatQualifiedName(step.defaultPartition)}`;
    case 'finalize-detach':
      return `finish detaching ${name}${moved(step)}`;
    case 'detach-partition':
      return `detach ${name}${step.concurrently ? ' concurrently' : ''}${moved(step)}`;
    case 'drop-table':
      return `drop the detached table ${name}`;
    case 'drop-guard':
      return `drop the leftover guard ${step.constraint} of ${name}`;
    case 'vacuum':
      return `vacuum ${step.freeze ? 'and freeze ' : ''}${step.analyze ? 'and analyse ' : ''}${name}${inWindow(step)}`;
    case 'analyze':
      return `analyse ${step.isParent ? 'the partitioned table ' : ''}${name}${inWindow(step)}`;
    case 'reindex':
      return `rebuild index ${formatQualifiedName(step.index)} of ${name} concurrently${inWindow(step)}`;
    case 'create-index':
      return `make index ${formatQualifiedName(step.index)} ${step.how === 'only' ? 'on' : 'concurrently on'} ${name}${inWindow(step)}`;
    case 'attach-index':
      return `attach index ${formatQualifiedName(step.index)} of ${name} to ${formatQualifiedName(step.parentIndex)}${inWindow(step)}`;
    case 'drop-index':
      return `drop index ${formatQualifiedName(step.index)} of ${name}${step.concurrently ? ' concurrently' : ''}${inWindow(step)}`;
  }
}

/** Whether the window is open is for the run to see; that there is one is part of the plan. */
function inWindow({ limits: { window } }: UpkeepStep): string {
  return window === null ? '' : ` (in its window, ${window.cron} ${window.timezone})`;
}

function bounds({ range, from, to }: CreatePartition | DrainDefault, codec: KeyCodec | null): string {
  if (codec !== null) return `from ${codec.display(range.from)} to ${codec.display(range.to)}`;
  return `from ${from ?? 'MINVALUE'} to ${to ?? 'MAXVALUE'}`;
}

function moved({ moveTo }: Extract<Step, { readonly kind: 'finalize-detach' | 'detach-partition' }>): string {
  return moveTo === null ? '' : ` and move it to ${formatQualifiedName(moveTo)}`;
}

function explainFinding({ kind, severity, message }: Finding): string {
  return `${severity} (${kind}): ${message}`;
}

function summary({ steps, refused, findings }: Plan): string {
  const parts = [countOf(steps.length, 'step'), countOf(refused.length, 'refused step'), countOf(findings.length, 'finding')];
  const told = parts.filter((part) => !part.startsWith('0 '));
  return told.length === 0 ? 'nothing to do' : told.join(', ');
}
