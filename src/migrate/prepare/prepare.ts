import { installCapture } from '../capture/install-capture.ts';
import { openSource } from '../copy/open-source.ts';
import type { Engine } from '../engine.ts';
import { createTarget } from './create-target.ts';
import { provisionTarget } from './provision-target.ts';

/**
 * Steps 1 to 3: the target with its partitions, primary key and guard, capture on the source, the source's file as ranges. The blocks are counted
 * after capture is on, so that rows beyond them are in the log.
 */
export async function prepare(engine: Engine, signal: AbortSignal): Promise<void> {
  await prepareTarget(engine, signal);
  await installCapture(engine, signal);
  await openSource(engine, signal);
}

/** Step 1 alone. */
export async function prepareTarget(engine: Engine, signal: AbortSignal): Promise<void> {
  await createTarget(engine, signal);
  await provisionTarget(engine, [], signal);
}
