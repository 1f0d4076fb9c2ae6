/** Ends all of them, the last first; what Node 24 has as AsyncDisposableStack. */
export async function disposeAll(resources: readonly AsyncDisposable[]): Promise<void> {
  for (const resource of resources.toReversed()) await resource[Symbol.asyncDispose]();
}
