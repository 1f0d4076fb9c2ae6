import { getConnInfo } from '@hono/node-server/conninfo';
import { type Context, Hono } from 'hono';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ReloadOutcome } from '../reloader.ts';
import { isScheduledTask, type ScheduledTaskName, scheduledTasks } from '../tasks/schedule.ts';
import { refuseAdminPeer } from './admin-peer.ts';
import type { OrderAnswer, PauseOrders } from './pause-orders.ts';
import { requestLimits } from './request-limits.ts';

/** A database to which a request for work can be passed on. */
export interface Requestable {
  readonly name: string;
  request(task: ScheduledTaskName): 'accepted' | 'paused' | 'busy' | 'off' | 'not-leading';
}

export interface AdminParts {
  /** Those of the configuration in force. */
  readonly databases: Iterable<Requestable>;
  readonly orders: PauseOrders & {
    reload(): Promise<ReloadOutcome>;
    /** Resolves when no lock is held any more, or after 15 s with false. */
    drain(): Promise<boolean>;
  };
  readonly logger: Logger;
}

const defaultReason = 'no reason given';

const paths = [
  'POST /-/run?task=NAME[&database=NAME]',
  'POST /-/reload',
  'POST /-/pause?reason=TEXT[&database=NAME]',
  'POST /-/resume[?database=NAME]',
  'GET|POST /-/drain',
];

/**
 * Orders to the daemon, each answered with JSON once it is carried out; docs/openapi.yaml has the answers. Only for callers on this machine,
 * and never for a web page: it has no other protection. Peers elsewhere get /-/drain and nothing else.
 */
export function createAdminApp(parts: AdminParts): Hono {
  const { logger } = parts;
  const app = new Hono();
  app.use(requestLimits((message, status) => Response.json({ error: message }, { status })));
  app.use(async (context, next) => {
    const { address } = getConnInfo(context).remote;
    const refusal = refuseAdminPeer({ address, path: context.req.path, header: (name) => context.req.header(name) });
    if (refusal !== null) return context.json({ error: refusal }, 403);
    return await next();
  });
  app.post('/-/run', (context) => run(context, parts));
  app.post('/-/reload', async (context) => {
    const { kind, ...rest } = await parts.orders.reload();
    return kind === 'loaded' ? context.json(rest) : context.json(rest, 422);
  });
  app.post('/-/pause', async (context) => {
    const reason = context.req.query('reason') ?? '';
    return await eachDatabase(context, parts, (database) => parts.orders.pause(database, reason === '' ? defaultReason : reason));
  });
  app.post('/-/resume', async (context) => await eachDatabase(context, parts, (database) => parts.orders.resume(database)));
  app.on(['GET', 'POST'], '/-/drain', (context) => drain(context, parts));
  for (const path of ['/-/run', '/-/reload', '/-/pause', '/-/resume'])
    app.all(path, (context) => context.json({ error: 'Use POST.' }, 405, { allow: 'POST' }));
  app.all('/-/drain', (context) => context.json({ error: 'Use GET or POST.' }, 405, { allow: 'GET, POST' }));
  app.notFound((context) => context.json({ error: `Not found. There are ${paths.join(', ')}.` }, 404));
  app.onError((error, context) => {
    logger.error('request failed', { path: context.req.path, ...errorFields(error) });
    return context.json({ error: 'Internal error; see the log.' }, 500);
  });
  return app;
}

/** 202 when at least one database accepted, 409 when none did, 404 for a task or database that does not exist. */
function run(context: Context, { databases, logger }: AdminParts): Response {
  const task = context.req.query('task') ?? '';
  const wanted = context.req.query('database');
  if (!isScheduledTask(task)) {
    const problem = task === '' ? 'Name a task with ?task=NAME' : `There is no task "${task}"`;
    return context.json({ error: `${problem}; tasks are ${scheduledTasks.join(', ')}.` }, 404);
  }
  const chosen = [...databases].filter((database) => wanted === undefined || database.name === wanted);
  if (chosen.length === 0) return context.json({ error: noDatabase(wanted) }, 404);
  const answers = chosen.map((database) => ({ database: database.name, answer: database.request(task) }));
  logger.info('run requested', { task, answers });
  return context.json({ task, databases: answers }, answers.some(({ answer }) => answer === 'accepted') ? 202 : 409);
}

/** 200 when it is so in every database, 503 when one could not be told, 404 when there is no such database. */
async function eachDatabase(
  context: Context,
  { databases }: AdminParts,
  order: (database: string | null) => Promise<readonly OrderAnswer[]>,
): Promise<Response> {
  const wanted = context.req.query('database');
  if (wanted !== undefined && ![...databases].some(({ name }) => name === wanted)) return context.json({ error: noDatabase(wanted) }, 404);
  const answers = await order(wanted ?? null);
  return context.json({ databases: answers }, answers.every(({ answer }) => answer !== 'failed') ? 200 : 503);
}

/** 200 when the locks are free, 503 when they are not within 15 s; what was begun goes on then. */
async function drain(context: Context, { orders, logger }: AdminParts): Promise<Response> {
  logger.info('drain requested');
  const isDrained = await orders.drain();
  if (isDrained) logger.info('drained');
  else logger.error('not drained in time');
  return context.json({ drained: isDrained }, isDrained ? 200 : 503);
}

function noDatabase(name: string | undefined): string {
  return name === undefined ? 'The configuration has no databases.' : `There is no database "${name}" in the configuration.`;
}
