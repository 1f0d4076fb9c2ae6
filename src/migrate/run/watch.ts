import { MigrationError } from '../../errors.ts';
import { readMigration, renderBrakes } from '../../journal/migration/records.ts';
import { decodePause, pauseSql } from '../../journal/pause.ts';
import type { BrakeReason } from '../../partition/migration/status.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { emit } from '../transactions.ts';
import { readChangedDefinition } from './check-definition.ts';
import { readStatus } from './read-status.ts';

/** What looks after the phases while they are at work; `signal` ends them. */
export interface Watch {
  /** Aborted with the caller's reason, with `DefinitionChanged`, or with the error that keeps it from looking. */
  readonly signal: AbortSignal;
  /** Ends the looking and closes its session. Never throws. */
  stop(): Promise<void>;
}

/** The reason with which a watch ends the phases when somebody has changed the source. */
export class DefinitionChanged extends Error {}

const lookEveryMs = 1_000;

/**
 * Looks every second on a session of its own: at the definition of the source, at `partitiond pause`, and at how far the migration is, which it
 * tells as an event; writes down what brakes. The phases cannot do so, as a copy of hours is one call of theirs.
 */
export async function startWatch(engine: Engine, brakes: () => readonly BrakeReason[], signal: AbortSignal): Promise<Watch> {
  const ending = new AbortController();
  const stopping = new AbortController();
  const session = await engine.surroundings.connect('watch', signal);
  const forward = (): void => ending.abort(signal.reason);
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward, { once: true });
  const unlisten = engine.session.onLost((error) => ending.abort(error));
  const looking = lookOn(engine, session, brakes, AbortSignal.any([ending.signal, stopping.signal])).catch((error: unknown) => {
    if (!stopping.signal.aborted) ending.abort(error);
  });
  return {
    signal: ending.signal,
    stop: async () => {
      stopping.abort();
      await looking;
      unlisten();
      signal.removeEventListener('abort', forward);
      await session.close();
    },
  };
}

/** What must stop the phases, thrown: by the watch again and again, and by whoever is about to begin one. */
export async function assertMayGoOn(engine: Engine, session: Session, signal: AbortSignal): Promise<void> {
  const [pause] = await session.rows(pauseSql(engine.surroundings.journalSchema), [], decodePause, signal);
  if (pause !== undefined) {
    throw new MigrationError(
      'PD603',
      `Work on database ${engine.surroundings.database} was paused by ${pause.by}: ${pause.reason}. Run \`partitiond resume\`, then start again.`,
    );
  }
  const changed = await readChangedDefinition(engine, session, signal);
  if (changed !== null) throw new DefinitionChanged(changed);
}

async function lookOn(engine: Engine, session: Session, brakes: () => readonly BrakeReason[], signal: AbortSignal): Promise<never> {
  const { id, guardSql, surroundings, policy } = engine;
  const { journalSchema: schema, clock } = surroundings;
  let told = '';
  for (;;) {
    await assertMayGoOn(engine, session, signal);
    const held = brakes();
    if (held.join() !== told) await session.complete([guardSql, renderBrakes(schema, id, held)], signal);
    told = held.join();
    const record = await readMigration(session, schema, id, signal);
    emit(engine, { kind: 'migration-status', status: await readStatus(session, schema, record, policy.migration.verify.maxAgeMs, signal) });
    await clock.sleep(lookEveryMs, signal);
  }
}
