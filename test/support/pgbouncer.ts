import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { TestContext } from 'vitest';
import { freePort } from '../../src/demo/free-port.ts';
import { requireTool } from './require-tool.ts';
import { postgresUser, type SystemUser } from './system-user.ts';
import { shortTemporaryFolder } from './temporary-folder.ts';
import { waitFor } from './wait-for.ts';

export interface PgBouncerOptions {
  readonly poolMode: 'session' | 'transaction' | 'statement';
  /** Further lines of the section [pgbouncer]. */
  readonly settings?: Readonly<Record<string, string | number>>;
}

/** A real PgBouncer; `await using` ends it. */
export interface PgBouncer extends AsyncDisposable {
  /** The database, through the pool. */
  readonly url: string;
  /** All that it has logged so far. */
  log(): Promise<string>;
  /** Rows of one of its SHOW commands. */
  show(what: string): Promise<readonly Readonly<Record<string, string>>[]>;
}

/**
 * Dies with us, however we end: the shell reads our end of the pipe. PgBouncer refuses to run as root, so the shell does not either.
 * The trap lets the shell outlive a Ctrl-C by as much as it takes to clean up.
 */
const script = `
trap '' INT TERM HUP
"$1" "$2/pgbouncer.ini" < /dev/null > "$2/pgbouncer.log" 2>&1 &
cat > /dev/null
kill "$!" 2> /dev/null
wait "$!"
rm -rf "$2"
`;

/** Starts PgBouncer on a free port of 127.0.0.1 in front of `database` (of `createDatabase`); where it is not installed the test is skipped. */
export async function startPgBouncer(
  context: TestContext,
  database: { readonly url: string },
  options: PgBouncerOptions,
): Promise<PgBouncer> {
  const binary = requireTool(context, 'pgbouncer', 'pgbouncer');
  const user = await postgresUser();
  const folder = await mkdtemp(join(shortTemporaryFolder(), 'pb-'));
  const port = await freePort(0);
  await writeFile(join(folder, 'pgbouncer.ini'), configuration(database.url, port, options), { mode: 0o644 });
  if (user !== null) await chown(folder, user.uid, user.gid);
  const shell = spawn('sh', ['-c', script, 'sh', binary, folder], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    ...identity(user),
  });
  const exited = once(shell, 'exit');
  const url = new URL(database.url);
  url.search = '';
  url.host = `127.0.0.1:${port}`;
  const bouncer: PgBouncer = {
    url: url.href,
    log: () => readFile(join(folder, 'pgbouncer.log'), 'utf8').catch(() => ''),
    show: (what) => show(port, what),
    [Symbol.asyncDispose]: async () => {
      shell.stdin?.end();
      await exited;
    },
  };
  try {
    await waitFor(
      'PgBouncer to answer',
      async () => bouncer.show('VERSION').catch(async () => bouncer.log()),
      (seen) => typeof seen !== 'string',
    );
    return bouncer;
  } catch (error) {
    await bouncer[Symbol.asyncDispose]();
    throw error;
  }
}

function identity(user: SystemUser | null): { readonly uid: number; readonly gid: number } | Record<string, never> {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}

/** Whoever comes is let in, as the role that the database's URL names. */
function configuration(databaseUrl: string, port: number, options: PgBouncerOptions): string {
  const url = new URL(databaseUrl);
  const target = {
    host: url.searchParams.get('host') ?? url.hostname,
    port: url.searchParams.get('port') ?? (url.port === '' ? '5432' : url.port),
    dbname: decodeURIComponent(url.pathname.slice(1)),
    user: decodeURIComponent(url.username),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
  };
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'any',
    admin_users: 'admin',
    pool_mode: options.poolMode,
    ...options.settings,
  };
  return [
    '[databases]',
    `${target.dbname} = ${Object.entries(target)
      .map(([key, value]) => `${key}=${value}`)
      .join(' ')}`,
    '[pgbouncer]',
    ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`),
    '',
  ].join('\n');
}

async function show(port: number, what: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'admin', database: 'pgbouncer' });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, string>>(`SHOW ${what}`)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}
