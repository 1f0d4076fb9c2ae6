import { once } from 'node:events';
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';

/** A network between the program and the server that can fail as networks do; `await using` cuts everything. */
export interface Network extends AsyncDisposable {
  /** The same database, reached through this network. */
  readonly url: string;
  /** From now on nothing gets through in either direction, and nobody is told: every connection is half-open, new ones too. */
  swallow(): void;
  /** Cuts all connections, and leads new ones to another server (a URL as for `startNetwork`), as a service does after a promotion. */
  redirect(url: string): void;
  /** What a client sends is kept here from the first piece on that matches, connection by connection, until it is released. */
  holdBack(pattern: RegExp): HeldBack;
  /** Connections made from now on reach the server this much later. */
  delayNew(ms: number): void;
}

export interface HeldBack {
  /** How many connections have something that is kept. */
  readonly count: number;
  /** Sends what was kept, late as it is, and keeps nothing more. */
  release(): void;
}

/** `url` names a server by its Unix socket, as those of the tests do, or by host and port. */
export async function startNetwork(url: string): Promise<Network> {
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  let delayMs = 0;
  let destination = target(url);
  let pattern: RegExp | null = null;
  const kept = new Map<Socket, Buffer[]>();
  /** Whether `bytes` for the server are kept back; a server's answers never are. */
  const keep = (to: Socket, bytes: Buffer): boolean => {
    const earlier = kept.get(to);
    if (earlier === undefined && pattern?.test(bytes.toString('latin1')) !== true) return false;
    kept.set(to, [...(earlier ?? []), bytes]);
    return true;
  };
  const forward = (from: Socket, to: Socket, isToServer: boolean): void => {
    sockets.add(from);
    from.on('close', () => {
      sockets.delete(from);
      if (!isSwallowing) to.destroy();
    });
    from.on('data', (bytes) => isSwallowing || (isToServer && keep(to, bytes)) || to.write(bytes));
    from.on('end', () => isSwallowing || to.end());
    from.on('error', () => to.destroy());
  };
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (near) => {
    setTimeout(() => {
      const far = dial({ ...destination, allowHalfOpen: true });
      forward(near, far, true);
      forward(far, near, false);
      near.resume();
    }, delayMs);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port.');
  const through = new URL(url);
  through.searchParams.delete('host');
  through.searchParams.delete('port');
  through.host = `127.0.0.1:${address.port}`;
  return {
    url: through.href,
    swallow: () => {
      isSwallowing = true;
    },
    redirect: (to) => {
      destination = target(to);
      for (const socket of sockets) socket.destroy();
    },
    holdBack: (what) => {
      pattern = what;
      return {
        get count() {
          return kept.size;
        },
        release: () => {
          pattern = null;
          for (const [to, pieces] of kept) for (const bytes of pieces) to.write(bytes);
          kept.clear();
        },
      };
    },
    delayNew: (ms) => {
      delayMs = ms;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function target(url: string): { readonly path: string } | { readonly host: string; readonly port: number } {
  const { hostname, port, searchParams } = new URL(url);
  const folder = searchParams.get('host');
  if (folder === null) return { host: hostname, port: Number(port || 5432) };
  return { path: join(folder, `.s.PGSQL.${searchParams.get('port') ?? 5432}`) };
}
