import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'vitest';

/** Where `.ci/install-deploy-tools` puts what Go builds. */
export const toolsFolder: string = process.env['PARTITIOND_TOOLS'] ?? join(homedir(), '.cache/partitiond/tools');

/** Daemons are installed in sbin; the search path of an ordinary user leaves it out. */
const folders: readonly string[] = [toolsFolder, ...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/**
 * The path of an outside program. Where it is missing the rest of the test is skipped with a printed reason that ends in `howToInstall`;
 * with REQUIRE_TOOLS=1, as in `.ci/run`, the test fails instead.
 */
export function findProgram(context: TestContext, name: string, howToInstall: string): string {
  const found = folders.map((folder) => join(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  const reason = `${name} not found: ${howToInstall}`;
  if (process.env['REQUIRE_TOOLS'] === '1') throw new Error(`${reason}; REQUIRE_TOOLS=1 forbids to skip`);
  console.warn(`skipped: ${context.task.name} (${reason})`);
  return context.skip(reason);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
