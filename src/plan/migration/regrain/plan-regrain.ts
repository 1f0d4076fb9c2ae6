/**
 * Decides how neighbouring partitions give their rows to others over the same range. What they become is laid out by the grid of an interval; the
 * table beside, in which the new ones are filled, is called like the table with `_regrain` behind it.
 */
import { cutToBytes, maxIdentifierBytes } from '../../../partition/identifier.ts';
import { formatInterval, type Interval } from '../../../partition/interval.ts';
import type { MigrationSpec, Regrain, RegrainRange } from '../../../partition/migration/spec.ts';
import { partitionName } from '../../../partition/partition-name.ts';
import type { Position, Range } from '../../../partition/position.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { boundLiterals } from '../../bound-literals.ts';
import { type NameChoice, nameChoice } from '../../name-choice.ts';
import { countOf, enumerate } from '../../wording.ts';
import { chooseKey, columnRef } from '../choice/choose-key.ts';
import { planHash } from '../choice/plan-hash.ts';
import { refuse } from '../migration-case.ts';
import type { MigrationPlan, Refusal } from '../migration-plan.ts';
import { shellWord } from '../next-command.ts';
import { weigh } from '../refusals/weigh.ts';
import { type CutRange, cutRange } from './cut-range.ts';
import { judgeRegrainKeys } from './judge/judge-keys.ts';
import { judgeRegrain } from './judge/judge-regrain.ts';
import type { RegrainCase } from './regrain-case.ts';
import { regrainSteps } from './regrain-steps.ts';

/** What `--partitions` and `--interval` ask for. */
export interface RegrainRequest {
  readonly partitions: readonly QualifiedName[];
  readonly interval: Interval;
  /** The smallest key of those that begin at MINVALUE; null or absent: there are none, or no rows. */
  readonly oldest?: Position | null;
}

export function stagingName({ schema, name }: QualifiedName): QualifiedName {
  const suffix = '_regrain';
  return { schema, name: cutToBytes(name, maxIdentifierBytes - suffix.length) + suffix };
}

/** Pure, throws nothing. */
export function planRegrain(subject: RegrainCase, request: RegrainRequest): MigrationPlan {
  const cut = cutRange(subject.table, request.partitions, request.interval, request.oldest ?? null);
  const plan = 'pieces' in cut ? planExchange(subject, layOut(subject, cut), []) : planExchange(subject, null, [cut]);
  return { ...plan, request: requestText(request, subject.table.name) };
}

/** What is to change places, with what is said of it. */
export interface LaidOut {
  readonly subject: 'partitions' | 'default';
  readonly regrain: Regrain;
  readonly partitions: MigrationPlan['partitions'];
  readonly notes: readonly string[];
  readonly bytes: number;
}

/** The plan of partitions that change places with others; null: what was asked for cannot be laid out, as `refused` says. */
export function planExchange(subject: RegrainCase, laidOut: LaidOut | null, refused: readonly Refusal[]): MigrationPlan {
  const { table } = subject;
  const keys = judgeRegrainKeys(subject);
  const { refusals, waived } = weigh([...refused, ...judge(subject), ...keys.refusals], subject.policy.migration.waive);
  const steps = laidOut === null ? [] : regrainSteps(subject.definition, stagingName(table.name), laidOut.regrain);
  const made = laidOut === null ? null : makeSpec(subject, laidOut, waived);
  const spec = refusals.length > 0 ? null : made;
  return {
    table: table.name,
    strategy: 'copy',
    spec,
    refusals,
    waived,
    notes: laidOut === null ? [] : [...laidOut.notes, ...keys.notes],
    steps,
    partitions: laidOut?.partitions ?? null,
    diskBytes: laidOut?.bytes ?? 0,
    walBytes: laidOut?.bytes ?? 0,
    estimatedSeconds: null,
    hash: planHash(spec, steps),
  };
}

