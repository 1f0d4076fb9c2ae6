/** The end of a switch over the kinds of steps: the compiler sees to it that nothing arrives here. */
export function unknownStep(step: never): never {
  throw new TypeError(`unknown step ${String(step)}`);
}
