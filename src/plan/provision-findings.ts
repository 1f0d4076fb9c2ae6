import type { Position } from '../partition/position.ts';
import { formatQualifiedName } from '../partition/qualified-name.ts';
import { type Finding, failure, warning } from './finding.ts';
import type { Hole } from './lineup.ts';
import { believableBacklog, type Provision } from './provision.ts';
import type { Subject } from './subject.ts';
import { countOf, describeRange, formatCount } from './wording.ts';

const shownHoles = 20;

/** What provisioning leaves to people: holes, a backlog nobody can mean, rows in the far future, and bounds that make no sense. */
export function explainProvision(subject: Subject, provision: Provision): readonly Finding[] {
  return [
    ...backlogFindings(subject, provision),
    ...holeFindings(subject, provision.openHoles),
    ...farFutureFindings(subject),
    ...boundFindings(subject),
  ];
}

function backlogFindings({ table, startFrom, lineup }: Subject, { absurd }: Provision): readonly Finding[] {
  if (absurd === null) return [];
  const name = formatQualifiedName(table.name);
  const what = `${name} would need more than ${formatCount(believableBacklog)} partitions for ${describeRange(table.codec, absurd)}, so none were made for it`;
  const isStart = lineup.ranges.length === 0 && startFrom !== null;
  const fix = isStart
    ? 'Move startFrom closer to now or choose a wider interval.'
    : 'Make wider partitions for it by hand, or choose a wider interval.';
  return [failure('gap', `${what}. ${fix}`)];
}

/** One finding per hole, so that each can be told apart; a table with very many gets a last one that counts the rest. */
function holeFindings(subject: Subject, holes: readonly Hole[]): readonly Finding[] {
  const findings = holes.slice(0, shownHoles).map((hole) => holeFinding(subject, hole));
  const more = holes.length - findings.length;
  if (more > 0) findings.push(warning('gap', `${formatQualifiedName(subject.table.name)} has ${countOf(more, 'more gap')}.`));
  return findings;
}

function holeFinding({ table, policy, clock }: Subject, hole: Hole): Finding {
  const what = `No partition of ${formatQualifiedName(table.name)} covers ${describeRange(table.codec, hole)}`;
  if (hole.to <= clock)
    return warning('gap', `${what}, which lies behind now and is not filled. Make a partition for it by hand if rows can still come.`);
  const width = countOf(2 * Math.max(policy.premake, 1), 'interval');
  return warning(
    'gap',
    `${what}, which is more than ${width} wide and so is taken for intended. Make partitions for it by hand if rows can come.`,
  );
}

function farFutureFindings({ table, policy }: Subject): readonly Finding[] {
  const { beyondHorizon: row, position, believable = null } = table.newest;
  const holdsRowAt = (key: Position): string => `${formatQualifiedName(table.name)} holds a row at ${table.codec.display(key)}`;
  const width = countOf(2 * Math.max(policy.premake, 1), 'interval');
  const findings: Finding[] = [];
  if (position !== null && believable !== null) {
    const counted = `Retention counts from ${table.codec.display(believable)} instead`;
    findings.push(
      warning('far-future-rows', `${holdsRowAt(position)}, more than ${width} beyond the rows below it. ${counted}. Check the row.`),
    );
  }
  if (row === null) return findings;
  findings.push(
    warning(
      'far-future-rows',
      `${holdsRowAt(row)}, more than ${width} ahead. It is taken for an outlier: no partitions are made up to it. Check the row.`,
    ),
  );
  return findings;
}

function boundFindings({ lineup, table }: Subject): readonly Finding[] {
  const overlaps = lineup.overlapping.map(([a, b]) => {
    const names = [a, b].map(({ name, bound }) => {
      return `${formatQualifiedName(name)} (${table.codec.display(bound.from)} to ${table.codec.display(bound.to)})`;
    });
    return warning(
      'overlap',
      `The bounds of ${names.join(' and ')} overlap, which PostgreSQL does not allow; they cannot be trusted, so nothing is removed.`,
      b.name,
    );
  });
  const unreadable = lineup.unreadable.map(({ partition, reason }) => {
    const what = `The bound of ${formatQualifiedName(partition.name)} (${partition.boundText ?? partition.bound.kind}) cannot be read`;
    return warning('unsupported-key', `${what}: ${reason} It is left alone, and new partitions may collide with it.`, partition.name);
  });
  return [...overlaps, ...unreadable];
}
