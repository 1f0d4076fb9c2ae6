import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';
import { milliseconds } from './judge-probe.ts';
import { type PlanNode, readQueryPlan } from './query-plan.ts';
import type { ProbeResult } from './run-probes.ts';
import type { TouchedPartitions } from './touched-partitions.ts';

/**
 * What `partitiond probe` prints of a result, and what the journal keeps of one that was not met: lines, without colours or line breaks. Names
 * and texts are as the database has them; who prints them escapes them. Pure, throws nothing.
 */
export function describeProbe(result: ProbeResult): readonly string[] {
  const { touched, unpruned } = result;
  return [
    ...outcomeLines(result),
    ...labelled('sql', result.sql),
    ...(touched === null ? [] : touchedLines(touched, result.table)),
    ...costLines(result),
    ...(unpruned === null ? [] : [`why: ${unpruned.message}`]),
    ...(unpruned === null || unpruned.fix === null ? [] : [`fix: ${unpruned.fix}`]),
    ...(result.outcome === 'missed' && result.plan !== null ? planLines(result.plan) : []),
  ];
}

function outcomeLines({ outcome, problems, allowed, touched }: ProbeResult): readonly string[] {
  if (problems.length > 0) return problems.flatMap((problem) => labelled(outcome, problem));
  if (touched === null) return [outcome];
  const limit = allowed === null ? '' : `, ${allowed} allowed`;
  return [
    `${outcome}: ${touched.scanned.length} of ${touched.scanned.length + touched.pruned.length} partitions are left after pruning${limit}.`,
  ];
}

/** A text of several lines is set below itself. */
function labelled(label: string, text: string): readonly string[] {
  const lines = text
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
  return lines.map((line, i) => (i === 0 ? `${label}: ${line}` : `  ${line}`));
}

/** Whoever has more partitions than this wants their number. */
const mostNames = 20;

function touchedLines(touched: TouchedPartitions, table: QualifiedName): readonly string[] {
  const { scanned, pruned, scannedLeaves, totalLeaves } = touched;
  const total = scanned.length + pruned.length;
  const leaves = totalLeaves === total ? '' : ` (${scannedLeaves} of ${totalLeaves} sub-partitions)`;
  const shown = scanned.slice(0, mostNames).map((name) => shortName(name, table));
  const rest = scanned.length > mostNames ? ` and ${scanned.length - mostNames} more` : '';
  return [
    `scanned: ${scanned.length} of ${total}${leaves}${scanned.length === 0 ? '' : `: ${shown.join(', ')}${rest}`}`,
    `pruned: ${pruned.length}${pruned.length === 0 ? '' : ` (${prunedHow(touched)})`}`,
    ...(touched.isUnasked ? ['note: no row asked for any partition, so that this run does not show whether they are pruned'] : []),
  ];
}

/** What the executor removed when it started are subplans: several of a partition with sub-partitions, and of a table that is read twice. */
function prunedHow({ pruned, neverExecuted, removedAtStart }: TouchedPartitions): string {
  const beforeRun = pruned.length - neverExecuted.length;
  const counts = [
    ...(beforeRun === 0 ? [] : [`${beforeRun} ${removedAtStart === 0 ? 'while planning' : 'before the run'}`]),
    ...(neverExecuted.length === 0 ? [] : [`${neverExecuted.length} never executed`]),
    ...(removedAtStart === 0 ? [] : [`subplans removed when the executor started: ${removedAtStart}`]),
  ];
  return counts.join(', ');
}

function shortName(name: QualifiedName, table: QualifiedName): string {
  return name.schema === table.schema ? quoteIdentifier(name.name) : formatQualifiedName(name);
}

function costLines({ planningMs, executionMs, buffers }: ProbeResult): readonly string[] {
  const times = [
    ...(planningMs === null ? [] : [`planning ${milliseconds(planningMs)}`]),
    ...(executionMs === null ? [] : [`execution ${milliseconds(executionMs)}`]),
  ];
  return [
    ...(times.length === 0 ? [] : [`time: ${times.join(', ')}`]),
    ...(buffers === null ? [] : [`buffers: ${buffers.hit} found, ${buffers.read} read`]),
  ];
}

/** A plan over ten thousand partitions is kept as its beginning. */
const mostPlanLines = 40;

function planLines(plan: string): readonly string[] {
  const lines = nodeLines(readQueryPlan(plan).root, 1);
  const rest = lines.length > mostPlanLines ? [`  ... and ${lines.length - mostPlanLines} lines more`] : [];
  return ['plan:', ...lines.slice(0, mostPlanLines), ...rest];
}

function nodeLines(node: PlanNode, depth: number): readonly string[] {
  const indent = '  '.repeat(depth);
  const relation = node.relation === null ? '' : ` on ${formatQualifiedName(node.relation)}`;
  const removed = node.subplansRemoved === 0 ? '' : ` (subplans removed: ${node.subplansRemoved})`;
  const loops = node.loops === 0 ? ' (never executed)' : '';
  return [
    `${indent}${node.kind}${relation}${removed}${loops}`,
    ...node.conditions.map(({ kind, text }) => `${indent}  ${kind}: ${text.replaceAll(/\s+/g, ' ')}`),
    ...node.children.flatMap((child) => nodeLines(child, depth + 1)),
  ];
}
