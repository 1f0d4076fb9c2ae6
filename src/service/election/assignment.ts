import { isDeepStrictEqual } from 'node:util';
import type { DatabasePolicy } from '../../partition/policy.ts';
import type { Surroundings } from '../surroundings.ts';

/** What a database's worker has been told to do; another one after a reload. */
export interface Assignment {
  readonly database: DatabasePolicy;
  readonly surroundings: Surroundings;
}

/** What a reload means for a term: nothing, a new epoch on the same lock, or another lock on a new connection. */
export function compareAssignments(before: Assignment, after: Assignment): 'same' | 'new-epoch' | 'new-connection' {
  const [old, now] = [before.surroundings.configuration, after.surroundings.configuration];
  const isElsewhere =
    !isDeepStrictEqual(before.database.connection, after.database.connection) ||
    before.database.journalSchema !== after.database.journalSchema ||
    old.leadership.enabled !== now.leadership.enabled;
  if (isElsewhere) return 'new-connection';
  // Listeners, the log and other databases are no matter of a term.
  const relevant = ({ database, surroundings: { configuration } }: Assignment): unknown => {
    const { schedules, safety, metrics, journal } = configuration;
    return { database, schedules, safety, metrics, journal };
  };
  return isDeepStrictEqual(relevant(before), relevant(after)) ? 'same' : 'new-epoch';
}
