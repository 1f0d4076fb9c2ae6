import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** An account of the operating system, by number. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const userName = 'postgres';

/**
 * The account that PostgreSQL runs under: null for an ordinary user (it runs as ourselves), and for root, as which it refuses to start,
 * the system user `postgres`, which is created when missing.
 */
export async function postgresUser(): Promise<SystemUser | null> {
  if (process.getuid?.() !== 0) return null;
  const existing = await findUser();
  if (existing !== null) return existing;
  const failures: unknown[] = [];
  for (const [command, args] of createCommands) {
    // Two runs may create it at once; whoever comes second fails and finds the user all the same.
    await run(command, args, { user: null, cwd: '/' }).catch((error: unknown) => failures.push(error));
    const created = await findUser();
    if (created !== null) return created;
  }
  throw new AggregateError(
    failures,
    'PostgreSQL refuses to run as root, and neither useradd nor adduser could create the user "postgres".',
  );
}

const createCommands: readonly (readonly [string, readonly string[]])[] = [
  ['useradd', ['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent', '--shell', '/bin/sh', userName]],
  ['adduser', ['--system', '--group', '--no-create-home', userName]],
  ['adduser', ['-S', '-D', '-H', userName]],
];

async function findUser(): Promise<SystemUser | null> {
  try {
    const uid = await run('id', ['-u', userName], { user: null, cwd: '/' });
    const gid = await run('id', ['-g', userName], { user: null, cwd: '/' });
    return { name: userName, uid: Number(uid), gid: Number(gid) };
  } catch {
    return null;
  }
}

/** Runs a command to its end, as `user` (null: as ourselves), and returns its trimmed output. Throws with its output when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly user: SystemUser | null; readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<string> {
  const { user, cwd, env } = options;
  const identity = user === null ? {} : { uid: user.uid, gid: user.gid };
  try {
    const { stdout } = await promisify(execFile)(command, [...args], { cwd, ...identity, ...(env && { env }), maxBuffer: 1 << 26 });
    return stdout.trim();
  } catch (cause) {
    const stderr = typeof cause === 'object' && cause !== null && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new Error(`${command} ${args.join(' ')} failed: ${stderr === '' ? String(cause) : stderr}`, { cause });
  }
}
