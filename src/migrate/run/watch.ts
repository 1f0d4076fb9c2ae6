import { MigrationError } from '../../errors.ts';
import { readMigration, renderBrakes, renderChangeMigration } from '../../journal/migration/records.ts';
import { decodePause, pauseSql } from '../../journal/pause.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { ensureLoose } from '../regrain/keys/loosen-keys.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { emit } from '../transactions.ts';
import { assertPartsAreThere } from './broken-parts.ts';
import { readChangedDefinition } from './check-definition.ts';
import type { RunningEngine } from './open-engine.ts';
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
/** How exactly the journal knows when something was last replayed or verified. */
const progressEveryMs = 10_000;

/**
 * Looks every second on a session of its own: at the definition of the source, at `partitiond pause`, and at how far the migration is, which it
 * tells as an event; writes down what brakes. The phases cannot do so, as a copy of hours is one call of theirs.
 */
export async function startWatch(running: RunningEngine, signal: AbortSignal): Promise<Watch> {
  const { engine } = running;
  // Before anything can end the phases: writes that also go to what follows would fail by what somebody has changed meanwhile.
  if (isRegrain(engine)) await ensureLoose(engine, signal);
  const ending = new AbortController();
  const stopping = new AbortController();
  const session = await engine.surroundings.connect('watch', signal);
  const forward = (): void => ending.abort(signal.reason);
  if (signal.aborted) forward();
  signal.addEventListener('abort', forward, { once: true });
  const unlisten = engine.session.onLost((error) => ending.abort(error));
  const looking = lookOn(running, session, AbortSignal.any([ending.signal, stopping.signal])).catch((error: unknown) => {
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
      `Work on database ${engine.surroundings.database} was paused by ${pause.by}: ${pause.reason}. Run \`partitiond resume\`, then \`${migrateCommand('start', engine.spec.table)}\`.`,
    );
  }
  await assertPartsAreThere(session, engine.surroundings.journalSchema, engine.record, signal);
  const changed = await readChangedDefinition(engine, session, signal);
  if (changed !== null) throw new DefinitionChanged(changed);
}

async function lookOn(running: RunningEngine, session: Session, signal: AbortSignal): Promise<never> {
  const { engine, brakes } = running;
  const { id, guardSql, surroundings, policy } = engine;
  const { journalSchema: schema, clock } = surroundings;
  let told = '';
  let progressAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    await assertMayGoOn(engine, session, signal);
    const held = brakes();
    if (held.join() !== told) await session.complete([guardSql, renderBrakes(schema, id, held)], signal);
    told = held.join();
    if (clock.monotonicMs() - progressAt >= progressEveryMs && running.progressed?.() === true) {
      await session.complete([guardSql, renderChangeMigration(schema, id, { hasProgressed: true })], signal);
      progressAt = clock.monotonicMs();
    }
    const record = await readMigration(session, schema, id, signal);
    emit(engine, { kind: 'migration-status', status: await readStatus(session, schema, record, policy.migration.verify.maxAgeMs, signal) });
    await clock.sleep(lookEveryMs, signal);
  }
}
