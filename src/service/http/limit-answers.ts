import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';

/**
 * Lets at most `most` answers be under way, from the question until the last byte is taken or the client is gone; others get 503. An answer
 * may be many megabytes, which clients that are slow to read would otherwise hold in memory all at once.
 */
export function limitAnswers(most: number): MiddlewareHandler<{ Bindings: Partial<HttpBindings> }> {
  let underWay = 0;
  return async (context, next) => {
    if (underWay >= most) return context.text(`Busy: ${most} answers are under way.\n`, 503, { 'retry-after': '1' });
    underWay += 1;
    const done = (): void => {
      underWay -= 1;
    };
    // `env` is empty where a test asks without a connection.
    const { outgoing } = context.env ?? {};
    if (outgoing === undefined) return await next().finally(done);
    outgoing.once('close', done);
    return await next();
  };
}
