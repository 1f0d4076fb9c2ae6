import { formatBytes } from '../maintenance/quantities.ts';
import { countOf, formatCount } from '../wording.ts';
import { rowsToSpeakForAll, type TriedPlan } from './extent/trial.ts';

/** What a trial has found, one line each, for behind the plan whose time and disk are made of it. */
export function explainTrial({ trial }: TriedPlan): readonly string[] {
  const { rows, asked, partitions, filled, copyMs, indexMs, verifyMs, rates, estimate } = trial;
  const head = `Trial: ${countOf(rows, 'row')}${rows < asked ? ` (of ${formatCount(asked)} asked for there were no more in the blocks that were read)` : ''} in ${filled} of ${countOf(partitions, 'partition')}, in a schema that is dropped again; all were found equal.`;
  if (rates === null) return ['', head, '  Nothing was there to be measured.'];
  const { copiedPerSecond, indexedPerSecond, verifiedPerSecond, bytesPerRow } = rates;
  const needed = rowsToSpeakForAll(trial);
  const measured = [
    ['copy', copyMs, copiedPerSecond, estimate?.copySeconds],
    ['index', indexMs, indexedPerSecond, estimate?.indexSeconds],
    ['verify', verifyMs, verifiedPerSecond, estimate?.verifySeconds],
  ] as const;
  return [
    '',
    head,
    ...measured.map(([what, ms, perSecond, seconds]) => {
      const all = seconds === undefined ? '' : `; all rows in about ${seconds} s`;
      return `  ${what.padEnd(8)}${Math.round(ms)} ms, ${perSecond} rows/s${all}`;
    }),
    `  size    ${bytesPerRow} bytes a row with indexes, ${formatBytes(trial.bytes)}`,
    ...(estimate === null && rows < needed
      ? [
          `  Too few to speak for the whole table, so disk and time above are not this trial's: that takes ${formatCount(needed)} rows, 1,000 for each ` +
            'partition that gets any and 10,000 in all.',
        ]
      : []),
    '  Its rows were in memory, and what is spent on each partition counts as if spent on rows: try more of them to come closer.',
  ];
}
