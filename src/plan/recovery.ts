/**
 * What earlier runs left behind and this one completes: detaches that were interrupted, and detached tables whose grace is over. Completing
 * a detach is never refused, for until then the rows are invisible and writes to the range fail. Dropping is a removal like any other.
 */
import { formatInstant } from '../partition/calendar.ts';
import { type DetachedTable, isRangePartition, type Partition } from '../partition/partition.ts';
import type { Retention } from '../partition/policy.ts';
import type { EpochMicros, Range } from '../partition/position.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { boundLiterals } from './bound-literals.ts';
import { type Finding, warning } from './finding.ts';
import { type ChooseMove, dropStep, dropTime, type Removal, withoutGrace } from './removal.ts';
import { type Held, heldFindings, holdOn } from './retention.ts';
import type { DropTable, FinalizeDetach } from './step.ts';
import type { Subject } from './subject.ts';

export interface Recovery {
  readonly finalizes: readonly FinalizeDetach[];
  readonly drops: readonly Removal[];
  readonly findings: readonly Finding[];
}

/**
 * Steps for every pending detach (by name), and drops for detached tables in the journal's order. What a detach left is moved and dropped
 * only when it is out of retention now: the detach may have been somebody else's, and a policy may keep more than it did.
 */
export function planRecovery(subject: Subject, chooseMove: ChooseMove): Recovery {
  const finalized = subject.lineup.pending.map((partition) => planFinalize(subject, partition, chooseMove));
  const detached = planDrops(subject);
  return {
    finalizes: finalized.map((one) => one.step),
    drops: [...detached.drops, ...finalized.flatMap((one) => one.drops)],
    findings: [...finalized.map((one) => one.finding), ...detached.findings],
  };
}

interface Finalized {
  readonly step: FinalizeDetach;
  readonly drops: readonly Removal[];
  readonly finding: Finding;
}

function planFinalize(subject: Subject, partition: Partition, chooseMove: ChooseMove): Finalized {
  const { policy, table, window, context } = subject;
  const range: Range | null = isRangePartition(partition) ? { from: partition.bound.from, to: partition.bound.to } : null;
  const leaves = window !== null && range !== null && range.to <= window.cutoff && holdOn(table.holds, range) === null;
  const moveTo = leaves ? chooseMove(partition) : null;
  const step: FinalizeDetach = {
    kind: 'finalize-detach',
    table: table.name,
    tableOid: table.oid,
    partition: partition.name,
    partitionOid: partition.oid,
    range,
    ...(range === null ? { from: null, to: null } : boundLiterals(table.codec, range)),
    moveTo,
    dropAfter: policy.retention === null ? null : dropTime(subject, policy.retention, context.now),
    references: table.references,
    referencedBy: table.referencedBy,
    reason: 'its detach was interrupted, and until it is completed its rows are invisible and writes to its range fail',
    task: 'retention',
  };
  const effect = 'its rows are invisible and writes to its range fail until it is completed';
  const message = `The detach of ${formatQualifiedName(partition.name)} was interrupted; ${effect}, which partitiond does next.`;
  const isDropped = leaves && isDue(subject, window.retention, context.now);
  const drops = isDropped ? [removalOf(dropStep(subject, partition.oid, moveTo ?? partition.name, range, withoutGrace))] : [];
  return { step, drops, finding: warning('detach-pending', message, partition.name) };
}

function planDrops(subject: Subject): Omit<Recovery, 'finalizes'> {
  const { table } = subject;
  const findings = table.detached.filter((detached) => detached.state === 'changed').map(driftedFinding);
  const held: Held[] = [];
  const drops: Removal[] = [];
  for (const detached of table.detached) {
    if (detached.state !== 'present' || !isDropPromised(subject, detached) || !isLeaving(subject, detached)) continue;
    const hold = holdOn(table.holds, detached.range);
    if (hold !== null) held.push({ name: detached.name, hold });
    else drops.push(removalOf(dropStep(subject, detached.oid, detached.name, detached.range, reasonToDrop(detached))));
  }
  return { drops, findings: [...findings, ...heldFindings(held)] };
}

/**
 * A partition leaves by the policy of now. What a migration has left leaves by its date alone, for its rows are all in the table; while that
 * table's bounds overlap, somebody must look first.
 */
function isLeaving(subject: Subject, { origin, range, detachedAt }: DetachedTable): boolean {
  const { window, lineup } = subject;
  if (origin === 'migration') return lineup.overlapping.length === 0;
  return window !== null && range.to <= window.cutoff && isDue(subject, window.retention, detachedAt);
}

/** What was detached to be kept stays, whatever the policy says by now; a grace that was shortened since does not shorten that of the day. */
function isDropPromised({ context }: Subject, { dropAfter }: DetachedTable): boolean {
  return dropAfter !== null && dropAfter <= context.now;
}

function isDue(subject: Subject, retention: Retention, detachedAt: EpochMicros): boolean {
  const dropAfter = dropTime(subject, retention, detachedAt);
  return dropAfter !== null && dropAfter <= subject.context.now;
}

function removalOf(step: DropTable): Removal {
  return { range: step.range, steps: [step] };
}

function reasonToDrop(detached: DetachedTable): string {
  if (detached.origin === 'migration') {
    return `it is what the migration that finished at ${formatInstant(detached.detachedAt)} has left, and its time to be kept (migration.keepOld) is over`;
  }
  return `it was detached at ${formatInstant(detached.detachedAt)} and its grace is over`;
}

function driftedFinding(detached: DetachedTable): Finding {
  const name = formatQualifiedName(detached.name);
  const what = `${name} was detached at ${formatInstant(detached.detachedAt)}, but is no longer the table it was then`;
  return warning('drifted-partition', `${what} (renamed, moved or attached again). partitiond leaves it alone.`, detached.name);
}
