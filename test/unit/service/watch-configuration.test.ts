import { mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../src/postgres/clock.ts';
import { watchConfiguration } from '../../../src/service/watch-configuration.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { waitFor } from '../../support/wait-for.ts';

/** Never polls: whatever is noticed was told by the system. */
const standing: Clock = {
  ...systemClock,
  sleep: (_, signal) => systemClock.sleep(2 ** 31 - 1, signal),
};

function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'ptd-watch-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function countChecks(file: string, change: () => Promise<void>, clock: Clock = standing): Promise<number> {
  const end = new AbortController();
  let checks = 0;
  const check = async (): Promise<void> => {
    checks += 1;
  };
  const watching = watchConfiguration(file, check, { clock, logger: silentLogger }, end.signal);
  try {
    await change();
    return await waitFor(
      'a look at the file',
      () => checks,
      (seen) => seen > 0,
    );
  } finally {
    end.abort(new Error('the test has ended'));
    await watching;
  }
}

describe('watching the configuration file', () => {
  it.each([
    ['is written', async (file: string) => writeFile(file, 'new')],
    ['is replaced', async (file: string) => (await writeFile(`${file}.new`, 'new'), await rename(`${file}.new`, file))],
  ])('looks at it when it %s', async (_, change) => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'partitiond.yaml');
    await writeFile(file, 'old');
    expect(await countChecks(file, () => change(file))).toBeGreaterThan(0);
  });

  it('looks at it when the link of a ConfigMap is swapped', async () => {
    using folder = temporaryFolder();
    const path = (name: string): string => join(folder.path, name);
    for (const version of ['..1', '..2']) {
      await mkdir(path(version));
      await writeFile(path(`${version}/partitiond.yaml`), version);
    }
    await symlink('..1', path('..data'));
    await symlink('..data/partitiond.yaml', path('partitiond.yaml'));
    const swap = async (): Promise<void> => {
      await symlink('..2', path('..data_tmp'));
      await rename(path('..data_tmp'), path('..data'));
    };
    expect(await countChecks(path('partitiond.yaml'), swap)).toBeGreaterThan(0);
  });

  it('looks now and then where nothing tells of changes', async () => {
    const quick: Clock = { ...systemClock, sleep: (_, signal) => systemClock.sleep(10, signal) };
    expect(await countChecks('/nonexistent/partitiond.yaml', async () => undefined, quick)).toBeGreaterThan(0);
  });
});
