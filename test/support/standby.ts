import { appendFile, chmod, chown, cp, lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Cluster } from './cluster.ts';
import { postGuardian } from './guardian.ts';
import { postgresBinaries } from './postgres-binaries.ts';
import { postgresUser, type SystemUser } from './system-user.ts';
import { shortTemporaryFolder } from './temporary-folder.ts';

/**
 * A streaming standby of `primary`, running and caught up; `await using` stops it. There is no pg_basebackup among the binaries of the tests,
 * so the primary is stopped for a moment and its data folder copied; it runs again when this returns, and its sessions are gone.
 */
export async function startStandby(primary: Cluster): Promise<Cluster> {
  const user = await postgresUser();
  const folder = await mkdtemp(join(shortTemporaryFolder(), 'pd-'));
  const guardian = postGuardian(folder);
  try {
    if (user !== null) await chown(folder, user.uid, user.gid);
    await primary.stop('fast');
    await copyData(primary.folder, folder, user);
    await primary.start();
    const binaries = await postgresBinaries(primary.major, user);
    const standby = new Cluster({ major: primary.major, folder, binaries, user, guardian, tcpPort: null });
    await standby.start();
    return standby;
  } catch (error) {
    await guardian.dismiss();
    throw error;
  }
}

async function copyData(from: string, to: string, user: SystemUser | null): Promise<void> {
  const data = join(to, 'data');
  await cp(join(from, 'data'), data, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  await rm(join(data, 'postmaster.pid'), { force: true });
  const settings = [
    `unix_socket_directories = '${to}'`,
    `primary_conninfo = 'host=${from} port=5432 user=postgres application_name=standby'`,
  ];
  await appendFile(join(data, 'postgresql.conf'), `${settings.join('\n')}\n`);
  await writeFile(join(data, 'standby.signal'), '');
  await writeFile(join(to, 'server.log'), '');
  await own(to, user);
}

/** The server insists that its folder is its own and nobody else's. */
async function own(path: string, user: SystemUser | null): Promise<void> {
  const facts = await lstat(path);
  if (user !== null && !facts.isSymbolicLink()) await chown(path, user.uid, user.gid);
  if (facts.isFile()) await chmod(path, 0o600);
  if (!facts.isDirectory()) return;
  await chmod(path, 0o700);
  for (const entry of await readdir(path)) await own(join(path, entry), user);
}
