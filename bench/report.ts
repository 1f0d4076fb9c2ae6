/** Middle value; of an even number the lower middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
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
