import type { Clock } from '../../postgres/clock.ts';
import type { ServedStatus } from '../http/status-reader.ts';

/** What the page shows. */
export interface PageReading {
  readonly statuses: readonly ServedStatus[];
  /** Milliseconds since it was read, where a newer reading is under way; null where this is the newest. */
  readonly ageMs: number | null;
}

/** Nobody waits longer than that for a page while there is a reading to show. */
const patienceMs = 100;

/** So old a reading is shown to nobody; twice the time between two refreshes of an open page. */
const oldestMs = 60_000;

/** So new a reading is as good as another; also lets a page that was shown an old one come back for the one that was under way. */
const newMs = 2_000;

/**
 * Reads for people: when a reading of the databases takes its time, the last one is shown meanwhile, with its age. Rejects when `readStatus`
 * does and there is nothing to show.
 */
export function createPatientReader(readStatus: () => Promise<readonly ServedStatus[]>, clock: Clock): () => Promise<PageReading> {
  let last: { readonly statuses: readonly ServedStatus[]; readonly atMs: number } | null = null;
  let underWay: Promise<readonly ServedStatus[]> | null = null;
  const start = async (): Promise<readonly ServedStatus[]> => {
    try {
      const statuses = await readStatus();
      last = { statuses, atMs: clock.monotonicMs() };
      return statuses;
    } finally {
      underWay = null;
    }
  };
  return async () => {
    const known = last;
    const ageMs = known === null ? Number.POSITIVE_INFINITY : clock.monotonicMs() - known.atMs;
    if (known !== null && ageMs <= newMs) return { statuses: known.statuses, ageMs: null };
    underWay ??= start();
    const reading = underWay;
    if (known === null || ageMs > oldestMs) return { statuses: await reading, ageMs: null };
    const fresh = await withinPatience(reading, clock);
    return fresh === null ? { statuses: known.statuses, ageMs } : { statuses: fresh, ageMs: null };
  };
}

/** Null when it takes too long, or fails: the next one who asks is told. */
async function withinPatience(reading: Promise<readonly ServedStatus[]>, clock: Clock): Promise<readonly ServedStatus[] | null> {
  const ended = new AbortController();
  const tooLate = clock.sleep(patienceMs, ended.signal).then(
    () => null,
    () => null,
  );
  try {
    return await Promise.race([reading.catch(() => null), tooLate]);
  } finally {
    ended.abort();
  }
}
