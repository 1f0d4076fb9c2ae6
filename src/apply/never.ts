/** For what must run to its end whatever is aborted: it ends by itself, within its timeouts. */
export const never: AbortSignal = new AbortController().signal;
