import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import type { Evidence, PartitionedTable, PartitionTemplate } from '../../../partition/partition.ts';
import type { TablePolicy } from '../../../partition/policy.ts';
import { isPosition, MAXVALUE, MINVALUE, type Position } from '../../../partition/position.ts';
import { planCreates, spellPartition } from '../../../plan/create-partition.ts';
import { candidateNames, nameChoice } from '../../../plan/name-choice.ts';
import type { Questions } from '../../../plan/plan.ts';
import type { PlanContext } from '../../../plan/plan-context.ts';
import { planTable } from '../../../plan/plan-table.ts';
import { type NewRange, planProvision } from '../../../plan/provision.ts';
import { questions } from '../../../plan/questions.ts';
import type { CreateDefault, CreatePartition } from '../../../plan/step.ts';
import { type Subject, subjectOf } from '../../../plan/subject.ts';

/** The target as it is planned for: under the source's name, by which its partitions shall be called. */
export interface TargetPlanning {
  readonly spec: MigrationSpec;
  readonly policy: TablePolicy;
  readonly table: PartitionedTable;
  readonly context: PlanContext;
  /** Positions that need a partition, within the horizon. */
  readonly needed: readonly Position[];
}

export type ProvisionStep = CreatePartition | CreateDefault;

/** What must be known before `planPartitions`. */
export function askPartitions(planning: TargetPlanning): Questions {
  const asked = questions(planning.policy, planning.table, planning.context);
  const subject = asSubject(planning);
  const cells = subject === null ? [] : missingCells(subject, planning.needed);
  const names =
    cells.length === 0 || subject === null
      ? []
      : candidateNames(
          planning.table.name.schema,
          cells.map((cell) => spellPartition(subject, cell)),
        );
  return { ...asked, names: [...asked.names, ...names], needsTemplate: asked.needsTemplate || cells.length > 0 };
}

/** Partitions from the first key through premake, as for any table, then one for each needed position that is still without. */
export function planPartitions(planning: TargetPlanning, evidence: Evidence): readonly ProvisionStep[] {
  const { spec, policy, table, context, needed } = planning;
  const carried = { ...evidence, template: evidence.template === null ? null : templateOf(spec, evidence.template) };
  const steps = planTable(policy, table, carried, context).steps.filter(isProvision);
  const subject = asSubject(planning);
  if (subject === null || carried.template === null) return steps.map((step) => onTarget(spec, step));
  const made = steps.flatMap((step) => (step.kind === 'create-partition' ? [step.range] : []));
  const cells = missingCells(subject, needed).filter((cell) => !made.some((range) => range.from < cell.to && cell.from < range.to));
  const names = nameChoice(
    table.name.schema,
    table.partitions,
    new Set([...evidence.takenNames, ...steps.map(({ partition }) => partition.name)]),
  );
  const nothing = { ranges: cells, openHoles: [], absurd: null, existingAhead: 0 };
  const extra = planCreates(subject, nothing, cells, carried.template, names).steps;
  return [...extra, ...steps].map((step) => onTarget(spec, step));
}

/** True when more partitions would be needed to reach the present than anybody can mean. */
export function isAbsurd(planning: TargetPlanning): boolean {
  const subject = asSubject(planning);
  return subject !== null && planProvision(subject).absurd !== null;
}

function asSubject({ policy, table, context }: TargetPlanning): Subject | null {
  const subject = subjectOf(policy, table, context);
  return 'problem' in subject ? null : subject;
}

/** The grid's cell of each position that lies in no partition, cut by its neighbours. With a default partition nothing is missing. */
function missingCells(subject: Subject, needed: readonly Position[]): readonly NewRange[] {
  const { lineup } = subject;
  if (lineup.defaultPartition !== null) return [];
  const isHeld = (position: Position): boolean => lineup.ranges.some(({ bound }) => bound.from <= position && position < bound.to);
  const cells = needed.filter((position) => !isHeld(position)).map((position) => cellOf(subject, position));
  const byStart = new Map(cells.map((cell) => [cell.from, cell]));
  return [...byStart.values()].toSorted((a, b) => (a.from < b.from ? -1 : 1));
}

function cellOf({ lineup, grid, table }: Subject, position: Position): NewRange {
  let [from, to] = [grid.floor(position), grid.next(position)];
  for (const { bound } of lineup.ranges) {
    if (isPosition(bound.to) && bound.to <= position && bound.to > from) from = bound.to;
    if (isPosition(bound.from) && bound.from > position && bound.from < to) to = bound.from;
  }
  const { min, max } = table.codec;
  return { from: from < min ? MINVALUE : from, to: to > max ? MAXVALUE : to, why: 'catch-up' };
}

function isProvision(step: { readonly kind: string }): step is ProvisionStep {
  return step.kind === 'create-partition' || step.kind === 'create-default';
}

/**
 * What a sibling would tell of an old table, the source tells here. With row security partitions get no grants of their own: who reads one by its
 * name must be its owner.
 */
function templateOf({ definition }: MigrationSpec, template: PartitionTemplate): PartitionTemplate {
  const source = definition.template;
  return {
    ...template,
    storage: {},
    accessMethod: source.accessMethod ?? template.accessMethod,
    grants: source.rowSecurity.enabled ? [] : template.grants,
    publications: [],
  };
}

function onTarget<S extends ProvisionStep>({ targetName }: MigrationSpec, step: S): S {
  return { ...step, table: targetName };
}
