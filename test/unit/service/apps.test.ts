import { describe, expect, it } from 'vitest';
import type { DatabaseStatus } from '../../../src/reconcile/status.ts';
import { createAdminApp } from '../../../src/service/admin-app.ts';
import { createPublicApp } from '../../../src/service/public-app.ts';
import { Readiness } from '../../../src/service/readiness.ts';
import type { ScheduledTaskName } from '../../../src/service/schedule.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

function publicApp(readiness = new Readiness([]), readStatus: () => Promise<readonly DatabaseStatus[]> = async () => []) {
  const metrics = createMetrics({
    version: '1',
    revision: '',
    databases: ['app'],
    limits: { partitions: 'top', topPerTable: 20, maxSeries: 50_000 },
    nowSeconds: () => 1,
  });
  return createPublicApp({ metrics, readiness, readStatus, logger: silentLogger, version: '1.2.3<script>' });
}

describe('the public listener', () => {
  it('serves metrics in the text format, gzipped when asked', async () => {
    const plain = await publicApp().request('/metrics');
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await plain.text()).toContain('# TYPE partitiond_leader gauge');
    const zipped = await publicApp().request('/metrics', { headers: { 'accept-encoding': 'gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
  });

  it('names neither itself nor its library in headers', async () => {
    const { headers } = await publicApp().request('/');
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is ready between its start and its stop', async () => {
    const readiness = new Readiness([]);
    const app = publicApp(readiness);
    expect((await app.request('/readyz')).status).toBe(503);
    readiness.started();
    expect((await app.request('/readyz')).status).toBe(200);
    readiness.stopping();
    expect((await app.request('/readyz')).status).toBe(503);
    readiness.started();
    expect((await app.request('/readyz')).status).toBe(503);
  });

  it('is alive until it believes in a leadership that was not confirmed for 30 s', async () => {
    const database = { name: 'app', unconfirmedMs: 30_000 };
    const app = publicApp(new Readiness([database]));
    expect((await app.request('/livez')).status).toBe(200);
    database.unconfirmedMs = 30_001;
    const dead = await app.request('/livez');
    expect(dead.status).toBe(503);
    expect(await dead.text()).toContain('app');
  });

  it('links what it serves on its first page, and escapes', async () => {
    const text = await (await publicApp().request('/')).text();
    expect(text).toContain('href="/metrics"');
    expect(text).not.toContain('<script>');
  });

  it('answers 404 for anything else and 500 without details when something breaks', async () => {
    expect((await publicApp().request('/nothing')).status).toBe(404);
    const broken = publicApp(new Readiness([]), async () => Promise.reject(new Error('secret detail')));
    const answer = await broken.request('/api/v1/status');
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret');
  });
});

describe('the admin listener', () => {
  const asked: string[] = [];
  const databases = [
    { name: 'a', request: (task: ScheduledTaskName) => (asked.push(`a ${task}`), 'accepted' as const) },
    { name: 'b', request: () => 'not-leading' as const },
  ];

  function order(path: string, remoteAddress = '127.0.0.1', init: RequestInit = { method: 'POST' }): Response | Promise<Response> {
    return createAdminApp(databases, silentLogger).request(path, init, { incoming: { socket: { remoteAddress } } });
  }

  it('passes a task on to every database, and accepts when one does', async () => {
    const answer = await order('/-/run?task=retention');
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({
      task: 'retention',
      databases: [
        { database: 'a', answer: 'accepted' },
        { database: 'b', answer: 'not-leading' },
      ],
    });
    expect(asked.at(-1)).toBe('a retention');
    expect((await order('/-/run?task=collect&database=b')).status).toBe(409);
  });

  it.each(['10.0.0.7', '::ffff:192.168.1.1', '2001:db8::1', '128.0.0.1'])('refuses a caller on %s', async (address) => {
    expect((await order('/-/run?task=collect', address)).status).toBe(403);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])('listens to a caller on %s', async (address) => {
    expect((await order('/-/run?task=collect', address)).status).toBe(202);
  });

  it('refuses web pages', async () => {
    expect((await order('/-/run?task=collect', '127.0.0.1', { method: 'POST', headers: { origin: 'null' } })).status).toBe(403);
  });
});
