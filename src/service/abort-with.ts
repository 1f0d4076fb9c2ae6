/**
 * Aborts `inner` as soon as `outer` is aborted, for its reason, until the answer is called. A listener that is taken off again, as Node 20
 * never lets go of what AbortSignal.any has made of a signal that lives on.
 */
export function abortWith(outer: AbortSignal, inner: AbortController): () => void {
  const follow = (): void => inner.abort(outer.reason);
  if (outer.aborted) follow();
  else outer.addEventListener('abort', follow, { once: true });
  return () => outer.removeEventListener('abort', follow);
}
