import { Hono } from 'hono';
import { compress } from 'hono/compress';
import type { DatabaseStatus } from '../reconcile/status.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Readiness } from './readiness.ts';

export interface PublicParts {
  readonly metrics: Metrics;
  readonly readiness: Readiness;
  readonly readStatus: () => Promise<readonly DatabaseStatus[]>;
  readonly logger: Logger;
  readonly version: string;
}

/** What anybody in the network may read: metrics, probes, status. Changes nothing; only /api/v1/status asks the databases. */
export function createPublicApp({ metrics, readiness, readStatus, logger, version }: PublicParts): Hono {
  const app = new Hono();
  app.use(compress());
  app.use(async (context, next) => {
    await next();
    context.header('x-content-type-options', 'nosniff');
    context.header('cache-control', 'no-store');
  });
  app.get('/metrics', async (context) => context.body(await metrics.render(), 200, { 'content-type': metrics.contentType }));
  app.get('/livez', (context) => answer(context, readiness.explainDead()));
  app.get('/readyz', (context) => answer(context, readiness.explainUnready()));
  app.get('/api/v1/status', async (context) => context.json({ databases: await readStatus() }));
  app.get('/', (context) => context.html(indexPage(version)));
  app.notFound((context) => context.text('Not found. Try /.\n', 404));
  app.onError((error, context) => {
    logger.error('request failed', { path: context.req.path, ...errorFields(error) });
    return context.text('Internal error; see the log.\n', 500);
  });
  return app;
}

/** 200 `ok`, or 503 with the reason. */
function answer(context: { text(text: string, status: 200 | 503): Response }, problem: string | null): Response {
  return problem === null ? context.text('ok\n', 200) : context.text(`${problem}\n`, 503);
}

function indexPage(version: string): string {
  const links = [
    ['/metrics', 'metrics for Prometheus'],
    ['/api/v1/status', 'every table with its partitions, as JSON'],
    ['/livez', 'is the process alive'],
    ['/readyz', 'is it ready to be scraped'],
  ];
  const items = links.map(([path, meaning]) => `<li><a href="${path}">${path}</a> ${meaning}</li>`).join('');
  const escaped = version.replace(/[^\w.+-]/g, '');
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>partitiond</title><h1>partitiond ${escaped}</h1><ul>${items}</ul></html>\n`;
}
