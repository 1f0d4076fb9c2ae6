/**
 * A PostgreSQL 15 with pg_partman from Debian's packages, installed on demand: both sides of a bench run on this one server. Needs root and
 * apt; where they are missing it says so and stops, for a bench without its peer would print half a result.
 */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';

const binaries = '/usr/lib/postgresql/15/bin';
const partmanControl = '/usr/share/postgresql/15/extension/pg_partman.control';

export interface PeerServer {
  /** URL of a database on the server. */
  url(database: string): string;
  client(database: string): Promise<pg.Client>;
  stop(): Promise<void>;
}

export async function startPeerServer(settings: Readonly<Record<string, string>> = {}): Promise<PeerServer> {
  installPeer();
  const user = userIds('postgres');
  const directory = mkdtempSync('/tmp/ptd-bench-');
  chownSync(directory, user.uid, user.gid);
  const cluster = join(directory, 'data');
  const as = process.getuid?.() === 0 ? user : {};
  execFileSync(join(binaries, 'initdb'), ['-D', cluster, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C'], {
    ...as,
    cwd: directory,
    stdio: 'ignore',
  });
  const options = { fsync: 'off', max_locks_per_transaction: '4096', max_wal_size: '8GB', shared_buffers: '512MB', ...settings };
  const flags = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = spawn(join(binaries, 'postgres'), ['-D', cluster, '-k', directory, '-c', 'listen_addresses=', ...flags], {
    ...as,
    cwd: directory,
    stdio: 'ignore',
  });
  const url = (database: string): string => `postgresql:///${database}?host=${directory}&user=postgres`;
  const client = async (database: string): Promise<pg.Client> => {
    const connected = new pg.Client({ connectionString: url(database) });
    connected.on('error', () => undefined);
    await connected.connect();
    return connected;
  };
  await ready(client);
  return {
    url,
    client,
    stop: async () => {
      server.kill('SIGINT');
      await new Promise((resolve) => server.once('exit', resolve));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function installPeer(): void {
  if (existsSync(partmanControl) && existsSync(binaries)) return;
  process.stderr.write('Installing postgresql-15 and postgresql-15-partman ...\n');
  try {
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-qq', 'postgresql-15', 'postgresql-15-partman'], { stdio: 'ignore' });
  } catch (cause) {
    throw new Error('The benches compare with pg_partman: install the Debian packages postgresql-15 and postgresql-15-partman.', { cause });
  }
}

function userIds(name: string): { readonly uid: number; readonly gid: number } {
  const id = (flag: string): number => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

async function ready(connect: (database: string) => Promise<pg.Client>): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      const probe = await connect('postgres');
      await probe.end();
      return;
    } catch {
      await delay(100);
    }
  }
  throw new Error('The bench server did not start within 10 s.');
}
