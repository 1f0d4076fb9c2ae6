import type { SnapshotHolder } from '../../catalog/migration/old-snapshots.sql.ts';

/** Why an attempt was given up without harm, to be made again: the sentence names who or what was in the way. */
export class GivenUp extends Error {
  readonly outcome: 'lock-timeout' | 'drain' | 'snapshot';

  constructor(outcome: GivenUp['outcome'], message: string, cause?: unknown) {
    super(message, { cause });
    this.outcome = outcome;
  }
}

export function describeHolders(holders: readonly SnapshotHolder[]): string {
  return holders
    .slice(0, 5)
    .map(({ pid, application, user, state, ageMs }) => {
      const name = application === '' ? 'no application name' : application;
      return `pid ${pid} (${name}, user ${user}), ${state}, in a transaction for ${Math.round(ageMs)} ms`;
    })
    .join('; ');
}
