import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from '../postgres/clock.ts';
import { errorFields } from '../telemetry/error-fields.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Nothing tells of a change on NFS, behind an overlay, or where the file is a link into another folder: so it is also looked at this often. */
const lookEveryMs = 5_000;

/**
 * Calls `check` whenever the file may have changed, and every few seconds besides, until `signal`; never two at a time. Watches the folder:
 * an editor replaces the file, and Kubernetes the link `..data` through which a ConfigMap's files are reached. `check` must not reject.
 */
export async function watchConfiguration(
  file: string,
  check: () => Promise<void>,
  context: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let nap = new AbortController();
  const wake = (): void => nap.abort(new Error('the configuration file may have changed'));
  const watcher = watchFolder(file, wake, context.logger);
  signal.addEventListener('abort', wake, { once: true });
  try {
    while (!signal.aborted) {
      await context.clock.sleep(lookEveryMs, nap.signal).catch(() => undefined);
      // Before the look: what changes from now on wakes the next nap.
      nap = new AbortController();
      if (!signal.aborted) await check();
    }
  } finally {
    signal.removeEventListener('abort', wake);
    watcher?.close();
  }
}

/** Null where the system has no watches left; looking now and then has to do there. */
function watchFolder(file: string, changed: () => void, logger: Logger): FSWatcher | null {
  const name = basename(file);
  const unwatched = (error: unknown): void =>
    logger.warn('configuration file not watched', { file, everyMs: lookEveryMs, ...errorFields(error) });
  try {
    const watcher = watch(dirname(file), { persistent: false }, (_, entry) => {
      if (entry === null || entry === name || entry.startsWith('..')) changed();
    });
    return watcher.on('error', unwatched);
  } catch (error) {
    unwatched(error);
    return null;
  }
}
