import { captureLog } from '../../ddl/migration/capture/capture-log.ts';
import { renderApplyEntries, renderConsumeEntries, replaySettings } from '../../ddl/migration/replay/apply-entries.ts';
import { renderCompareEntries } from '../../ddl/migration/replay/inspect-entries.ts';
import { InvariantError, MigrationError, StatementError } from '../../errors.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { literal } from '../../postgres/literal.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { number, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { chooseEntries } from './choose-entries.ts';

/**
 * Within the open READ COMMITTED transaction of a switch, all writers locked out: applies the rest of the log to the follower and compares the
 * drained positions row by row. Returns how many entries there were. Throws `MigrationError`: PD626 when it takes longer than `drainMs` or a
 * TRUNCATE is still to be followed (roll back, catch up, try again), PD627 when a row differs afterwards. Leaves the settings as they were.
 */
export async function drainLog(engine: Engine, session: Session, drainMs: number, signal: AbortSignal): Promise<number> {
  const { clock } = engine.surroundings;
  if (!engine.register.isIdle) throw new InvariantError('PD925', 'a switch drains the log while batches are in flight');
  const startedAt = clock.monotonicMs();
  const leftMs = (): number => {
    const left = Math.floor(drainMs - (clock.monotonicMs() - startedAt));
    if (left < 1) throw tooLate(engine, drainMs);
    return left;
  };
  const settings = await session.rows(settingsSql, [], row<Setting>({ name: text, value: text }), signal);
  try {
    const drained = await drain(engine, session, leftMs, signal);
    const restored = settings.map(({ name, value }) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, true)`);
    await session.execute(`SELECT ${restored.join(', ')}`, signal);
    leftMs();
    return drained;
  } catch (error) {
    if (error instanceof StatementError && error.sqlstate === sqlstates.queryCanceled) throw tooLate(engine, drainMs, error);
    throw error;
  }
}

async function drain(engine: Engine, session: Session, leftMs: () => number, signal: AbortSignal): Promise<number> {
  const { spec, surroundings, id, record } = engine;
  const limit = (): string => `SET LOCAL statement_timeout = '${leftMs()}ms'`;
  await session.execute([...replaySettings, limit()].join(';\n'), signal);
  const chosen = await chooseEntries(engine, session, { from: null, snapshots: [] }, null, signal);
  if (chosen.isTruncated) throw truncated(engine);
  if (chosen.length === 0) return 0;
  const sides = sidesOf(spec, record.live);
  const log = captureLog(surroundings.journalSchema, id);
  const entries = { log, ...chosen.stretch, snapshots: [] };
  await session.execute([limit(), ...renderApplyEntries(spec, sides, entries), limit()].join(';\n'), signal);
  const compare = { ...namedSql('compare-drained', renderCompareEntries(spec, sides, entries)), timeoutMs: 0 };
  const [differing] = await session.rows(compare, [], row<{ count: number }>({ count: number }), signal);
  if (differing?.count !== 0) throw different(engine, differing?.count ?? 0);
  await session.execute([limit(), renderConsumeEntries(entries)].join(';\n'), signal);
  return chosen.length;
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

const settingsSql: NamedSql = namedSql(
  'read-drain-settings',
  /* sql */ `
  SELECT s.name AS "name", pg_catalog.current_setting(s.name) AS "value"
  FROM pg_catalog.unnest(ARRAY['statement_timeout', 'enable_hashjoin', 'enable_mergejoin', 'enable_seqscan', 'row_security']) AS s (name)`,
);

function tooLate({ spec }: Engine, drainMs: number, cause?: unknown): MigrationError {
  const message = `The rest of the log of ${formatQualifiedName(spec.table)} could not be drained within switch.drain of ${drainMs} ms.`;
  return new MigrationError('PD626', message, cause === undefined ? {} : { cause });
}

function truncated({ spec }: Engine): MigrationError {
  return new MigrationError(
    'PD626',
    `A TRUNCATE of ${formatQualifiedName(spec.table)} is still to be followed before the log can be drained.`,
  );
}

function different({ spec }: Engine, count: number): MigrationError {
  const message = `${count} rows of ${formatQualifiedName(spec.table)} differ from the table that follows it just after they were replayed; the switch was rolled back.`;
  return new MigrationError('PD627', message, { context: { rows: count } });
}
