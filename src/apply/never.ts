import { setMaxListeners } from 'node:events';

/** For what goes on after an abort, and ends by itself. Many databases wait on it at the same time, of which Node need not warn. */
export const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);
