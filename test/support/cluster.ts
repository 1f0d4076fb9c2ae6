import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, chmod, chown, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../src/demo/free-port.ts';
import { type Guardian, postGuardian } from './guardian.ts';
import { chosenMajor, type Major, postgresBinaries } from './postgres-binaries.ts';
import { postgresUser, run, type SystemUser } from './system-user.ts';
import { shortTemporaryFolder } from './temporary-folder.ts';

/** What a test may want to be different from the defaults below. */
export interface ClusterOptions {
  /** 14 to 18; by default the one that `PARTITIOND_TEST_PG` picks. */
  readonly major?: Major;
  /** Lines of postgresql.conf, as `{ fsync: 'on' }`; they win over the defaults. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Also listens on a free port of 127.0.0.1, where every role needs a password. Off by default. */
  readonly tcp?: boolean;
  /** Lines of pg_hba.conf that come before the usual ones. */
  readonly hba?: readonly string[];
}

/**
 * `fsync` off: the cluster lives as long as the run. The time zone moves by half an hour in summer and the dates read day first, so that a
 * session that forgets to pin either shows at once.
 */
const defaultSettings: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  wal_level: 'logical',
  max_connections: '100',
  max_locks_per_transaction: '256',
  max_prepared_transactions: '20',
  max_wal_size: '2GB',
  jit: 'off',
  // For tests of recorded statements; a database knows it only after CREATE EXTENSION.
  shared_preload_libraries: 'pg_stat_statements',
  // What the statistics say of a table is what the test did to it.
  autovacuum: 'off',
  TimeZone: 'Australia/Lord_Howe',
  DateStyle: 'SQL, DMY',
  log_line_prefix: '%m [%p] %q%a %d ',
  // A small /dev/shm, as in many containers, is no reason to fail.
  dynamic_shared_memory_type: 'mmap',
};

/** A superuser's URL for `database`; the server is reached by its socket folder, in a form that pg, libpq and WHATWG's URL all read. */
export function socketUrl(socketFolder: string, database: string): string {
  return `postgresql://postgres@localhost/${encodeURIComponent(database)}?host=${encodeURIComponent(socketFolder)}`;
}

/**
 * Starts a PostgreSQL of its own, for a test that crashes, restarts or configures the server; any other test uses `createDatabase()`.
 * Held by `await using`: the server stops and its folder goes at the end, and also when the test run is killed.
 * The superuser `postgres` needs no password on the socket, every other role needs one.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const major = options.major ?? chosenMajor();
  const user = await postgresUser();
  const binaries = await postgresBinaries(major, user);
  const folder = await mkdtemp(join(shortTemporaryFolder(), 'pd-'));
  const guardian = postGuardian(folder);
  try {
    if (user !== null) await chown(folder, user.uid, user.gid);
    await initialise(binaries, folder, user);
    const tcpPort = options.tcp === true ? await freePort(0) : null;
    await configure(folder, user, options, tcpPort);
    const cluster = new Cluster({ major, folder, binaries, user, guardian, tcpPort });
    await cluster.start();
    return cluster;
  } catch (error) {
    await guardian.dismiss();
    throw error;
  }
}

async function initialise(binaries: string, folder: string, user: SystemUser | null): Promise<void> {
  const data = join(folder, 'data');
  await run(
    join(binaries, 'bin', 'initdb'),
    ['--pgdata', data, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C', '--no-sync'],
    { user, cwd: folder, env: serverEnvironment() },
  );
}

async function configure(folder: string, user: SystemUser | null, options: ClusterOptions, tcpPort: number | null): Promise<void> {
  const settings = {
    ...defaultSettings,
    listen_addresses: tcpPort === null ? '' : '127.0.0.1',
    port: String(tcpPort ?? 5432),
    unix_socket_directories: folder,
    ...options.settings,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(folder, 'data', 'postgresql.conf'), lines.join(''));
  const rules = [
    ...(options.hba ?? []),
    'local all postgres trust',
    'local all all scram-sha-256',
    'local replication postgres trust',
    'host all all 127.0.0.1/32 scram-sha-256',
    'host replication all 127.0.0.1/32 scram-sha-256',
  ];
  await writeOwned(join(folder, 'data', 'pg_hba.conf'), `${rules.join('\n')}\n`, user);
  await writeOwned(join(folder, 'server.log'), '', user);
}

/** A umask of 077 would leave the server unable to read what root writes for it. */
async function writeOwned(path: string, text: string, user: SystemUser | null): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o600);
  if (user !== null) await chown(path, user.uid, user.gid);
}

