/** Of a list that is not empty; of an even number the mean of the two in the middle. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).toSorted();
  const middle = (sorted.length - 1) / 2;
  const between = sorted.subarray(Math.floor(middle), Math.ceil(middle) + 1);
  return between.reduce((sum, value) => sum + value / between.length, 0);
}