function requestText({ partitions, interval }: RegrainRequest, { schema }: QualifiedName): string {
  const names = partitions.map((name) => (name.schema === schema ? quoteIdentifier(name.name) : formatQualifiedName(name)));
  return `--partitions ${shellWord(names.join(','))} --interval ${shellWord(formatInterval(interval))}`;
}

function judge({ table, definition, sources, isOwner, takenNames, serverVersion }: RegrainCase): readonly Refusal[] {
  const staging = stagingName(table.name);
  return [
    ...(isOwner ? [] : [refuse(formatQualifiedName(table.name), `Only its owner, ${table.owner}, may re-grain it. Grant that role.`)]),
    ...(takenNames.has(staging.name) ? [refuse(formatQualifiedName(staging), 'A relation of that name exists. Rename or drop it.')] : []),
    ...judgeRegrain(definition, sources, serverVersion),
  ];
}

function layOut(subject: RegrainCase, { sources, pieces }: CutRange): LaidOut {
  const { table } = subject;
  const { targets, partitions } = targetsOf(subject, pieces, nameChoice(table.name.schema, table.partitions, subject.takenNames));
  const regrain = {
    sources: sources.map(({ oid, name, bound }) => ({ oid, name, ...boundLiterals(table.codec, bound) })),
    targets,
    partitionBy: subject.partitionBy,
    condition: subject.renderCondition({ from: targets[0]?.from ?? null, to: targets.at(-1)?.to ?? null }),
  };
  const bytes = sources.reduce((sum, { estimatedBytes }) => sum + estimatedBytes, 0);
  return { subject: 'partitions', regrain, partitions, notes: [aboutOf(regrain)], bytes };
}

/** The new partitions of these ranges by name, and how many there are, for people. */
export function targetsOf(
  { policy, table }: RegrainCase,
  pieces: readonly Range[],
  names: NameChoice,
): { readonly targets: readonly RegrainRange[]; readonly partitions: MigrationPlan['partitions'] } {
  const spell = (piece: Range): QualifiedName =>
    names.choose((ordinal) => partitionName(policy.name, table.name.name, table.codec, piece, ordinal)).name;
  const targets = pieces.map((piece) => ({ name: spell(piece), ...boundLiterals(table.codec, piece) }));
  const [first, last] = [pieces[0], pieces.at(-1)];
  if (first === undefined || last === undefined) return { targets, partitions: null };
  return { targets, partitions: { count: pieces.length, first: table.codec.display(first.from), last: table.codec.display(last.to) } };
}

/** What a migration of partitions is about, for people. */
export function aboutOf({ sources, targets }: Regrain): string {
  const named = (ranges: readonly { readonly name: QualifiedName }[]): string =>
    enumerate(ranges.map(({ name }) => formatQualifiedName(name)));
  return `The rows of ${named(sources)} go to ${countOf(targets.length, 'partition')} over the same range: ${named(targets)}.`;
}

function makeSpec(
  { policy, table, definition }: RegrainCase,
  { subject, regrain }: LaidOut,
  waived: readonly Refusal[],
): MigrationSpec | null {
  const key = chooseKey(definition);
  const partitionKey = definition.columns.find(({ name }) => name === table.key.name);
  if (key === null || partitionKey === undefined) return null;
  const compared = definition.columns.filter(({ generated }) => generated !== 'virtual');
  return {
    subject,
    strategy: 'copy',
    capture: 'log',
    table: table.name,
    targetName: stagingName(table.name),
    oldName: stagingName(table.name),
    columns: definition.columns.filter(({ generated }) => generated === null).map(columnRef),
    comparedColumns: compared.map(columnRef),
    isHashable: compared.every(({ isHashable }) => isHashable),
    key,
    partitionKey: { name: table.key.name, type: table.key.type, collation: table.key.collation },
    names: [],
    definition,
    waived: policy.migration.waive.filter((waiver) => waived.some((refusal) => refusal.waiver === waiver)),
    isIdentityKept: true,
    regrain,
  };
}
