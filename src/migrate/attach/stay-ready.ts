import type { Engine } from '../engine.ts';
import { settleForeignKeys } from '../switch/settle.ts';
import { isUntilNear } from './keep-partitions.ts';
import { dropUntilCheck, prepareAttach } from './prepare-attach.ts';
import { readUntilCheck } from './read-until-check.ts';

/**
 * Until the switch rows beyond the bound are refused, which must not happen to those of the present: with less than an interval left the bound is
 * moved on. After a rollback there is no CHECK, and none is made before somebody verifies for the next switch.
 */
export async function stayReady(engine: Engine, signal: AbortSignal): Promise<void> {
  if (engine.record.lastSwitch?.direction === 'back') await settleForeignKeys(engine, signal);
  if ((await readUntilCheck(engine, signal)) === 'absent' || !(await isUntilNear(engine, signal))) return;
  await dropUntilCheck(engine, signal);
  await prepareAttach(engine, signal);
}
