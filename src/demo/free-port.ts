import { once } from 'node:events';
import { createServer } from 'node:net';

const tries = 100;

/** `wanted`, or the next port of 127.0.0.1 above it that nobody listens on and that is not among `taken`; 0 asks the system for any. */
export async function freePort(wanted: number, taken: readonly number[] = []): Promise<number> {
  for (let port = wanted; port < wanted + tries && port < 65_536; port++) {
    const found = taken.includes(port) ? null : await tryPort(port);
    if (found !== null) return found;
  }
  return await freePort(0);
}

async function tryPort(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return address === null || typeof address === 'string' ? null : address.port;
  } catch {
    return null;
  } finally {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
  }
}
