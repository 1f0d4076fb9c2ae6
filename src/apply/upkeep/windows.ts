import type { MaintenanceWindow } from '../../partition/policy.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { UpkeepContext } from './upkeep-context.ts';

/** A closed window is asked about again after this, for thousands of steps may ask. Microseconds. */
const believedMicros = 1_000_000n;

/** Which windows are open; what a schedule means is asked of whoever knows, as seldom as it can change. */
export class Windows {
  readonly #windowEnd: UpkeepContext['windowEnd'];
  readonly #known = new Map<string, { readonly isOpen: boolean; readonly until: EpochMicros }>();

  constructor(windowEnd: UpkeepContext['windowEnd']) {
    this.#windowEnd = windowEnd;
  }

  /** Without a window, always. `now`: of the database's clock. */
  isOpen(window: MaintenanceWindow | null, now: EpochMicros): boolean {
    if (window === null) return true;
    const key = `${window.cron}|${window.durationMs}|${window.timezone}`;
    const known = this.#known.get(key);
    if (known !== undefined && now < known.until) return known.isOpen;
    const end = this.#windowEnd(window, now);
    this.#known.set(key, { isOpen: end !== null, until: end ?? now + believedMicros });
    return end !== null;
  }
}
