import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/postgres/clock.ts';
import { type AdminParts, createAdminApp } from '../../../src/service/http/admin-app.ts';
import { createPublicApp } from '../../../src/service/http/public-app.ts';
import type { ServedStatus } from '../../../src/service/http/status-reader.ts';
import { Readiness } from '../../../src/service/readiness.ts';
import type { ScheduledTaskName } from '../../../src/service/tasks/schedule.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

function publicApp(readiness = new Readiness([], systemClock), readStatus: () => Promise<readonly ServedStatus[]> = async () => []) {
  const metrics = createMetrics({
    version: '1',
    revision: '',
    databases: ['app'],
    limits: { partitions: 'top', topPerTable: 20, maxSeries: 50_000 },
    nowSeconds: () => 1,
  });
  return createPublicApp({
    metrics,
    readiness,
    readStatus,
    databases: () => [],
    clock: systemClock,
    logger: silentLogger,
    version: '1.2.3<script>',
  });
}

describe('the public listener', () => {
  it('serves metrics in the text format, gzipped when asked', async () => {
    const plain = await publicApp().request('/metrics');
    expect(plain.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await plain.text()).toContain('# TYPE partitiond_leader gauge');
    const zipped = await publicApp().request('/metrics', { headers: { 'accept-encoding': 'gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
  });

  it('answers HEAD as GET, without a body', async () => {
    const head = await publicApp().request('/metrics', { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
    expect({ status: head.status, type: head.headers.get('content-type'), text: await head.text() }).toEqual({
      status: 200,
      type: 'text/plain; version=0.0.4; charset=utf-8',
      text: '',
    });
  });

  it.each(['/', '/page.css', '/page.js', '/metrics', '/livez', '/readyz', '/api/v1/status', '/api/v1/partitions'])(
    'only reads: POST %s is refused',
    async (path) => {
      const refused = await publicApp().request(path, { method: 'POST' });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    },
  );

  it('refuses a body of more than 1,024 bytes and a URL of more than 2,048 characters', async () => {
    const post = (length: number) => publicApp().request('/metrics', { method: 'POST', body: 'x'.repeat(length) });
    expect([(await post(1_024)).status, (await post(1_025)).status]).toEqual([405, 413]);
    expect((await publicApp().request(`/livez?${'x'.repeat(2_049)}`)).status).toBe(414);
  });

  it('names neither itself nor its library in headers', async () => {
    const { headers } = await publicApp().request('/');
    expect(headers.get('server')).toBeNull();
    expect(headers.get('x-powered-by')).toBeNull();
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is ready between its start and its stop', async () => {
    const readiness = new Readiness([], systemClock);
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
    const app = publicApp(new Readiness([database], systemClock));
    expect((await app.request('/livez')).status).toBe(200);
    database.unconfirmedMs = 30_001;
    const dead = await app.request('/livez');
    expect(dead.status).toBe(503);
    expect(await dead.text()).toContain('app');
  });

  it('links what it serves on its first page, and escapes', async () => {
    const text = await (await publicApp().request('/')).text();
    for (const path of ['/metrics', '/livez', '/readyz', '/api/v1/status', '/api/v1/partitions'])
      expect(text).toContain(`href="${path.slice(1)}"`);
    for (const path of ['run', 'reload', 'pause', 'resume', 'drain']) expect(text).toContain(`POST /-/${path}`);
    expect(text).not.toContain('<script>');
  });

  it('serves a page that may load nothing but its own style and script', async () => {
    const app = publicApp();
    const page = await app.request('/');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    const used = [...(await page.text()).matchAll(/(?:<link rel="stylesheet" href|<script src)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(used).toEqual(['page.css', 'page.js']);
    for (const [index, type] of ['text/css; charset=utf-8', 'text/javascript; charset=utf-8'].entries()) {
      const asset = await app.request(`/${used[index] ?? ''}`);
      expect([asset.status, asset.headers.get('content-type')]).toEqual([200, type]);
      expect(await asset.text()).not.toMatch(/https?:|@import|url\(/);
    }
  });

  it('lets the page and the API ask the databases for four readers at a time, together', async () => {
    const waiting: (() => void)[] = [];
    const app = publicApp(undefined, async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return [];
    });
    const asked = ['/', '/api/v1/status', '/', '/api/v1/status'].map(async (path) => await app.request(path));
    await new Promise((resolve) => setImmediate(resolve));
    expect([(await app.request('/')).status, (await app.request('/api/v1/status')).status]).toEqual([503, 503]);
    for (const answer of waiting) answer();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('answers 404 for anything else and 500 without details when something breaks', async () => {
    expect((await publicApp().request('/nothing')).status).toBe(404);
    const broken = publicApp(new Readiness([], systemClock), async () => Promise.reject(new Error('secret detail')));
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
    { name: 'c', request: () => 'paused' as const },
  ];
  const orders: AdminParts['orders'] = {
    reload: async () => ({ kind: 'loaded', added: ['b'], removed: [], changed: [], needsRestart: [] }),
    drain: async () => true,
    pause: async (database, reason) => {
      asked.push(`pause ${database} ${reason}`);
      return [{ database: 'a', answer: 'paused', error: null }];
    },
    resume: async () => [
      { database: 'a', answer: 'not-paused', error: null },
      { database: 'b', answer: 'failed', error: 'It is down.' },
    ],
  };
  const local = '127.0.0.1';

  function order(
    path: string,
    remoteAddress = local,
    init: RequestInit = { method: 'POST' },
    changed: Partial<AdminParts['orders']> = {},
  ): Response | Promise<Response> {
    const app = createAdminApp({ databases, orders: { ...orders, ...changed }, logger: silentLogger });
    return app.request(path, init, { incoming: { socket: { remoteAddress } } });
  }

  it('passes a task on to every database, and accepts when one does', async () => {
    const answer = await order('/-/run?task=retention');
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({
      task: 'retention',
      databases: [
        { database: 'a', answer: 'accepted' },
        { database: 'b', answer: 'not-leading' },
        { database: 'c', answer: 'paused' },
      ],
    });
    expect(asked.at(-1)).toBe('a retention');
    expect((await order('/-/run?task=collect&database=b')).status).toBe(409);
    const paused = await order('/-/run?task=provision&database=c');
    expect([paused.status, await paused.json()]).toEqual([409, { task: 'provision', databases: [{ database: 'c', answer: 'paused' }] }]);
  });

  it('asks for a task that is not named, and tells which there are', async () => {
    const unnamed = await order('/-/run');
    expect([unnamed.status, await unnamed.json()]).toEqual([
      404,
      { error: 'Name a task with ?task=NAME; tasks are provision, retention, maintenance, index, migrate, probe, collect.' },
    ]);
    expect(await (await order('/-/run?task=vacuum')).json()).toEqual({ error: expect.stringContaining('no task "vacuum"') });
  });

  it('tells what a reload has changed, and why one failed', async () => {
    const loaded = await order('/-/reload');
    expect([loaded.status, await loaded.json()]).toEqual([200, { added: ['b'], removed: [], changed: [], needsRestart: [] }]);
    const problems = [{ path: 'databases', message: 'is missing', line: 1 }];
    const failed = await order('/-/reload', local, undefined, {
      reload: async () => ({ kind: 'failed', error: 'It cannot be used.', problems }),
    });
    expect([failed.status, await failed.json()]).toEqual([422, { error: 'It cannot be used.', problems }]);
  });

  it('pauses and resumes, all databases or one, and says which could not be told', async () => {
    expect((await order('/-/pause?reason=load%20test&database=a')).status).toBe(200);
    expect(asked.at(-1)).toBe('pause a load test');
    await order('/-/pause');
    expect(asked.at(-1)).toBe('pause null no reason given');
    const resumed = await order('/-/resume');
    expect([resumed.status, await resumed.json()]).toMatchObject([
      503,
      { databases: [{ answer: 'not-paused' }, { error: 'It is down.' }] },
    ]);
    expect((await order('/-/pause?database=nonsense')).status).toBe(404);
  });

  it.each(['GET', 'POST'])('drains on %s, and says so when a lock is still held', async (method) => {
    const drained = await order('/-/drain', local, { method });
    expect([drained.status, await drained.json()]).toEqual([200, { drained: true }]);
    const late = await order('/-/drain', local, { method }, { drain: async () => false });
    expect([late.status, await late.json()]).toEqual([503, { drained: false }]);
  });

  it.each(['10.0.0.7', '::ffff:192.168.1.1', '2001:db8::1', '128.0.0.1'])('grants a caller on %s nothing but /-/drain', async (address) => {
    for (const path of ['/-/run?task=collect', '/-/reload', '/-/pause', '/-/resume', '/-/drain/', '/nothing'])
      expect((await order(path, address)).status, path).toBe(403);
    expect((await order('/-/drain', address, { method: 'GET' })).status).toBe(200);
  });

  it.each(['127.0.0.1', '127.1.2.3', '::1', '::ffff:127.0.0.1'])('listens to a caller on %s', async (address) => {
    expect((await order('/-/run?task=collect', address)).status).toBe(202);
  });

  it.each([{ origin: 'null' }, { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-origin' }])(
    'refuses web pages, which send %o',
    async (headers) => {
      for (const path of ['/-/run?task=collect', '/-/drain'])
        expect((await order(path, local, { method: 'POST', headers })).status).toBe(403);
    },
  );

  it('names the paths there are, and their methods', async () => {
    const unknown = await order('/-/quit');
    expect([unknown.status, await unknown.json()]).toEqual([404, { error: expect.stringContaining('POST /-/reload') }]);
    for (const path of ['/-/run', '/-/reload', '/-/pause', '/-/resume']) {
      const refused = await order(path, local, { method: 'GET' });
      expect([refused.status, refused.headers.get('allow')], path).toEqual([405, 'POST']);
    }
    expect((await order('/-/drain', local, { method: 'DELETE' })).headers.get('allow')).toBe('GET, POST');
  });
});
