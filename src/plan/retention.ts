/**
 * Which partitions have left retention, and which of them must stay nevertheless. Decides from upper bounds alone, never from names or
 * ages of files, and refuses at the first doubt: what is held, referenced, foreign or the last of its kind stays and is a finding.
 */
import type { Hold, RangePartition } from '../partition/partition.ts';
import { overlaps, type Range } from '../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import { type Finding, warning } from './finding.ts';
import { groupBy } from './group-by.ts';
import type { Subject } from './subject.ts';
import { enumerateNames } from './wording.ts';

/** What has expired, sorted by what becomes of it. Each list is oldest first. */
export interface Expired {
  /** To be removed unless foreign keys still reference them (`referencedBy` of the table is asked about these). */
  readonly removable: readonly RangePartition[];
  readonly foreign: readonly RangePartition[];
  readonly held: readonly Held[];
  /** The last partition when even that has expired. */
  readonly last: RangePartition | null;
}

/** A table that would be removed but for a hold. */
export interface Held {
  readonly name: QualifiedName;
  readonly hold: Hold;
}

const nothing: Expired = { removable: [], foreign: [], held: [], last: null };

/**
 * The partitions whose upper bound is at or before the cut-off; all empty without retention. Bounds are half-open: a partition that ends
 * exactly at the cut-off has expired, the row on the cut-off lives in its successor. Pending detaches are recovery's. Stops at the first
 * partition that is still retained, so that a table with nothing to remove costs one comparison.
 */
export function findExpired({ lineup, table, window }: Subject): Expired {
  if (window === null) return nothing;
  const lastAttached = lineup.ranges.findLast((partition) => !partition.isDetachPending);
  const removable: RangePartition[] = [];
  const foreign: RangePartition[] = [];
  const held: Held[] = [];
  let last: RangePartition | null = null;
  for (const partition of lineup.ranges) {
    if (partition.bound.to > window.cutoff) break;
    if (partition.isDetachPending) continue;
    const hold = holdOn(table.holds, partition.bound);
    // Also when newer partitions are about to be made: making them can fail, and then removing this one would empty the table.
    if (partition === lastAttached) last = partition;
    else if (partition.kind === 'foreign') foreign.push(partition);
    else if (hold !== null) held.push({ name: partition.name, hold });
    else removable.push(partition);
  }
  return { removable, foreign, held, last };
}

/** The first hold on any part of a range; null when it is free. */
export function holdOn(holds: readonly Hold[], range: Range): Hold | null {
  return holds.find((hold) => hold.range === null || overlaps(hold.range, range)) ?? null;
}

/** Findings for what has expired and stays; one per cause, however many partitions it holds back. */
export function explainKept(expired: Expired, referenced: ReadonlyMap<string, QualifiedName>): readonly Finding[] {
  return [
    ...heldFindings(expired.held),
    ...foreignFindings(expired.foreign),
    ...referencedFindings(expired.removable, referenced),
    ...lastFindings(expired.last),
  ];
}

/** One finding per hold that keeps something. */
export function heldFindings(held: readonly Held[]): readonly Finding[] {
  return [...groupBy(held, ({ hold }) => hold)].map(([hold, tables]) => {
    const what = `Retention would remove ${enumerateNames(tables)}, but a hold keeps ${it(tables)}: ${hold.reason}`;
    return warning('on-hold', `${what}. ${hold.until ?? 'Release the hold when it is no longer needed.'}`, tables[0].name);
  });
}

function foreignFindings(foreign: readonly RangePartition[]): readonly Finding[] {
  const [first] = foreign;
  if (first === undefined) return [];
  const what = `Retention would remove ${enumerateNames(foreign)}, but foreign tables are never removed`;
  return [warning('foreign-partition', `${what}. Detach ${it(foreign)} by hand when the rows are no longer needed here.`, first.name)];
}

function referencedFindings(removable: readonly RangePartition[], referenced: ReadonlyMap<string, QualifiedName>): readonly Finding[] {
  const kept = removable.flatMap(({ oid, name }) => {
    const by = referenced.get(oid);
    return by === undefined ? [] : [{ name, by: formatQualifiedName(by) }];
  });
  return [...groupBy(kept, ({ by }) => by)].map(([by, partitions]) => {
    const what = `Retention would remove ${enumerateNames(partitions)}, but rows of ${by} still reference ${it(partitions)}`;
    return warning('referenced', `${what}. Delete those rows first, or let retention of ${by} end no later.`, partitions[0].name);
  });
}

function lastFindings(last: RangePartition | null): readonly Finding[] {
  if (last === null) return [];
  const name = formatQualifiedName(last.name);
  return [
    warning(
      'last-partition',
      `${name} has left retention but is the table's last partition. It stays until a newer one exists.`,
      last.name,
    ),
  ];
}

function it(things: readonly unknown[]): string {
  return things.length === 1 ? 'it' : 'them';
}
