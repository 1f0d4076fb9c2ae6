/**
 * The decision for one table, composed of its parts. Knows the policy, the snapshot, the answers to its own questions and the clock; asks
 * nobody, writes nothing. Ahead comes first, removal comes last, and what cannot be repaired silently is a finding.
 */
import { InvariantError } from '../errors.ts';
import type { Evidence, Obstacle, PartitionedTable, PartitionTemplate } from '../partition/partition.ts';
import type { TablePolicy } from '../partition/policy.ts';
import { compareEdges } from '../partition/position.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import { planCreates, planDrains } from './create-partition.ts';
import {
  drainableDefault,
  explainDefaultRows,
  lacksDefault,
  planCreateDefault,
  planDropGuards,
  splitBlocked,
} from './default-partition.ts';
import { type Finding, failure, warning } from './finding.ts';
import { guardRemovals } from './guard.ts';
import { planIndexes } from './indexes/plan-indexes.ts';
import { planMaintenance } from './maintenance/plan-maintenance.ts';
import { nameChoice, numbered } from './name-choice.ts';
import type { Plan } from './plan.ts';
import type { PlanContext } from './plan-context.ts';
import { planProvision } from './provision.ts';
import { explainProvision } from './provision-findings.ts';
import { planRecovery, type Recovery } from './recovery.ts';
import { type ChooseMove, planRemovals } from './removal.ts';
import { explainKept, findExpired } from './retention.ts';
import type { CreateDefault, CreatePartition, DrainDefault, Step, UpkeepStep } from './step.ts';
import { type Subject, subjectOf } from './subject.ts';

/** Steps of one kind of work with what was found on the way. */
interface Part<S extends Step> {
  readonly steps: readonly S[];
  readonly findings: readonly Finding[];
}

/**
 * Plans one table. `evidence` answers `questions` for the same arguments; without a template for partitions that must be made it throws
 * `InvariantError`, nothing else is ever thrown. Steps come in the order in which they are to be run: leftover guards, interrupted detaches,
 * new partitions in ascending order, the default partition, removals oldest first. Missing privileges are findings, and the steps
 * that need them are planned nevertheless: PostgreSQL has the last word on what a role may do.
 */
export function planTable(policy: TablePolicy, table: PartitionedTable, evidence: Evidence, context: PlanContext): Plan {
  const subject = subjectOf(policy, table, context);
  if ('problem' in subject)
    return planObstacle(table.name, { kind: 'unsupported-key', message: `${formatQualifiedName(table.name)}: ${subject.problem}.` });
  const ahead = planAhead(subject, evidence);
  const behind = planBehind(subject, evidence, ahead.steps);
  const upkeep = planUpkeep(subject, behind.leaving);
  const isAsked = (step: Step): boolean => context.tasks.includes(step.task);
  return {
    table: table.name,
    steps: [...planDropGuards(subject), ...behind.finalizes, ...ahead.steps, ...behind.steps, ...upkeep.steps].filter(isAsked),
    findings: [...privilegeFindings(table, context), ...ahead.findings, ...behind.findings, ...upkeep.findings],
    refused: behind.refused.filter(isAsked),
  };
}

/** Without its facts nothing is decided: the run is about other tasks. `leaving`: oids of partitions that this plan detaches or drops. */
function planUpkeep(subject: Subject, leaving: ReadonlySet<string>): Part<UpkeepStep> {
  const facts = subject.table.upkeep;
  if (facts === undefined) return { steps: [], findings: [] };
  const maintenance = planMaintenance(subject, facts, leaving);
  const indexes = planIndexes(subject, facts, leaving);
  return { steps: [...maintenance.steps, ...indexes.steps], findings: [...maintenance.findings, ...indexes.findings] };
}

/** The plan of a table that cannot be managed: no steps, one finding that says why. */
export function planObstacle(table: QualifiedName, { kind, message }: Obstacle): Plan {
  return { table, steps: [], findings: [failure(kind, message)], refused: [] };
}

function planAhead(subject: Subject, evidence: Evidence): Part<CreatePartition | CreateDefault | DrainDefault> {
  const { table } = subject;
  const provision = planProvision(subject);
  const { free, blocked } = splitBlocked(provision.ranges, evidence);
  const source = drainableDefault(subject);
  const [drained, kept] = source === null ? [[], blocked] : [blocked, []];
  const found = [...explainProvision(subject, provision), ...explainDefaultRows(subject, kept, drained)];
  const needsDefault = lacksDefault(subject);
  if (free.length + drained.length === 0 && !needsDefault) return { steps: [], findings: found };
  const template = templateFrom(evidence, table);
  const names = nameChoice(table.name.schema, table.partitions, evidence.takenNames);
  const creates = planCreates(subject, provision, free, template, names);
  const drains = source === null ? none : planDrains(subject, provision, drained, template, names, source);
  const findings = [...found, ...creates.findings, ...drains.findings, ...closedPublicationFindings(table, template)];
  if (!needsDefault) return { steps: ascending([...creates.steps, ...drains.steps]), findings };
  const { step, finding } = planCreateDefault(subject, template, names);
  return { steps: [...creates.steps, step], findings: finding === null ? findings : [...findings, finding] };
}

