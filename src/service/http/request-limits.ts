import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';

/** No request of this program has a body; some clients send a few bytes all the same. */
const maxBodyBytes = 1_024;

/** The longest that is of use holds two table names; Node's own limit covers the headers as a whole. */
const maxUrlLength = 2_048;

/** Refuses what is too large before anything else looks at it: 414 and 413, in the words of `refuse`. */
export function requestLimits(refuse: (message: string, status: 413 | 414) => Response): MiddlewareHandler {
  const limitBody = bodyLimit({ maxSize: maxBodyBytes, onError: () => refuse(`A body may have at most ${maxBodyBytes} bytes.`, 413) });
  return async (context, next) => {
    if (context.req.url.length > maxUrlLength) return refuse(`A URL may have at most ${maxUrlLength} characters.`, 414);
    return await limitBody(context, next);
  };
}
