import { withinLockBudget } from '../../apply/lock-budget.ts';
import { readBlockers } from '../../apply/read-blockers.ts';
import { renderEmptyFollower } from '../../ddl/migration/replay/empty-follower.ts';
import { readTruncateMarkers, renderConsumeMarkers } from '../../journal/migration/capture-log.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import { reopenRanges } from '../copy/reopen-ranges.ts';
import type { Engine } from '../engine.ts';
import { presentSpec } from '../regrain/keys/tightness.ts';
import { fenced } from '../transactions.ts';

/**
 * Does to the follower what TRUNCATE did to the live table, in a transaction of its own, with no batch in flight. While the source is being
 * copied, all of it is open again then, and the log so far is pointless: what the live table has by now the copy will find. Later the log holds
 * whatever was written since, as no such entry is consumed before its marker; under `dual`, where it does not, the live rows are copied here.
 */
export async function followTruncate(engine: Engine, session: Session, signal: AbortSignal): Promise<void> {
  const { surroundings, spec, record } = engine;
  const { safety, clock } = surroundings;
  const follower = formatQualifiedName(sidesOf(spec, record.live).follower.name);
  const release = await engine.register.hold(signal);
  try {
    await withinLockBudget(
      {
        doing: `empty ${follower} as the table that it follows was`,
        run: (lockTimeoutMs) =>
          fenced(
            engine,
            session,
            { level: 'read committed', isDurable: true },
            () => empty(engine, session, lockTimeoutMs, signal),
            signal,
          ),
        readBlockers: () => readBlockers(session, [{ relation: follower, mode: 'AccessExclusiveLock' }], false, signal),
        onTimeout: () => undefined,
        whatIsLeft: () => '',
      },
      { attemptMs: safety.lockTimeoutMs, totalMs: safety.lockBudgetMs, pauseMs: safety.lockTimeoutMs },
      clock,
      signal,
    );
  } finally {
    release();
  }
}

/** Each statement has a snapshot of its own: the file is measured after the log was emptied, so every row of a consumed entry lies within it. */
async function empty(engine: Engine, session: Session, lockTimeoutMs: number, signal: AbortSignal): Promise<void> {
  const { id, spec, record, surroundings } = engine;
  const sides = sidesOf(spec, record.live);
  const isCopying = record.live === 'source' && (record.phase === 'prepare' || record.phase === 'backfill');
  const markers = await readTruncateMarkers(session, surroundings.journalSchema, id, signal);
  if (markers.length === 0) return;
  const conditions = markers.some(({ detail }) => detail === null) ? [null] : [...new Set(markers.map(({ detail }) => detail))];
  const refills = presentSpec(engine).capture === 'dual' && !isCopying;
  const statements = [
    `SET LOCAL lock_timeout = '${lockTimeoutMs}ms'`,
    'SET LOCAL statement_timeout = 0',
    'SET LOCAL row_security = off',
    ...conditions.flatMap((condition) => renderEmptyFollower(spec, sides, condition, refills)),
    renderConsumeMarkers(surroundings.journalSchema, id, markers, isCopying),
  ];
  await session.execute(statements.join(';\n'), signal);
  if (isCopying) await reopenRanges(engine, session, signal);
}
