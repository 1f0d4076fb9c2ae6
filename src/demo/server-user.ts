import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UsageError } from '../errors.ts';

/** An account of the operating system that the server runs under. */
export interface ServerUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** `postgres` where the system has it; `nobody` everywhere else, so that a demo leaves no new account behind. */
const candidates = ['postgres', 'nobody'];
const lastResort = [
  ['useradd', '--system', '--user-group', '--no-create-home', 'postgres'],
  ['adduser', '-S', '-D', '-H', 'postgres'],
] as const;

/**
 * Null for an ordinary user, as whom the server simply runs. PostgreSQL refuses to run as root; for root an unprivileged account is found,
 * and made only where there is none at all.
 */
export async function serverUser(): Promise<ServerUser | null> {
  if (process.getuid?.() !== 0) return null;
  for (const name of candidates) {
    const user = await findUser(name);
    if (user !== null) return user;
  }
  for (const [command, ...args] of lastResort) {
    await promisify(execFile)(command, args).catch(() => undefined);
    const user = await findUser('postgres');
    if (user !== null) return user;
  }
  throw new UsageError(
    'PD007',
    'PostgreSQL refuses to run as root, and no account postgres or nobody was found; run the demo as an ordinary user.',
  );
}

/** Whether a shell test succeeds when `user` (null: this process's own) runs it; `$1` is `path`. */
export async function canAs(user: ServerUser | null, test: string, path: string): Promise<boolean> {
  const identity = user === null ? {} : { uid: user.uid, gid: user.gid };
  try {
    await promisify(execFile)('sh', ['-c', test, 'sh', path], { cwd: '/', ...identity });
    return true;
  } catch {
    return false;
  }
}

async function findUser(name: string): Promise<ServerUser | null> {
  try {
    const [uid, gid] = await Promise.all(['-u', '-g'].map((flag) => promisify(execFile)('id', [flag, name])));
    return { name, uid: Number(uid?.stdout), gid: Number(gid?.stdout) };
  } catch {
    return null;
  }
}
