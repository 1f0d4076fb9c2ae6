import { once } from 'node:events';
import { appendFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { anyPorts, type Daemon, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { createAnswerCheck } from '../support/openapi.ts';
import { type PolicyFile, policyFile } from '../support/policy-file.ts';
import { waitFor } from '../support/wait-for.ts';

const tables = [
  '{ table: public.events, interval: 1 month, premake: 3, defaultPartition: managed, retention: { keep: 1 month, action: detach } }',
  '{ table: public.counts, interval: 1000 }',
  '{ table: public.missing, interval: 1 day }',
];

let check: Awaited<ReturnType<typeof createAnswerCheck>>;
beforeAll(async () => {
  check = await createAnswerCheck();
});

/** A database in which there is something of everything, beside one that is out of reach. */
async function writeSample(database: TestDatabase): Promise<PolicyFile> {
  await database.query(`
    CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE public.events_old PARTITION OF public.events FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
    CREATE TABLE public.counts (id int8 NOT NULL) PARTITION BY RANGE (id)`);
  const file = policyFile(database, tables, anyPorts);
  await appendFile(file.path, `  - { name: gone, url: "postgresql://u@127.0.0.1:1/x", tables: [${tables[1]}] }\n`);
  return file;
}

/** The answer, after comparing it with the document. */
async function ask(method: string, base: string, path: string, status: number): Promise<Readonly<Record<string, unknown>>> {
  const answer = await fetch(base + path, { method });
  const body: unknown = await answer.json();
  expect({ path, status: answer.status, body }).toMatchObject({ status });
  expect(check(method, path.replace(/\?.*/, ''), status, body), JSON.stringify(body)).toBeNull();
  return body as Readonly<Record<string, unknown>>;
}

async function startReady(file: PolicyFile): Promise<Daemon> {
  const daemon = await startDaemon(file.path);
  await daemon.waitForSample('collector_success{database="app",collector="catalog"}', 1, { timeoutMs: 60_000 });
  return daemon;
}

describe('docs/openapi.yaml', () => {
  it('describes what /api/v1 answers', async () => {
    await using database = await createDatabase();
    using file = await writeSample(database);
    await using daemon = await startReady(file);
    const status = await ask('GET', daemon.http, '/api/v1/status', 200);
    expect(status).toMatchObject({
      databases: [
        { database: 'app', paused: null, leadership: { isLeading: true, epoch: '1', refused: null } },
        { database: 'gone', error: expect.any(String), leadership: { isLeading: false, epoch: null } },
      ],
    });
    await ask('POST', daemon.admin, '/-/pause?database=app', 200);
    expect((await ask('GET', daemon.http, '/api/v1/partitions?limit=10000', 200))['errors']).toMatchObject([
      { database: 'gone', table: null },
    ]);
    // An answer is shared for a second.
    await waitFor(
      'the pause',
      () => daemon.status(),
      ({ databases }) => databases[0]?.paused !== null,
    );
    expect(await ask('GET', daemon.http, '/api/v1/status', 200)).toMatchObject({
      databases: [{ paused: { reason: 'no reason given' } }, {}],
    });
  });

  it('describes a database that accepts a connection and says nothing, which holds up no other', async () => {
    await using database = await createDatabase();
    using file = policyFile(database, tables, anyPorts);
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await appendFile(
      file.path,
      `  - { name: silent, url: "postgresql://u@127.0.0.1:${port}/x?connect_timeout=60", tables: [${tables[1]}] }\n`,
    );
    await using daemon = await startReady(file);
    const answered: string[] = [];
    const time = async (path: string): Promise<unknown> => {
      const answer = await ask('GET', daemon.http, path, 200);
      answered.push(path);
      return answer;
    };
    const status = time('/api/v1/status');
    for (const query of ['?database=app', '?table=events']) await time(`/api/v1/partitions${query}`);
    expect(await status).toMatchObject({ databases: [{ error: null }, { error: 'The database has not answered within 5 s.' }] });
    expect(answered).toEqual(['/api/v1/partitions?database=app', '/api/v1/partitions?table=events', '/api/v1/status']);
    silent.close();
  });

  it('describes pages of partitions, and refusals of queries', async () => {
    await using database = await createDatabase();
    using file = await writeSample(database);
    await using daemon = await startReady(file);
    const partitions = async (query: string): Promise<Readonly<Record<string, unknown>>> =>
      await ask('GET', daemon.http, `/api/v1/partitions${query}`, 200);
    const all = await partitions('?database=app&table=events');
    const { total } = all;
    expect(total).toBeGreaterThan(5);
    expect(all).toMatchObject({ offset: 0, limit: 1000, nextOffset: null, errors: [] });
    const paged: unknown[] = [];
    let offset: unknown = 0;
    while (typeof offset === 'number') {
      const page = await partitions(`?database=app&table=public.events&limit=4&offset=${offset}`);
      expect(page['total']).toBe(total);
      paged.push(...(page['partitions'] as unknown[]));
      offset = page['nextOffset'];
    }
    expect(offset).toBeNull();
    expect(paged).toEqual(all['partitions']);
    expect(await partitions('?state=default')).toMatchObject({ total: 1, partitions: [{ database: 'app', table: 'public.events' }] });
    expect(await partitions('?offset=100000')).toMatchObject({ partitions: [], nextOffset: null });

    for (const query of [
      '?limit=0',
      '?limit=10001',
      '?offset=-1',
      '?state=odd',
      '?database=nope',
      '?table=nope',
      '?page=1',
      '?limit=1&limit=2',
    ])
      await ask('GET', daemon.http, `/api/v1/partitions${query}`, 400);
    const { error } = await ask('GET', daemon.http, '/api/v1/partitions?limit=x&state=odd', 400);
    expect(error).toMatch(/^state: .* limit: "x" is no whole number from 1 to 10000\.$/);
  });

  it('describes what orders answer', async () => {
    await using database = await createDatabase();
    using file = await writeSample(database);
    await using daemon = await startReady(file);
    const order = (path: string, status: number): Promise<unknown> => ask('POST', daemon.admin, path, status);
    await order('/-/run?task=provision', 202);
    await order('/-/run?task=provision&database=gone', 409);
    await order('/-/run?task=nonsense', 404);
    await order('/-/reload', 200);
    await order('/-/pause?database=app&reason=test', 200);
    await order('/-/pause', 503);
    await order('/-/resume?database=nonsense', 404);
    await order('/-/resume?database=app', 200);
    await writeFile(file.path, 'databases: [{ nme: app }]');
    await order('/-/reload', 422);
    await order('/-/drain', 200);
    await ask('GET', daemon.admin, '/-/drain', 200);
    const page = await fetch(`${daemon.admin}/-/reload`, { method: 'POST', headers: { origin: 'http://example.org' } });
    expect(check('POST', '/-/reload', page.status, await page.json())).toBeNull();
  });
});
