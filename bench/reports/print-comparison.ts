import { median } from '../report.ts';

/** One line of the table; milliseconds of each round. */
export interface Comparison {
  readonly what: string;
  readonly one: readonly number[];
  readonly many: readonly number[];
  /** How many times as fast the requirements say that it gets; null: they do not. */
  readonly claimed: number | null;
}

/** Prints the medians and how many times as fast the partitioned side is; below 1 it is slower. */
export function printComparison(comparisons: readonly Comparison[]): void {
  const line = (what: string, one: string, many: string, ratio: string, claimed: string): string =>
    `${what.padEnd(60)} ${one.padStart(12)} ${many.padStart(12)} ${ratio.padStart(9)}  ${claimed}\n`;
  process.stdout.write(line('', 'one table', 'by quarter', 'ratio', 'claimed'));
  for (const { what, one, many, claimed } of comparisons) {
    const ratio = median(one) / median(many);
    process.stdout.write(line(what, ms(median(one)), ms(median(many)), `${digits(ratio)}x`, claimed === null ? '-' : `${claimed}x`));
  }
  process.stdout.write(
    '\nPartitioning loses where nothing is said of the key: each partition is planned and looked into. It gains little where an index finds the rows anyway, or all are read.\n',
  );
}

function ms(value: number): string {
  return `${digits(value)} ms`;
}

function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
