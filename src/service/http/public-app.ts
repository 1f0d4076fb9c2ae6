import { type Context, Hono } from 'hono';
import { compress } from 'hono/compress';
import type { Configuration } from '../../config/configuration.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { errorFields } from '../../telemetry/error-fields.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
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
  readonly logger: Logger;
  readonly version: string;
}

/** Answers at a time: enough for a pair of Prometheus servers that are late, and for people. */
const mostScrapes = 8;
const mostReaders = 4;

/**
 * What anybody in the network may read: metrics, probes, status. Changes nothing; only /api/v1 asks the databases. docs/openapi.yaml says
 * what the answers look like.
 */
export function createPublicApp(parts: PublicParts): Hono {
  const { metrics, readiness, readStatus, logger, version } = parts;
  const app = new Hono();
  app.use(compress());
  app.use(async (context, next) => {
    await next();
    context.header('x-content-type-options', 'nosniff');
    context.header('cache-control', 'no-store');
  });
  app.use(requestLimits((message, status) => new Response(`${message}\n`, { status })));
  app.use('/metrics', limitAnswers(mostScrapes));
  app.use('/api/*', limitAnswers(mostReaders));
  app.get('/metrics', async (context) => context.body(await metrics.render(), 200, { 'content-type': metrics.contentType }));
  app.get('/livez', (context) => answer(context, readiness.explainDead()));
  app.get('/readyz', (context) => answer(context, readiness.explainUnready()));
  app.get('/api/v1/status', async (context) => context.json({ databases: await readStatus() }));
  app.get('/api/v1/partitions', (context) => partitions(context, parts));
  app.get('/', (context) => context.html(indexPage(version)));
  for (const path of readPaths) app.all(path, (context) => context.text('Use GET.\n', 405, { allow: 'GET, HEAD' }));
  app.notFound((context) => context.text('Not found. The page / has links to what there is.\n', 404));
  app.onError((error, context) => {
    logger.error('request failed', { path: context.req.path, ...errorFields(error) });
    return context.text('Internal error; see the log.\n', 500);
  });
  return app;
}

const links = [
  ['/metrics', 'Metrics for Prometheus.'],
  ['/api/v1/status', 'Every database: its tables with their partitions and findings, last runs, leadership. JSON.'],
  [
    '/api/v1/partitions',
    'Partitions one by one, in pages. JSON; narrow it down with <code>?database=&amp;table=&amp;state=&amp;limit=&amp;offset=</code>.',
  ],
  ['/livez', '200 while the process is alive; 503 when only a restart helps.'],
  ['/readyz', '200 while it can be scraped; 503 while it starts or stops.'],
] as const;

/** They are answered on the listener `admin`, of which this page has no address: whoever may use them knows it. */
const orders = [
  ['/-/run?task=provision', 'Runs a task now: provision, retention, maintenance, index or collect.'],
  ['/-/reload', 'Loads the configuration again.'],
  ['/-/pause?reason=TEXT', 'Stops all changes until it is resumed; in one database with <code>&amp;database=NAME</code>.'],
  ['/-/resume', 'Ends a pause.'],
  ['/-/drain', 'Gives up leadership for good, before a stop.'],
] as const;

const readPaths = ['/', ...links.map(([path]) => path)];

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

function indexPage(version: string): string {
  const row = ([what, meaning]: readonly [string, string]): string => `<tr><td>${what}<td>${meaning}\n`;
  const read = links.map(([path, meaning]) => row([`<a href="${path}">${path}</a>`, meaning]));
  const told = orders.map(([path, meaning]) => row([`<code>POST ${path}</code>`, meaning]));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>partitiond</title>
<style>body { font-family: sans-serif; margin: 2em } td { padding: 0.2em 2em 0.2em 0; vertical-align: top }</style>
<h1>partitiond ${version.replace(/[^\w.+-]/g, '')}</h1>
<table>
${read.join('')}</table>
<p>Orders, to the listener <code>admin</code> (port 9789 unless configured otherwise) and from its own machine:</p>
<table>
${told.join('')}</table>
</html>
`;
}
