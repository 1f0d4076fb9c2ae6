import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { KeyCandidate, OrdinaryAdvice, OrdinaryProposal } from '../../plan/advice/ordinary/advice.ts';
import { formatBytes } from '../../plan/maintenance/quantities.ts';
import { countOf } from '../../plan/wording.ts';
import { printable } from './printable.ts';
import { formatRows } from './sizes.ts';
import { textTable } from './text-table.ts';

/**
 * What `partitiond advise` prints of an ordinary table of `database`: lines, fit for a terminal. The proposal's lines stand as they are, without
 * indentation, so that they can be copied.
 */
export function ordinaryAdviceText(database: string, advice: OrdinaryAdvice): readonly string[] {
  const { table, estimatedRows, bytes, candidates, blockers, proposal } = advice;
  const rows = estimatedRows === null ? 'never analysed' : `${formatRows(estimatedRows)} rows`;
  const [best] = candidates;
  return [
    printable(`${formatQualifiedName(table)} of ${database}: not partitioned, ${rows}, ${formatBytes(bytes)}`),
    '',
    ...candidatesText(candidates),
    ...candidates.flatMap(({ column, remarks }) => (remarks.length === 0 ? [] : [printable(`${column}: ${remarks.join('; ')}.`)])),
    ...listText('What stands in the way, whatever the key is:', blockers),
    ...(best === undefined ? [] : listText(`What stands in the way of the key ${quoteIdentifier(best.column)}:`, best.blockers)),
    ...(proposal === null ? [] : proposalText(proposal)),
  ];
}

function candidatesText(candidates: readonly KeyCandidate[]): readonly string[] {
  if (candidates.length === 0) {
    return ['No column could be the partition key: none is a date, a time, an identifier that begins with its time, or a counted number.'];
  }
  const columns = [
    { heading: 'COLUMN', align: 'left' },
    { heading: 'TYPE', align: 'left' },
    { heading: 'NULLS', align: 'right' },
    { heading: 'ORDER', align: 'right' },
    { heading: 'FROM', align: 'left' },
    { heading: 'TO', align: 'left' },
    { heading: 'IN CONDITIONS', align: 'right' },
    { heading: 'IN THE WAY', align: 'right' },
  ] as const;
  return textTable(columns, candidates.map(candidateRow)).trimEnd().split('\n');
}

function candidateRow(candidate: KeyCandidate): readonly string[] {
  const { column, type, nullFraction, correlation, from, to, use, blockers } = candidate;
  return [
    printable(column),
    printable(type),
    nullFraction === null ? '-' : `${Math.ceil(100 * nullFraction)}%`,
    correlation === null ? '-' : correlation.toFixed(2),
    printable(from ?? '-'),
    printable(to ?? '-'),
    use === null ? '-' : `${use.statements} of ${use.of}`,
    String(blockers.length),
  ];
}

function listText(heading: string, sentences: readonly string[]): readonly string[] {
  return sentences.length === 0 ? [] : ['', printable(heading), ...sentences.map((sentence) => printable(`  - ${sentence}`))];
}

function proposalText({ column, interval, partitions, yaml, ddl }: OrdinaryProposal): readonly string[] {
  const width = /^\d+$/.test(interval) ? `${formatRows(Number(interval))} keys each` : `one per ${interval.replace(/^1 /, '')}`;
  const count = partitions === null ? 'how many is not known' : `${countOf(partitions, 'partition')} for the rows that there are`;
  return [
    '',
    printable(`Proposed: partitions by ${quoteIdentifier(column)}, ${width}, ${count}.`),
    '',
    '# for `tables:` of the configuration',
    ...yaml.trimEnd().split('\n').map(printable),
    '',
    ...ddl.trimEnd().split('\n').map(printable),
  ];
}
