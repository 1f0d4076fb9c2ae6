import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, chmod, chown, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { processEnvironment } from '../config/environment.ts';
import { UsageError } from '../errors.ts';
import { systemClock } from '../postgres/clock.ts';
import { connectSession } from '../postgres/session.ts';
import { freePort } from './free-port.ts';
import { type Guardian, postGuardian } from './guardian.ts';
import { installedPostgres, postgresBinaries } from './postgres-binaries.ts';
import { canAs, type ServerUser, serverUser } from './server-user.ts';

/** A running server with a superuser of its own, listening on 127.0.0.1 only. */
export interface DemoServer {
  /** Of the database `postgres`; with user and password. */
  readonly url: string;
  /** Temporary; holds the data directory and the server's log, and goes with `stop`. */
  readonly folder: string;
  /** Stops the server and removes the folder. */
  stop(): Promise<void>;
}

const startDeadlineMs = 30_000;
const portTries = 3;

/** Durability is of no use to data that lives as long as the demo; a small /dev/shm, as in many containers, is no reason to fail. */
const serverSettings = [
  'fsync = off',
  'full_page_writes = off',
  'synchronous_commit = off',
  'dynamic_shared_memory_type = mmap',
  "unix_socket_directories = ''",
];

/**
 * Makes a database cluster in a temporary folder and starts it. Throws `UsageError` (PD007) when it cannot, with the server's log, and the
 * signal's reason when interrupted; the folder is removed either way.
 */
export async function startServer(signal: AbortSignal): Promise<DemoServer> {
  // First of all: without the package, as in the image, there may be neither a shell nor a folder that can be written to.
  const installed = installedPostgres();
  const user = await serverUser();
  const base = (await canAs(user, 'cd "$1"', tmpdir())) ? tmpdir() : '/tmp';
  const folder = await mkdtemp(join(base, 'partitiond-demo-'));
  const guardian = postGuardian(folder);
  try {
    if (user !== null) await chown(folder, user.uid, user.gid);
    await chmod(folder, 0o700);
    const binaries = await postgresBinaries(installed, user, folder);
    const password = randomBytes(12).toString('hex');
    await initialise(binaries, folder, password, user);
    const url = await startOnFreePort(binaries, folder, password, user, signal);
    return { url, folder, stop: () => guardian.dismiss() };
  } catch (error) {
    await dismissQuietly(guardian);
    throw error;
  }
}

async function dismissQuietly(guardian: Guardian): Promise<void> {
  // The error that matters is the one that led here.
  await guardian.dismiss().catch(() => undefined);
}

async function initialise(binaries: string, folder: string, password: string, user: ServerUser | null): Promise<void> {
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user !== null) await chown(passwordFile, user.uid, user.gid);
  const data = join(folder, 'data');
  const args = [
    '--pgdata',
    data,
    '--username',
    'demo',
    '--pwfile',
    passwordFile,
    '--auth',
    'scram-sha-256',
    '--encoding',
    'UTF8',
    '--locale',
    'C',
    '--no-sync',
  ];
  try {
    await promisify(execFile)(join(binaries, 'bin', 'initdb'), args, { cwd: folder, env: environment(), ...identity(user) });
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : String(cause);
    throw new UsageError('PD007', `The demo's PostgreSQL could not be set up: ${said}`, { cause });
  }
  await appendFile(join(data, 'postgresql.conf'), `${serverSettings.join('\n')}\n`);
}

async function startOnFreePort(
  binaries: string,
  folder: string,
  password: string,
  user: ServerUser | null,
  signal: AbortSignal,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort(0);
    const url = `postgresql://demo:${password}@127.0.0.1:${port}/postgres`;
    const log = join(folder, `server-${attempt}.log`);
    const server = spawnServer(binaries, folder, port, log, user);
    if (await isReady(server, url, signal)) return url;
    const said = await readFile(log, 'utf8').catch(() => '');
    // Between freePort and the server's bind another program may have taken the port.
    if (attempt < portTries && /Address already in use/.test(said)) continue;
    throw new UsageError('PD007', `The demo's PostgreSQL did not start. Its log:\n${said}`);
  }
}

function spawnServer(binaries: string, folder: string, port: number, log: string, user: ServerUser | null): ChildProcess {
  // The shell opens the log as the server's own user; exec leaves no shell in between.
  const command = 'exec "$1" -D "$2" -p "$3" -h 127.0.0.1 > "$4" 2>&1';
  const args = [join(binaries, 'bin', 'postgres'), join(folder, 'data'), String(port), log];
  // Its own group: the guardian stops it, after us; the terminal's Ctrl-C must not, before.
  const server = spawn('sh', ['-c', command, 'sh', ...args], {
    cwd: folder,
    env: environment(),
    stdio: 'ignore',
    detached: true,
    ...identity(user),
  });
  server.on('error', () => undefined);
  server.unref();
  return server;
}

async function isReady(server: ChildProcess, url: string, signal: AbortSignal): Promise<boolean> {
  const deadline = systemClock.monotonicMs() + startDeadlineMs;
  while (server.exitCode === null && server.signalCode === null && systemClock.monotonicMs() < deadline) {
    await systemClock.sleep(50, signal);
    const settings = { applicationName: 'partitiond:demo', statementTimeoutMs: 5_000, lockTimeoutMs: 0 };
    const session = await connectSession({ kind: 'url', url }, settings, signal).catch(() => null);
    if (session === null) continue;
    await session.close();
    return true;
  }
  return false;
}

function identity(user: ServerUser | null): { readonly uid?: number; readonly gid?: number } {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}

/** The server must not inherit a PGPORT, PGDATA or TZ that changes what it is told here. */
function environment(): Record<string, string> {
  return { PATH: processEnvironment()['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' };
}
