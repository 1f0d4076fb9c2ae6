import { get } from 'node:http';
import type { DaemonProcess } from './daemon-process.ts';

/** One scrape, from the request to the last byte. */
export interface Scrape {
  readonly ms: number;
  readonly firstByteMs: number;
  readonly bytes: number;
  readonly series: number;
}

/** Uncompressed, on a connection of its own, as the slowest scraper does. Throws the daemon's last words when it has ended. */
export async function scrapeMetrics(daemon: DaemonProcess): Promise<Scrape> {
  const start = performance.now();
  try {
    const { firstByteAt, endAt, body } = await read(`${daemon.url('http')}/metrics`);
    const lines = body.toString().split('\n');
    const series = lines.filter((line) => line !== '' && !line.startsWith('#')).length;
    return { ms: endAt - start, firstByteMs: firstByteAt - start, bytes: body.length, series };
  } catch (error) {
    await daemon.assertAlive();
    throw error;
  }
}

async function read(url: string): Promise<{ readonly firstByteAt: number; readonly endAt: number; readonly body: Buffer }> {
  return await new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      const firstByteAt = performance.now();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ firstByteAt, endAt: performance.now(), body: Buffer.concat(chunks) }));
    }).on('error', reject);
  });
}
