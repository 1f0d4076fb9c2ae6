import { ConnectionError, PartitiondError, StatementError } from '../errors.ts';
import { quoteLiteral } from '../partition/literal.ts';
import type { ProbePolicy, Safety } from '../partition/policy.ts';
import type { Clock } from '../postgres/clock.ts';
import { namedSql } from '../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';

/** As whom, and with which names in sight, probes are planned. */
export interface ProbeIdentity {
  /** Null: the role of the connection. */
  readonly role: string | null;
  /** What ALTER ROLE or ALTER DATABASE say for that role; null: the session's default. */
  readonly searchPath: string | null;
}

export interface ProbeRun {
  readonly identity: ProbeIdentity;
  readonly safety: Safety;
  readonly clock: Clock;
}

const decodePlan: RowDecoder<string> = (values, queryName) => row({ 'QUERY PLAN': text })(values, queryName)['QUERY PLAN'];

/** Locks of a table that is only planned are held no longer than it takes to plan so many. */
const mostTogether = 16;

/**
 * The transactions in which the probes of a pass are explained, one after the other: none can write, all are rolled back, each with the message
 * that begins the next, as a round trip is most of what a small plan costs. A configured probe has one of its own. Automatic ones share
 * one: they run nothing, and their text is ours. The session must hold no advisory locks: those that an analysed probe took are given back
 * with all others, and so are prepared statements; ROLLBACK does neither.
 */
export class ProbeTransactions {
  readonly #session: Session;
  readonly #run: ProbeRun;
  /** What ends the transaction that may be open; null when there is none. */
  #ending: readonly string[] | null = null;
  /** How many more automatic probes the open transaction takes. */
  #room = 0;

  constructor(session: Session, run: ProbeRun) {
    this.#session = session;
    this.#run = run;
  }

  /**
   * EXPLAIN's JSON of a probe. Throws `StatementError` (PD532, PD533) with what is wrong with the probe, `ConnectionError` only when the
   * connection is really gone, and the signal's reason.
   */
  async explain(probe: ProbePolicy, isAutomatic: boolean, signal: AbortSignal): Promise<string> {
    let failure: PartitiondError | null = null;
    let startedMs: number | null = null;
    try {
      await this.#begin(probe, isAutomatic, signal);
      startedMs = this.#run.clock.monotonicMs();
      const [plan] = await this.#session.rows(explainSql(probe), probe.params, decodePlan, signal);
      if (plan !== undefined) return plan;
    } catch (error) {
      if (!(error instanceof PartitiondError)) throw error;
      failure = error;
    }
    const ranMs = startedMs === null ? null : this.#run.clock.monotonicMs() - startedMs;
    await this.#endAfter(failure, signal);
    throw explained(failure, probe, ranMs);
  }

