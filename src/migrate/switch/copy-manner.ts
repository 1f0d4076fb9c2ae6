import { renderSwitchLocks } from '../../ddl/migration/switch/locks.ts';
import { renderSwitch } from '../../ddl/migration/switch/render-switch.ts';
import { drainLog } from '../replay/drain-log.ts';
import { assertNoIdleSnapshot } from './idle-snapshots.ts';
import type { SwitchManner } from './manner.ts';

/** Both sides have all rows but for the log, which is drained; then names and what is bound to them pass on. */
export const copyManner: SwitchManner = {
  locks: renderSwitchLocks,
  prepare: ({ surroundings }, turn) => Promise.resolve(renderSwitch(turn, surroundings.journalSchema)),
  rows: '/* drain the log */',
  settleRows: async (engine, _turn, signal) => {
    await assertNoIdleSnapshot(engine, signal);
    await drainLog(engine, engine.session, engine.policy.migration.switchover.drainMs, signal);
  },
};
