import Table from 'cli-table3';

/** A column's heading (upper case, as kubectl prints them) and the side its cells lean to. */
export interface TextColumn {
  readonly heading: string;
  readonly align: 'left' | 'right';
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const;

/** Aligned columns without borders, three blanks apart, one line a row; ends with a line break. Cells may carry colours. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    chars: noBorders,
    style: { 'padding-left': 0, 'padding-right': 3, head: [], border: [] },
    colAligns: columns.map((column) => column.align),
  });
  table.push(
    columns.map((column) => column.heading),
    ...rows.map((row) => [...row]),
  );
  return `${table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
}
