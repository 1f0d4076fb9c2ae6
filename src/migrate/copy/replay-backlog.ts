import { qualify } from '../../journal/qualify.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { bigint, boolean, row } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { replayBite } from '../replay/replay-bite.ts';
import type { CopyState } from './copy-state.ts';

const lookEveryMs = 2_000;
const biteEntries = 10_000;
/** No entry is smaller, with its header: a log of fewer bytes need not be counted. */
const leastEntryBytes = 48n;

/**
 * Replay waits for the end of the copy, not to collide with its batches, unless the log passes `copy.maxBacklog`: then it goes in between them until
 * half of that is left. Returns when `signal` is aborted.
 */
export async function replayBacklog(engine: Engine, state: CopyState, signal: AbortSignal): Promise<void> {
  const { maxBacklog } = engine.policy.migration.copy;
  for (;;) {
    await engine.surroundings.clock.sleep(lookEveryMs, signal);
    await state.coordinator.alone(async () => {
      if (!(await isLonger(engine, engine.session, maxBacklog, signal))) return;
      do await state.batches.alone(() => replayBite(engine, engine.session, biteEntries, signal));
      while (await isLonger(engine, engine.session, Math.floor(maxBacklog / 2), signal));
    });
  }
}

async function isLonger(engine: Engine, session: Session, entries: number, signal: AbortSignal): Promise<boolean> {
  const log = qualify(engine.surroundings.journalSchema, `capture_${BigInt(engine.id)}`);
  const sizeSql = namedSql(
    'read-log-size',
    /* sql */ `
    SELECT
      coalesce(pg_catalog.pg_relation_size(pg_catalog.to_regclass($1)), 0)::pg_catalog.text AS "bytes"`,
  );
  const [size] = await session.rows(sizeSql, [log], decodeSize, signal);
  if (size === undefined || size.bytes <= BigInt(entries) * leastEntryBytes) return false;
  const countSql = namedSql(
    'is-log-longer',
    /* sql */ `
    SELECT
      pg_catalog.count(*) > $1::pg_catalog.int8 AS "isLonger"
    FROM (SELECT FROM ${log} LIMIT $1::pg_catalog.int8 + 1) AS l`,
  );
  const [answer] = await session.rows(countSql, [entries], decodeAnswer, signal);
  return answer?.isLonger ?? false;
}

const decodeSize = row<{ bytes: bigint }>({ bytes: bigint });
const decodeAnswer = row<{ isLonger: boolean }>({ isLonger: boolean });