/** The server must not inherit a PGPORT or TZ that changes what it is told here. */
function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C' };
}

interface ClusterParts {
  readonly major: Major;
  readonly folder: string;
  readonly binaries: string;
  readonly user: SystemUser | null;
  readonly guardian: Guardian;
  readonly tcpPort: number | null;
}

const startDeadlineMs = 30_000;
/** They notice within milliseconds; in a container without an init their remains may stay listed. */
const backendsDeadlineMs = 2_000;

/** Whether the server answers a query before it exits and before the deadline. */
async function isReady(server: ChildProcess, url: string, deadline: number): Promise<boolean> {
  while (server.exitCode === null && server.signalCode === null && performance.now() < deadline) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return true;
    } catch {
      await delay(20);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  return false;
}

async function backendPids(url: string): Promise<readonly number[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('SELECT pid AS "pid" FROM pg_catalog.pg_stat_activity');
    return rows.map(({ pid }) => pid);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A running server and what a test may do to it. */
export class Cluster {
  readonly major: Major;
  /** The socket folder; also holds `data/` and `server.log`. */
  readonly folder: string;
  /** The port on 127.0.0.1, or null without the option `tcp`. */
  readonly tcpPort: number | null;
  readonly #parts: ClusterParts;
  #server: ChildProcess | null = null;

  constructor(parts: ClusterParts) {
    this.major = parts.major;
    this.folder = parts.folder;
    this.tcpPort = parts.tcpPort;
    this.#parts = parts;
  }

  /** The superuser's URL of the database `postgres`, by socket. */
  get url(): string {
    return this.urlOf('postgres');
  }

  /** The superuser's URL of a database, by socket. */
  urlOf(database: string): string {
    const url = socketUrl(this.folder, database);
    return this.tcpPort === null ? url : `${url}&port=${this.tcpPort}`;
  }

  /** The postmaster's process id. */
  get pid(): number {
    const pid = this.#server?.pid;
    if (pid === undefined) throw new Error('The server is not running.');
    return pid;
  }

  /** Starts the stopped or killed server and waits until it answers queries. */
  async start(): Promise<void> {
    const deadline = performance.now() + startDeadlineMs;
    while (!(await this.#launch(deadline))) {
      // After a kill, backends that have not yet noticed still hold the shared memory, and a new postmaster refuses to start.
      const log = await this.log();
      const mayRetry = log.trimEnd().split('\n').slice(-3).join('\n').includes('shared memory block');
      if (!mayRetry || performance.now() > deadline) throw new Error(`PostgreSQL ${this.major} did not start. Its log:\n${log}`);
      await delay(50);
    }
  }

  async #launch(deadline: number): Promise<boolean> {
    const { binaries, folder, user } = this.#parts;
    const log = join(folder, 'server.log');
    const identity = user === null ? {} : { uid: user.uid, gid: user.gid };
    // The shell opens the log as the server's own user, and exec leaves no shell in between: the child is the postmaster.
    const server = spawn(
      'sh',
      ['-c', 'exec "$1" -D "$2" >> "$3" 2>&1', 'sh', join(binaries, 'bin', 'postgres'), join(folder, 'data'), log],
      {
        cwd: folder,
        env: serverEnvironment(),
        stdio: 'ignore',
        // Its own group: the guardian stops it, not the terminal's Ctrl-C.
        detached: true,
        ...identity,
      },
    );
    server.unref();
    this.#server = server;
    return isReady(server, this.url, deadline);
  }

  /** Stops the server: `fast` ends sessions and writes a checkpoint, `immediate` leaves crash recovery to the next start. */
  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.#signal(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  }

  /** SIGKILLs the postmaster, as the kernel's OOM killer would; returns when its backends have noticed and gone too. */
  async kill(): Promise<void> {
    const backends = await backendPids(this.url);
    await this.#signal('SIGKILL');
    const deadline = performance.now() + backendsDeadlineMs;
    while (backends.some(isAlive) && performance.now() < deadline) await delay(10);
  }

  async restart(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await this.stop(mode);
    await this.start();
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    if (server === null || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.ref();
    server.kill(signal);
    await exited;
    this.#server = null;
  }

  /** All that the server has logged so far. */
  async log(): Promise<string> {
    return readFile(join(this.folder, 'server.log'), 'utf8').catch(() => '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.guardian.dismiss();
    this.#server = null;
  }
}