function planBehind(
  subject: Subject,
  evidence: Evidence,
  ahead: readonly Step[],
): Part<Step> & Pick<Plan, 'refused'> & Pick<Recovery, 'finalizes'> & { readonly leaving: ReadonlySet<string> } {
  const chooseMove = chooseMoves(subject, evidence);
  const recovery = planRecovery(subject, chooseMove);
  const expired = findExpired(subject);
  const unreferenced = expired.removable.filter((partition) => !evidence.referenced.has(partition.oid));
  const removals = planRemovals(subject, unreferenced, defaultAfter(subject, ahead), chooseMove);
  const due = [...recovery.drops, ...removals].toSorted((a, b) => compareEdges(a.range.from, b.range.from));
  // Once these partitions exist, the last one of now is due as well: the command that the guard prints must allow for it.
  const dueSoon = expired.last !== null && ahead.length > 0 ? 1 : 0;
  const guarded = guardRemovals(subject, due, due.length + dueSoon);
  return {
    finalizes: recovery.finalizes,
    steps: guarded.steps,
    refused: guarded.refused,
    findings: [...recovery.findings, ...explainKept(expired, evidence.referenced), ...guarded.findings],
    leaving: new Set([...subject.lineup.pending, ...(guarded.steps.length > 0 ? unreferenced : [])].map(({ oid }) => oid)),
  };
}

const none = { steps: [], findings: [] };

/** So that a run which is killed half-way leaves no hole that later counts as the table's past. */
function ascending<S extends CreatePartition | DrainDefault>(steps: readonly S[]): readonly S[] {
  return steps.toSorted((a, b) => compareEdges(a.range.from, b.range.from));
}

/** A default partition that this run makes first counts: with one, PostgreSQL refuses to detach concurrently. */
function defaultAfter({ lineup, context }: Subject, ahead: readonly Step[]): QualifiedName | null {
  if (lineup.defaultPartition !== null) return lineup.defaultPartition.name;
  const made = context.tasks.includes('provision') ? ahead.find((step) => step.kind === 'create-default') : undefined;
  return made?.partition ?? null;
}

/** Free names in `retention.schema`; null for tables that stay where they are. */
function chooseMoves({ policy, table }: Subject, { takenNames }: Evidence): ChooseMove {
  const schema = policy.retention?.schema ?? null;
  if (schema === null) return () => null;
  const names = nameChoice(schema, table.partitions, takenNames);
  return ({ name }) => (name.schema === schema ? null : names.choose(numbered(name.name)).name);
}

function templateFrom({ template }: Evidence, table: PartitionedTable): PartitionTemplate {
  if (template !== null) return template;
  throw new InvariantError(
    'PD904',
    `The plan of ${formatQualifiedName(table.name)} has partitions to make but was given no template for them.`,
  );
}

/** Such a publication must not keep a partition from being made; that its subscribers miss the rows must be heard of. */
function closedPublicationFindings(table: PartitionedTable, { closedPublications = [] }: PartitionTemplate): readonly Finding[] {
  const name = formatQualifiedName(table.name);
  return closedPublications.map(({ publication, owner }) => {
    const [quoted, role] = [quoteIdentifier(publication), quoteIdentifier(owner)];
    const what = `New partitions of ${name} are made without publication ${quoted}, which lists partitions one by one and belongs to ${role}`;
    const fix = `Grant ${role} to partitiond's role, or let its owner run: ALTER PUBLICATION ${quoted} ADD TABLE ${name};`;
    return failure('missing-privilege', `${what}. ${fix}`);
  });
}

/** A role that may only maintain (MAINTAIN, PostgreSQL 17) lacks nothing for that. */
function privilegeFindings({ missingPrivileges }: PartitionedTable, { tasks }: PlanContext): readonly Finding[] {
  const report = tasks.every((task) => task === 'maintenance') ? warning : failure;
  return missingPrivileges.map(({ missing, fix }) => report('missing-privilege', `${missing}. To allow it, run: ${fix}`));
}
