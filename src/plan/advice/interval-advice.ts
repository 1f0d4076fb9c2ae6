import { createGrid, keyDistance } from '../../partition/grid.ts';
import { formatInterval, formatSpan, type Interval, type IntervalUnit } from '../../partition/interval.ts';
import type { KeyCodec } from '../../partition/key.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import { formatBytes } from '../maintenance/quantities.ts';
import { countOf } from '../wording.ts';
import { chooseInterval, type IntervalChoice, type Width } from './interval-choice.ts';
import type { IntervalAdvice } from './table-advice.ts';

/** What arrives, and over how much of the key. */
export interface Arrival {
  /** Bytes per second of a time key, per position of an integer key. */
  readonly pace: number;
  /** From the first partition to the present, in seconds or positions. */
  readonly covered: number;
  /** What retention keeps, likewise; null: everything. */
  readonly kept: number | null;
}

const unitSeconds: Readonly<Record<IntervalUnit, number>> = {
  minute: 60,
  hour: 3600,
  day: 86_400,
  week: 7 * 86_400,
  month: 30.436_875 * 86_400,
  quarter: 91.310_625 * 86_400,
  year: 365.2425 * 86_400,
};
const proposedUnits: readonly IntervalUnit[] = ['hour', 'day', 'week', 'month', 'quarter', 'year'];
const multiples: readonly bigint[] = [
  ...new Set([...Array.from({ length: 11 }, (_, n) => 2n ** BigInt(n)), ...Array.from({ length: 7 }, (_, n) => 10n ** BigInt(n))]),
];

/**
 * Another interval than the policy's that fits the target size better, by the rule of `chooseInterval`; null when the present one will do, and
 * while nothing arrives. Time keys: 1 hour (not for dates), day, week, month, quarter or year. Integer keys: the present step, times or divided by,
 * a power of two up to 1,024 or of ten up to a million, where that is a whole number that the key's type holds. Pure, throws nothing.
 */
export function adviseInterval(policy: TablePolicy, codec: KeyCodec, arrival: Arrival): IntervalAdvice | null {
  const { pace, covered, kept } = arrival;
  if (pace <= 0) return null;
  const { interval, targetPartitionBytes } = policy;
  const choice = chooseInterval<Interval>({
    present: { interval, width: widthOf(interval, codec) },
    candidates: candidatesOf(interval, codec).toSorted((a, b) => a.width - b.width),
    pace,
    targetBytes: targetPartitionBytes,
    extent: kept ?? covered,
    isCut: kept !== null,
  });
  if (choice === null) return null;
  return { interval: choice.interval, bytes: choice.bytes, reason: reasonOf(choice, policy) };
}

function widthOf(interval: Interval, codec: KeyCodec): number {
  return interval.kind === 'integer' ? Number(keyDistance(interval.step, codec)) : interval.count * unitSeconds[interval.unit];
}

function candidatesOf(interval: Interval, codec: KeyCodec): readonly Width<Interval>[] {
  const candidates =
    interval.kind === 'calendar'
      ? proposedUnits
          .map((unit): Interval => ({ kind: 'calendar', count: 1, unit }))
          .filter((one) => !('problem' in createGrid(one, codec)))
      : stepsAround(interval.step).filter((one) => keyDistance(one.step, codec) <= codec.max);
  return candidates.map((one) => ({ interval: one, width: widthOf(one, codec) }));
}

function stepsAround(step: bigint): readonly Extract<Interval, { kind: 'integer' }>[] {
  const steps = multiples.flatMap((multiple) => [step * multiple, ...(step % multiple === 0n ? [step / multiple] : [])]);
  return steps.map((one) => ({ kind: 'integer', step: one }));
}

function reasonOf(choice: IntervalChoice<Interval>, { interval, targetPartitionBytes, retention }: TablePolicy): string {
  const target = formatBytes(targetPartitionBytes);
  const grows = `a partition of ${formatInterval(interval)} grows to ${formatBytes(choice.presentBytes)}`;
  const would = `one of ${formatInterval(choice.interval)} to ${formatBytes(choice.bytes)}`;
  const size = choice.bytes > targetPartitionBytes ? `${would}, the nearest there is` : would;
  if (choice.presentBytes > targetPartitionBytes) return `At the present pace ${grows}, more than twice the target of ${target}; ${size}.`;
  const within = retention === null ? 'of what there is' : `within a retention of ${formatSpan(retention.keep)}`;
  return `At the present pace ${grows}, far below the target of ${target}; ${size}, with some ${countOf(Math.round(choice.saved), 'partition')} fewer ${within}.`;
}
