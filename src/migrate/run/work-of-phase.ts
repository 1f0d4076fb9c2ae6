import type { MigrationPhase } from '../../partition/migration/spec.ts';
import { prepareAttach } from '../attach/prepare-attach.ts';
import { stayReady } from '../attach/stay-ready.ts';
import { backfill } from '../copy/backfill.ts';
import type { Engine } from '../engine.ts';
import { buildIndexes } from '../prepare/build-indexes.ts';
import { prepare } from '../prepare/prepare.ts';
import { analyzeTargets, backfillRegrain, prepareRegrain } from '../regrain/prepare-regrain.ts';
import { isRegrain, type RegrainEngine } from '../regrain/regrain-engine.ts';
import { catchUp } from '../replay/catch-up.ts';
import { besideReplay } from '../replay/replay-beside.ts';
import { ensureReadSchemas } from '../switch/read-schemas.ts';
import { settle, settleForeignKeys } from '../switch/settle.ts';
import { verifyWhole } from '../verify/verify-whole.ts';

/** What is done in a phase; each may be called after anything, and does what is missing. */
type Work = (engine: Engine, signal: AbortSignal) => Promise<void>;

/** A phase that is not named has none. */
type Works = Readonly<Partial<Record<MigrationPhase, Work>>>;

export function workOf(engine: Engine, phase: MigrationPhase): Work {
  return worksOf(engine)[phase] ?? nothing;
}

async function nothing(): Promise<void> {}

function worksOf(engine: Engine): Works {
  if (engine.spec.strategy === 'attach') return ofAttach;
  return isRegrain(engine) ? ofRegrain(engine) : ofCopy;
}

const ofCopy: Works = {
  prepare,
  backfill,
  'catch-up': catchUp,
  index: (engine, signal) => besideReplay(engine, (atRest, own) => buildIndexes(engine, own, atRest), signal),
  verify: verifyWhole,
  ready: async (engine, signal) => {
    await ensureReadSchemas(engine, signal);
    await beReadyAgain(engine, signal);
  },
  switched: settleAndSoak,
};

/** The new partitions have their indexes from the start, and there are no read schemas. */
function ofRegrain(engine: RegrainEngine): Works {
  return {
    prepare: (_, signal) => prepareRegrain(engine, signal),
    backfill: (_, signal) => backfillRegrain(engine, signal),
    'catch-up': catchUp,
    index: (_, signal) => analyzeTargets(engine, signal),
    verify: verifyWhole,
    ready: beReadyAgain,
    switched: settleAndSoak,
  };
}

/** No row is copied, so nothing is to be caught up with or indexed. */
const ofAttach: Works = { prepare: prepareAttach, verify: verifyWhole, ready: stayReady, switched: settle };

/** Also where a rollback leads to. */
async function beReadyAgain(engine: Engine, signal: AbortSignal): Promise<void> {
  if (engine.record.lastSwitch?.direction === 'back') await settleForeignKeys(engine, signal);
  await catchUp(engine, signal);
}

async function settleAndSoak(engine: Engine, signal: AbortSignal): Promise<void> {
  await settle(engine, signal);
  await catchUp(engine, signal);
}
