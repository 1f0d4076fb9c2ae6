import { describe, expect, it } from 'vitest';
import type { ConfigurationFile } from '../../../src/config/configuration-file.ts';
import { parseConfiguration } from '../../../src/config/parse-configuration.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import { Reloader } from '../../../src/service/reloader.ts';
import type { Surroundings } from '../../../src/service/surroundings.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { configurationOf, silentSurroundings } from '../../support/surroundings.ts';

const before = configurationOf(['app']);
const after = configurationOf(['app', 'other']);
const unending = new AbortController().signal;

/** A reloader of a file whose texts are read one after the other, the last one ever after; `sleep` is how it waits between. */
function reloaderOf(texts: string[], sleep: () => Promise<void> = async () => undefined) {
  const loaded: (readonly string[])[] = [];
  let surroundings: Surroundings = silentSurroundings(['app'], { ...systemClock, sleep });
  const fleet = {
    get surroundings(): Surroundings {
      return surroundings;
    },
    adopt: async (next: Surroundings) => {
      surroundings = next;
      loaded.push(next.configuration.databases.map(({ name }) => name));
      return { added: [], removed: [], changed: [] };
    },
  };
  const file: ConfigurationFile = {
    name: '/test/partitiond.yaml',
    read: async () => (texts.length > 1 ? texts.shift() : texts[0]) ?? '',
    parse: (text) => parseConfiguration({ text, source: 'test', env: {}, folder: '/' }),
  };
  return { loaded, reloader: new Reloader(file, before, fleet, { ...silentLogger, change: () => undefined }) };
}

describe('the reloader', () => {
  it('loads a changed file once, when it has stayed the same for a moment', async () => {
    const { reloader, loaded } = reloaderOf([after.slice(0, 10), after.slice(0, 50), after]);
    await reloader.check(unending);
    await reloader.check(unending);
    expect(loaded).toEqual([['app', 'other']]);
  });

  it('leaves a file alone that is what it was before', async () => {
    const { reloader, loaded } = reloaderOf([before, after, before]);
    await reloader.check(unending);
    await reloader.check(unending);
    expect(loaded).toEqual([]);
  });

  it('loads what is there when a file never stays the same', async () => {
    const { reloader, loaded } = reloaderOf(Array.from({ length: 100 }, (_, change) => `${after}# ${change}\n`));
    await reloader.check(unending);
    expect(loaded).toEqual([['app', 'other']]);
  });

  it('carries out an order while a file is being written', async () => {
    const { reloader, loaded } = reloaderOf([`${after}#`, after], () => new Promise(() => undefined));
    let isChecked = false;
    const checking = reloader.check(unending).finally(() => {
      isChecked = true;
    });
    checking.catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await reloader.reload('SIGHUP')).toMatchObject({ kind: 'loaded' });
    expect(loaded).toEqual([['app', 'other']]);
    expect(isChecked).toBe(false);
  });

  it('loads on request what has not changed', async () => {
    const { reloader, loaded } = reloaderOf([before]);
    await reloader.reload('request');
    expect(loaded).toEqual([['app']]);
  });

  it('keeps what is in force when the file cannot be used, and says why', async () => {
    const { reloader, loaded } = reloaderOf(['databases: [']);
    expect(await reloader.reload('request')).toMatchObject({ kind: 'failed', error: expect.any(String) });
    expect(loaded).toEqual([]);
  });
});
