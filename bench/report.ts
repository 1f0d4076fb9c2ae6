/** Middle value; of an even number the lower middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}

/** The smallest value that at least `percent` % of `values` do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(Math.ceil((percent / 100) * sorted.length) - 1, 0)] ?? Number.NaN;
}

/** Milliseconds that `body` takes. */
export async function timed(body: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await body();
  return performance.now() - start;
}

/** Prints a figure with the goal beside it; `isMet` null when there is no goal. */
export function printFigure(label: string, value: string, goal = '', isMet: boolean | null = null): void {
  const verdict = isMet === null ? '' : isMet ? '  met' : '  MISSED';
  process.stdout.write(`${label.padEnd(62)} ${value.padStart(14)}  ${goal}${verdict}\n`);
}

/** Prints a figure that is best small, with its limit beside it; `limit` null: none is set. */
export function printAtMost(label: string, value: number, unit: string, limit: number | null = null): void {
  const text = `${value.toFixed(unit === 'ms' && value < 100 ? 1 : 0)} ${unit}`;
  if (limit === null) printFigure(label, text);
  else printFigure(label, text, `goal <= ${limit} ${unit}`, value <= limit);
}

/** Runs A and B in turn, so that a drift of the machine hits both, and returns the medians. */
export async function inTurn(
  rounds: number,
  a: () => Promise<unknown>,
  b: () => Promise<unknown>,
): Promise<{ readonly a: number; readonly b: number }> {
  const times: { a: number[]; b: number[] } = { a: [], b: [] };
  for (let round = 0; round < rounds; round++) {
    times.a.push(await timed(a));
    times.b.push(await timed(b));
  }
  return { a: median(times.a), b: median(times.b) };
}