  /** Ends what is open, also after an abort. Throws `ConnectionError`. */
  async finish(signal: AbortSignal): Promise<void> {
    if (this.#ending === null) return;
    const ending = this.#ending;
    this.#ending = null;
    this.#room = 0;
    await this.#session.complete(ending, signal);
  }

  async #begin(probe: ProbePolicy, isAutomatic: boolean, signal: AbortSignal): Promise<void> {
    if (isAutomatic && this.#room > 0) {
      this.#room -= 1;
      return;
    }
    const message = [...(this.#ending ?? []), ...beginning(probe, this.#run)].join('; ');
    this.#ending = probe.analyze ? ['ROLLBACK', 'DEALLOCATE ALL', 'SELECT pg_catalog.pg_advisory_unlock_all()'] : ['ROLLBACK'];
    this.#room = isAutomatic ? mostTogether - 1 : 0;
    await this.#session.execute(message, signal);
  }

  /** A function may raise whatever it likes, also what looks like a lost connection: whether it is lost shows here. */
  async #endAfter(failure: PartitiondError | null, signal: AbortSignal): Promise<void> {
    try {
      await this.finish(signal);
    } catch (error) {
      signal.throwIfAborted();
      throw failure instanceof ConnectionError ? failure : error;
    }
  }
}

/**
 * The last statement takes the snapshot: from then on PostgreSQL refuses to make the transaction read-write again, also from inside a function
 * (`transaction read-write mode must be set before any query`). The isolation is said, as a database may have another default. Names resolve
 * as the application's do, and parallel plans and JIT are as the server has them, which the session has pinned away for its own reads; its
 * time zone (UTC) and date style (ISO) stay, so that a date in a probe means the same everywhere.
 */
function beginning(probe: ProbePolicy, { identity, safety }: ProbeRun): readonly string[] {
  const { role, searchPath } = identity;
  const settings: readonly (readonly [string, string])[] = [
    ['statement_timeout', String(probe.timeoutMs)],
    ['lock_timeout', String(safety.lockTimeoutMs)],
    ...(searchPath === null ? [] : [['search_path', searchPath] as const]),
    ...(role === null ? [] : [['role', role] as const]),
  ];
  const calls = settings.map(([name, value]) => `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`);
  return [
    'BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY',
    'SET LOCAL search_path TO DEFAULT',
    'SET LOCAL max_parallel_workers_per_gather TO DEFAULT',
    'SET LOCAL jit TO DEFAULT',
    `SELECT ${calls.join(', ')}`,
  ];
}

function explainSql(probe: ProbePolicy): ReturnType<typeof namedSql> {
  const options = ['FORMAT JSON', 'VERBOSE', 'SETTINGS', 'SUMMARY'];
  // A clock that is read for each row of each node would be most of what is measured.
  if (probe.analyze) options.push('ANALYZE', 'BUFFERS', 'TIMING OFF');
  return { ...namedSql('explain-probe', `EXPLAIN (${options.join(', ')}) ${probe.sql}`), timeoutMs: probe.timeoutMs };
}

/** `ranMs` null: it did not come as far as the probe's own text. */
function explained(failure: PartitiondError | null, probe: ProbePolicy, ranMs: number | null): StatementError {
  const sqlstate = sqlstateOf(failure);
  const options = { ...(failure === null ? {} : { cause: failure }), context: { sqlstate } };
  if (ranMs === null) return new StatementError('PD532', `The probe could not begin: ${words(failure, false)}.`, sqlstate, options);
  if (sqlstate === sqlstates.queryCanceled && ranMs >= probe.timeoutMs) {
    const fix = 'give it a longer `timeout`, or find out why it takes so long';
    const message = `The probe was not done within its \`timeout\` of ${probe.timeoutMs} ms (${words(failure, false)}): ${fix}.`;
    return new StatementError('PD533', message, sqlstate, options);
  }
  return new StatementError('PD532', `PostgreSQL refused the probe: ${words(failure, true)}${advice(sqlstate)}.`, sqlstate, options);
}

function sqlstateOf(failure: PartitiondError | null): string {
  const sqlstate = failure?.context['sqlstate'];
  return typeof sqlstate === 'string' ? sqlstate : 'XX000';
}

/** PostgreSQL's own text; not where it may quote a value (classes 22 and 23) of a row or a parameter. */
function words(failure: PartitiondError | null, mayQuoteValues: boolean): string {
  const sqlstate = sqlstateOf(failure);
  if (failure === null) return 'EXPLAIN answered with no row';
  const isWithheld = mayQuoteValues && /^2[23]/.test(sqlstate);
  return isWithheld || !(failure.cause instanceof Error) ? `SQLSTATE ${sqlstate}` : `${failure.cause.message} (SQLSTATE ${sqlstate})`;
}

const adviceOf: Readonly<Record<string, string>> = {
  [sqlstates.readOnlyTransaction]: '; a probe only reads, also in the functions that it calls',
  [sqlstates.insufficientPrivilege]: '; grant it to the role of `probeRole`, or of the connection where there is none',
  [sqlstates.undefinedTable]: '; write the schema too if the search_path of the role does not have it',
  [sqlstates.lockNotAvailable]: '; somebody holds a table of it for longer than `safety.lockTimeout`, the next run tries again',
  '22P02': '; a value of `params`, or a constant, is none of the type that it is used as',
  '22007': '; a value of `params`, or a constant, is no date or time as PostgreSQL reads it',
  '22008': '; a value of `params`, or a constant, is no date or time that PostgreSQL can hold',
  '42P18': '; write the type of the parameter, for example $1::date',
};

function advice(sqlstate: string): string {
  return adviceOf[sqlstate] ?? '';
}
