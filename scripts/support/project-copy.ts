import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** A throw-away copy of the project's files, with the installed packages linked. */
export interface ProjectCopy {
  readonly folder: string;
  /** Null when there is no such file. */
  read(path: string): Promise<string | null>;
  write(path: string, text: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Copies what git tracks or would track. A crash leaves a folder in the temporary folder and the project itself untouched. */
export async function createProjectCopy(): Promise<ProjectCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'partitiond-mutants-'));
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    maxBuffer: 1 << 26,
  });
  for (const path of stdout.split('\0').filter((name) => name !== '')) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    // A link stays as it was written, or it would lead out of the copy, back to the project. A file that is tracked but deleted in the
    // working tree is not part of the project.
    await cp(path, join(folder, path), { verbatimSymlinks: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    read: (path) => readFile(join(folder, path), 'utf8').catch(() => null),
    write: (path, text) => writeFile(join(folder, path), text),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
