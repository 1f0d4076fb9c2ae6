import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/postgres/clock.ts';
import { type HttpServer, listenHttp } from '../../../src/service/http/http-server.ts';
import { createPublicApp } from '../../../src/service/http/public-app.ts';
import { Readiness } from '../../../src/service/readiness.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { waitFor } from '../../support/wait-for.ts';

const exposition = 'partitiond_up 1\n'.repeat(200_000);

async function listen(text: string = exposition): Promise<HttpServer & AsyncDisposable> {
  const parts = {
    metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', render: async () => text },
    readiness: new Readiness([], systemClock),
    readStatus: async () => [],
    databases: () => [],
    clock: systemClock,
    logger: silentLogger,
    version: '1',
  };
  const server = await listenHttp(createPublicApp(parts), { host: '127.0.0.1', port: 0 }, 'http');
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** Without fetch, which decodes what it gets and says nothing about it. */
async function ask(url: string, method: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const sent = request(url, { method, headers, agent: false }).end();
  const answered = new Promise<Answer>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }));
    });
  });
  return await answered;
}

/** Sends bytes and answers with all that comes back until the other end hangs up. */
async function say(server: HttpServer, text: string): Promise<string> {
  const socket = connect(server.port, '127.0.0.1', () => socket.write(text));
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    answer += chunk;
  });
  // Being hung up on is an answer too.
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

describe('a listener', () => {
  it('compresses for whoever asks, and answers HEAD without a body', async () => {
    await using server = await listen();
    const zipped = await ask(`${server.url}/metrics`, 'GET', { 'accept-encoding': 'gzip' });
    expect(zipped.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(zipped.body.length).toBeLessThan(exposition.length / 10);
    expect(gunzipSync(zipped.body).toString()).toBe(exposition);
    const plain = await ask(`${server.url}/metrics`, 'GET', { 'accept-encoding': 'gzip;q=0' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.toString()).toBe(exposition);
    const head = await ask(`${server.url}/metrics`, 'HEAD', { 'accept-encoding': 'gzip' });
    expect([head.status, head.body.length, head.headers['content-type']]).toEqual([200, 0, 'text/plain; version=0.0.4; charset=utf-8']);
    for (const header of ['server', 'x-powered-by']) expect(head.headers[header]).toBeUndefined();
  });

  it('refuses headers of more than 16 kB, and a body of any length', async () => {
    await using server = await listen();
    expect(await say(server, `GET /livez HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(17_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    const chunk = `800\r\n${'x'.repeat(2_048)}\r\n`;
    const chunked = 'POST /livez HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n';
    expect(await say(server, `${chunked}${chunk.repeat(100)}0\r\n\r\n`)).toMatch(/^HTTP\/1.1 413 /);
  });

  it('takes 128 connections and hangs up on the next one', async () => {
    await using server = await listen();
    const sockets = Array.from({ length: 128 }, () => connect(server.port, '127.0.0.1'));
    try {
      await Promise.all(sockets.map((socket) => once(socket, 'connect')));
      expect(await say(server, 'GET /livez HTTP/1.1\r\nhost: a\r\n\r\n')).toBe('');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await waitFor(
      'a free connection',
      () => ask(`${server.url}/livez`, 'GET'),
      ({ status }) => status === 200,
    );
  });

  it('has 8 scrapes under way and no more, until their readers have taken them or gone', async () => {
    // More than the kernel takes off the program's hands.
    await using server = await listen(exposition.repeat(6));
    const sockets = Array.from({ length: 8 }, () => connect(server.port, '127.0.0.1'));
    const statuses = async (): Promise<number | undefined> => (await ask(`${server.url}/metrics`, 'HEAD')).status;
    try {
      // They ask and do not read.
      for (const socket of sockets) socket.pause().write('GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n');
      await waitFor('a refusal', statuses, (status) => status === 503);
      expect((await ask(`${server.url}/livez`, 'GET')).status).toBe(200);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await waitFor('an answer', statuses, (status) => status === 200);
    for (let scrape = 0; scrape < 9; scrape += 1) expect(await statuses()).toBe(200);
  });

  it('hangs up on a client that says nothing', async () => {
    const server = await listenHttp(new Hono(), { host: '127.0.0.1', port: 0 }, 'http', 200);
    const connectedAt = performance.now();
    expect(await say(server, '')).toBe('');
    // Long before Node's own limit for headers.
    expect(performance.now() - connectedAt).toBeLessThan(8_000);
    await server.close();
  });

  it('gives requests in work a second when it closes, and then cuts them off', async () => {
    const app = new Hono();
    app.get('/never', async () => await new Promise<Response>(() => undefined));
    const server = await listenHttp(app, { host: '127.0.0.1', port: 0 }, 'http');
    const asked = ask(`${server.url}/never`, 'GET').catch((error: unknown) => String(error));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const closingAt = performance.now();
    await server.close();
    expect(performance.now() - closingAt).toBeGreaterThan(800);
    expect(await asked).toContain('socket hang up');
  });
});
