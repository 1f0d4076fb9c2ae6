import { ConnectionError, PartitiondError, StatementError } from '../errors.ts';
import { quoteLiteral } from '../partition/literal.ts';
import type { ProbePolicy, Safety } from '../partition/policy.ts';
import type { Clock } from '../postgres/clock.ts';
import { namedSql } from '../postgres/named-sql.ts';
import { type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import type { RoleSetting } from './role-settings.sql.ts';
import { serverWords } from './server-words.ts';

/** As whom, and by which settings, probes are planned. */
export interface ProbeIdentity {
  /** Null: the role of the connection. */
  readonly role: string | null;
  /** What ALTER ROLE or ALTER DATABASE say for that role; what they leave out is as in the session. */
  readonly settings: readonly RoleSetting[];
}

/**
 * Runs what may hold up others with a signal that is aborted with `signal`, and also when it is to give way; by a `StatementError`, which
 * then is what is wrong with that probe alone.
 */
export type GiveWay = <T>(body: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>;

export interface ProbeRun {
  readonly identity: ProbeIdentity;
  readonly safety: Safety;
  readonly clock: Clock;
  readonly giveWay: GiveWay;
}

const decodePlan: RowDecoder<string> = (values, queryName) => row({ 'QUERY PLAN': text })(values, queryName)['QUERY PLAN'];

/**
 * Locks of a table that is only planned are held no longer than it takes to plan so many, nor past the first of them that ends so late:
 * while one waits for its lock, the others' are held.
 */
const mostTogether = 16;
const longestTogetherMs = 100;

/**
 * The transactions in which the probes of a pass are explained, one after the other: none can write, all are rolled back, each with the message
 * that begins the next, as a round trip is most of what a small plan costs. A configured probe has one of its own. Automatic ones share
 * one: they run nothing, and their text is ours. No row is written and no DDL done, whoever the role is; what a function does outside of the
 * transaction (a replication slot, another server, a file, a message in the WAL) is not undone. An analysed probe holds ACCESS SHARE for as
 * long as it runs, and whoever has no lock timeout of his own waits for that behind it. The session must hold no advisory locks: those that
 * an analysed probe took are given back with all others, and so are prepared statements; ROLLBACK does neither.
 */
export class ProbeTransactions {
  readonly #session: Session;
  readonly #run: ProbeRun;
  /** What ends the transaction that may be open; null when there is none. */
  #ending: readonly string[] | null = null;
  /** How many more automatic probes the open transaction takes, and when it began. */
  #room = 0;
  #begunMs = 0;
  #isLost = false;

  constructor(session: Session, run: ProbeRun) {
    this.#session = session;
    this.#run = run;
  }

  /** Whether a probe took the connection with it. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * EXPLAIN's JSON of a probe. Throws `StatementError` with what is wrong with the probe (PD532, PD533), also when the connection went away
   * while it ran (PD534), and what it had to give way to; `ConnectionError` when the connection is gone before, and the signal's reason.
   */
  async explain(probe: ProbePolicy, isAutomatic: boolean, signal: AbortSignal): Promise<string> {
    let failure: PartitiondError | null = null;
    let startedMs: number | null = null;
    const mine: { signal: AbortSignal } = { signal };
    try {
      await this.#begin(probe, isAutomatic, signal);
      startedMs = this.#run.clock.monotonicMs();
      const explain = async (own: AbortSignal): Promise<readonly string[]> => {
        mine.signal = own;
        return await this.#session.rows(explainSql(probe), probe.params, decodePlan, own);
      };
      const [plan] = await this.#run.giveWay(explain, signal);
      if (plan !== undefined) return plan;
    } catch (error) {
      if (!(error instanceof PartitiondError)) throw error;
      failure = error;
    }
    const ranMs = startedMs === null ? null : this.#run.clock.monotonicMs() - startedMs;
    await this.#endAfter(failure, ranMs, signal);
    signal.throwIfAborted();
    // Where it did not end at once the connection is lost as well, yet this is why.
    if (mine.signal.aborted) throw mine.signal.reason;
    throw this.#isLost ? connectionLost(failure) : explained(failure, probe, ranMs);
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
    const { clock } = this.#run;
    if (isAutomatic && this.#room > 0 && clock.monotonicMs() - this.#begunMs < longestTogetherMs) {
      this.#room -= 1;
      return;
    }
    signal.throwIfAborted();
    const message = [...(this.#ending ?? []), ...beginning(probe, this.#run)];
    this.#begunMs = clock.monotonicMs();
    this.#ending = probe.analyze ? ['ROLLBACK', 'DEALLOCATE ALL', 'SELECT pg_catalog.pg_advisory_unlock_all()'] : ['ROLLBACK'];
    this.#room = isAutomatic ? mostTogether - 1 : 0;
    await this.#session.complete(message, signal);
  }

  /**
   * A function may raise whatever it likes, also what looks like a lost connection: whether it is lost shows here. When the probe's own
   * text had been sent, it is the probe that is to blame: it ended its backend, or did not end when it was told to.
   */
  async #endAfter(failure: PartitiondError | null, ranMs: number | null, signal: AbortSignal): Promise<void> {
    try {
      await this.finish(signal);
    } catch (error) {
      signal.throwIfAborted();
      if (ranMs === null || !(error instanceof ConnectionError)) throw failure instanceof ConnectionError ? failure : error;
      this.#isLost = true;
    }
  }
}

/**
 * The last statement takes the snapshot: from then on PostgreSQL refuses to make the transaction read-write again, also from inside a function
 * (`transaction read-write mode must be set before any query`). The isolation is said, as a database may have another default. Names resolve
 * as the application's do, and parallel plans and JIT are as the server has them, which the session has pinned away for its own reads; its
 * time zone (UTC) and date style (ISO) stay, so that a date in a probe means the same everywhere. All of this is brief, and the answer to
 * it is waited for no longer than the session's statement timeout.
 */
function beginning(probe: ProbePolicy, { identity, safety }: ProbeRun): readonly string[] {
  const { role, settings } = identity;
  const set: readonly (readonly [string, string])[] = [
    ['statement_timeout', String(probe.timeoutMs)],
    ['lock_timeout', String(safety.lockTimeoutMs)],
    ...settings.map(({ name, value }) => [name, value] as const),
    ...(role === null ? [] : [['role', role] as const]),
  ];
  const calls = set.map(([name, value]) => `pg_catalog.set_config(${quoteLiteral(name)}, ${quoteLiteral(value)}, true)`);
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
  if (ranMs === null) return new StatementError('PD532', `The probe could not begin: ${serverWords(failure, false)}.`, sqlstate, options);
  if (sqlstate === sqlstates.queryCanceled && ranMs >= probe.timeoutMs) {
    const fix = 'give it a longer `timeout`, or find out why it takes so long';
    const message = `The probe was not done within its \`timeout\` of ${probe.timeoutMs} ms (${serverWords(failure, false)}): ${fix}.`;
    return new StatementError('PD533', message, sqlstate, options);
  }
  return new StatementError('PD532', `PostgreSQL refused the probe: ${serverWords(failure, true)}${advice(sqlstate)}.`, sqlstate, options);
}

function connectionLost(failure: PartitiondError | null): StatementError {
  const message =
    `The connection was lost while the probe ran (${serverWords(failure, true)}): it ended its own backend, took the server's memory, or ` +
    'did not end after its `timeout`. Look at the log of the server and at the functions that the probe calls.';
  return new StatementError('PD534', message, sqlstateOf(failure), failure === null ? {} : { cause: failure });
}

function sqlstateOf(failure: PartitiondError | null): string {
  const sqlstate = failure?.context['sqlstate'];
  return typeof sqlstate === 'string' ? sqlstate : 'XX000';
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
