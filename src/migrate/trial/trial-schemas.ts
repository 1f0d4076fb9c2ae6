import { createHash } from 'node:crypto';
import { withinLockBudget } from '../../apply/lock-budget.ts';
import {
  decodeTrialPartition,
  decodeTrialSchema,
  trialPartitionsSql,
  trialSchemasSql,
} from '../../catalog/migration/facts/trial-schemas.sql.ts';
import { renderDropTrialSchema, renderDropTrialTables, trialTag } from '../../ddl/migration/copy/sample.ts';
import { releaseAdvisoryLock, tryAdvisoryLock } from '../../postgres/advisory-lock.ts';
import type { Clock } from '../../postgres/clock.ts';
import type { Session } from '../../postgres/session.ts';

/** The rows and their target are in one schema, what is remembered of them in another: a table may be called like one of the journal's. */
export interface TrialPlace {
  readonly schema: string;
  readonly journalSchema: string;
}

/** How long statements of a killed trial are waited for; its backends notice within 5 s that nobody listens. */
const dropBudgetMs = 15_000;
const togetherDropped = 50;

/** By the source's oid: there is one trial of a table at a time. */
export function trialPlace(sourceOid: string): TrialPlace {
  const schema = `partitiond_trial_${sourceOid}`;
  return { schema, journalSchema: `${schema}_journal` };
}

/** Whoever holds it works in the place; a session lock, so that it ends with a killed process. */
export function trialKey(schema: string): bigint {
  const place = schema.replace(/_journal$/, '');
  return createHash('sha256').update(`partitiond trial\n${place}`).digest().readBigInt64BE();
}

/**
 * Drops what trials of killed processes have left, of any table; those that are at work are left alone. The session must have no transaction
 * open. Throws `LockTimeoutError` where a backend of a killed process does not end.
 */
export async function removeTrials(session: Session, clock: Clock, signal: AbortSignal): Promise<void> {
  for (const { schema } of await session.rows(trialSchemasSql, [trialTag], decodeTrialSchema, signal)) {
    const key = trialKey(schema);
    if (!(await tryAdvisoryLock(session, key, signal))) continue;
    try {
      await dropTrialSchema(session, schema, clock, signal);
    } finally {
      await releaseAdvisoryLock(session, key, AbortSignal.timeout(2_000)).catch(() => undefined);
    }
  }
}

async function dropTrialSchema(session: Session, schema: string, clock: Clock, signal: AbortSignal): Promise<void> {
  const attempt = async (): Promise<void> => {
    const partitions = await session.rows(trialPartitionsSql, [schema], decodeTrialPartition, signal);
    for (let from = 0; from < partitions.length; from += togetherDropped) {
      await session.execute(renderDropTrialTables(partitions.slice(from, from + togetherDropped)), signal);
    }
    await session.execute(renderDropTrialSchema(schema), signal);
  };
  await withinLockBudget(
    {
      doing: `drop schema ${schema} of a trial`,
      run: attempt,
      readBlockers: () => Promise.resolve([]),
      onTimeout: () => undefined,
      whatIsLeft: () => 'The next trial or start drops it.',
    },
    { attemptMs: 100, totalMs: dropBudgetMs, pauseMs: 100 },
    clock,
    signal,
  );
}
