import { ConnectionError, PartitiondError } from '../../../errors.ts';
import type { Engine } from '../../engine.ts';
import { emit } from '../../transactions.ts';
import { isRegrain } from '../regrain-engine.ts';
import { loosenKeys } from './loosen-keys.ts';
import { tightenKeys } from './tighten-keys.ts';
import { knowTightness } from './tightness.ts';

/** Of a command that is interrupted, which has 25 s for all that it still does. */
const loosenWithinMs = 10_000;

/**
 * The attempts of a switch, while partitions that follow have what foreign keys ask for. A switch leaves nothing of it; a rehearsal and one that has failed
 * have it taken away behind them. Where that cannot be done, the next replay of any process does it first.
 */
export async function withTightKeys<T>(engine: Engine, attempts: () => Promise<T>, signal: AbortSignal): Promise<T> {
  if (!isRegrain(engine)) return await attempts();
  try {
    await tightenKeys(engine, signal);
    return await attempts();
  } finally {
    // Of what holds now nothing is known.
    knowTightness(engine, undefined);
    await loosenKeys(engine, signal.aborted ? AbortSignal.timeout(loosenWithinMs) : signal).catch((error: unknown) => {
      if (error instanceof ConnectionError || signal.aborted) return;
      if (!(error instanceof PartitiondError)) throw error;
      tell(engine, error);
    });
  }
}

function tell(engine: Engine, { message }: PartitiondError): void {
  const explanation = `Partitions that follow still have foreign keys, and each write also writes them: ${message} The next run takes them away first.`;
  emit(engine, { kind: 'migration-warning', explanation });
}
