import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import { errorFields } from '../telemetry/error-fields.ts';
import type { Logger } from '../telemetry/logger.ts';
import { isScheduledTask, type ScheduledTaskName, scheduledTasks } from './schedule.ts';

/** A database to which a request for work can be passed on. */
export interface Requestable {
  readonly name: string;
  request(task: ScheduledTaskName): 'accepted' | 'busy' | 'off' | 'not-leading';
}

/**
 * Orders to the daemon: POST /-/run?task=NAME[&database=NAME] answers 202 when at least one database accepted, 409 when none did, 404 for a
 * task or database that does not exist. Only for callers on this machine, and never for a web page: it has no other protection.
 */
export function createAdminApp(databases: readonly Requestable[], logger: Logger): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    const refusal = refuse(context);
    if (refusal !== null) return context.json({ error: refusal }, 403);
    return await next();
  });
  app.post('/-/run', (context) => {
    const task = context.req.query('task') ?? '';
    const wanted = context.req.query('database');
    if (!isScheduledTask(task)) return context.json({ error: `There is no task "${task}"; tasks are ${scheduledTasks.join(', ')}.` }, 404);
    const chosen = databases.filter((database) => wanted === undefined || database.name === wanted);
    if (chosen.length === 0) return context.json({ error: `There is no database "${wanted}" in the configuration.` }, 404);
    const answers = chosen.map((database) => ({ database: database.name, answer: database.request(task) }));
    logger.info('run requested', { task, answers });
    return context.json({ task, databases: answers }, answers.some(({ answer }) => answer === 'accepted') ? 202 : 409);
  });
  app.all('/-/run', (context) => context.json({ error: 'Use POST.' }, 405, { allow: 'POST' }));
  app.notFound((context) => context.json({ error: 'Not found. There is POST /-/run?task=NAME.' }, 404));
  app.onError((error, context) => {
    logger.error('request failed', { path: context.req.path, ...errorFields(error) });
    return context.json({ error: 'Internal error; see the log.' }, 500);
  });
  return app;
}

function refuse(context: Context): string | null {
  // A browser sends Origin with every POST, also from a page that has guessed this port; curl and probes do not.
  if (context.req.header('origin') !== undefined) return 'Requests from web pages are refused.';
  const { address } = getConnInfo(context).remote;
  return address !== undefined && isLoopback(address) ? null : 'Only callers on this machine may give orders.';
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
