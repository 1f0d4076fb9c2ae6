import { type Context, Hono } from 'hono';
import { compress } from 'hono/compress';
import type { Configuration } from '../../config/configuration.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Clock } from '../../postgres/clock.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { links } from '../page/for-programs.ts';
import { readPageAssets } from '../page/page-assets.ts';
import { createPatientReader } from '../page/patient-reader.ts';
import { renderPage } from '../page/render-page.ts';
import type { Readiness } from '../readiness.ts';
import { limitAnswers } from './limit-answers.ts';
import { listPartitions } from './partition-list.ts';
import { readPartitionQuery } from './partition-query.ts';
import { requestLimits } from './request-limits.ts';
import type { ServedStatus } from './status-reader.ts';

export interface PublicParts {
  readonly metrics: Pick<Metrics, 'contentType' | 'render'>;
  readonly readiness: Readiness;
  /** Of the databases named so; of all without names. */
  readonly readStatus: (names?: readonly string[]) => Promise<readonly ServedStatus[]>;
  /** Those in force. */
  readonly databases: () => Configuration['databases'];
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
}

/** Answers at a time: enough for a pair of Prometheus servers that are late, and for people. */
const mostScrapes = 8;
const mostReaders = 4;

/**
 * What anybody in the network may read: metrics, probes, status. Changes nothing; only / and /api/v1 ask the databases. docs/openapi.yaml says
 * what the answers look like.
 */
export function createPublicApp(parts: PublicParts): Hono {
  const { metrics, readiness, readStatus, clock, logger, version } = parts;
  const app = new Hono();
  app.use(compress());
  app.use(async (context, next) => {
    await next();
    context.header('x-content-type-options', 'nosniff');
    context.header('cache-control', 'no-store');
  });
  app.use(requestLimits((message, status) => new Response(`${message}\n`, { status })));
  app.use('/metrics', limitAnswers(mostScrapes));
  // The page asks the databases too, and shares the limit.
  const limitReaders = limitAnswers(mostReaders);
  for (const path of ['/', '/api/*']) app.use(path, limitReaders);
  app.get('/metrics', async (context) => context.body(await metrics.render(), 200, { 'content-type': metrics.contentType }));
  app.get('/livez', (context) => answer(context, readiness.explainDead()));
  app.get('/readyz', (context) => answer(context, readiness.explainUnready()));
  app.get('/api/v1/status', async (context) => context.json({ databases: await readStatus() }));
  app.get('/api/v1/partitions', (context) => partitions(context, parts));
  const readPage = createPatientReader(readStatus, clock);
  app.get('/', async (context) => {
    context.header('content-security-policy', pagePolicy);
    return context.html(renderPage(await readPage(), version));
  });
  const assets = readPageAssets();
  for (const { path, type, text } of assets) app.get(path, (context) => context.body(text, 200, { 'content-type': type }));
  const readPaths = ['/', ...links.map(([path]) => path), ...assets.map(({ path }) => path)];
  for (const path of readPaths) app.all(path, (context) => context.text('Use GET.\n', 405, { allow: 'GET, HEAD' }));
  app.notFound((context) => context.text('Not found. The page / has links to what there is.\n', 404));
  app.onError((error, context) => {
    logger.error('request failed', { path: context.req.path, ...errorFields(error) });
    return context.text('Internal error; see the log.\n', 500);
  });
  return app;
}

/** The page has neither style nor script of its own, and asks nobody but this listener: a name that were taken for HTML could do nothing. */
const pagePolicy = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

/** 200 `ok`, or 503 with the reason. */
function answer(context: Context, problem: string | null): Response {
  return problem === null ? context.text('ok\n', 200) : context.text(`${problem}\n`, 503);
}

async function partitions(context: Context, { databases, readStatus }: PublicParts): Promise<Response> {
  const known = new Map(databases().map(({ name, tables }) => [name, tables.map(({ table }) => formatQualifiedName(table))]));
  const query = readPartitionQuery(new URL(context.req.url).searchParams, known);
  if ('problems' in query) return context.json({ error: query.problems.join(' ') }, 400);
  const { database, table } = query;
  // One that is out of reach must not hold up an answer that it has no part in.
  const asked = [...known].filter(([name, tables]) => (database ?? name) === name && (table === null || tables.includes(table)));
  return context.json(listPartitions(await readStatus(asked.map(([name]) => name)), query));
}
