import { expect } from 'vitest';
import type { TestDatabase } from '../database.ts';
import type { RunningProgram } from '../run-partitiond.ts';
import { waitFor } from '../wait-for.ts';
import { source } from './crash/kinds.ts';
import type { Revenues } from './revenues.ts';

/** A transaction of somebody else that is in the way, until it is released. */
export interface InTheWay {
  readonly pid: number;
  release(): Promise<void>;
}

export async function hold(database: TestDatabase, ...statements: readonly string[]): Promise<InTheWay> {
  const client = await database.client({ applicationName: 'holder' });
  await client.query('BEGIN');
  for (const sql of statements) await client.query(sql);
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  return {
    pid: rows[0]?.pid ?? 0,
    release: async () => {
      await client.query('ROLLBACK');
      await client.end();
    },
  };
}

export const holdLock = (database: TestDatabase, relation: string, mode: string): Promise<InTheWay> =>
  hold(database, `LOCK TABLE ${relation} IN ${mode} MODE`);

/**
 * In the way of every DDL statement that matches (SQL's `~`): at its `start` before it has locked anything, at its `end` within its transaction,
 * locks and all. There may be one at a time.
 */
export async function holdStatement(database: TestDatabase, pattern: string, at: 'start' | 'end'): Promise<InTheWay> {
  await database.query(`CREATE FUNCTION public.park() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF current_query() ~ '${pattern}' AND current_setting('application_name') ^@ 'partitiond:' THEN PERFORM pg_advisory_xact_lock(4711); END IF;
    END $$; CREATE EVENT TRIGGER park ON ddl_command_${at} EXECUTE FUNCTION public.park()`);
  const held = await hold(database, 'SELECT pg_advisory_xact_lock(4711)');
  return {
    ...held,
    release: async () => {
      // Or the server would complete the message, COMMIT and all, for a program that is gone; elsewhere it may.
      await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${held.pid} = ANY (pg_blocking_pids(pid))`);
      await held.release();
      await database.query('DROP EVENT TRIGGER park; DROP FUNCTION public.park()');
    },
  };
}

/** Waits until a session of the program waits for `inTheWay`; the phase that the journal tells then. */
export async function waitUntilParked(database: TestDatabase, inTheWay: InTheWay, program: RunningProgram): Promise<string> {
  const sql = `SELECT (SELECT phase FROM partitiond.migration ORDER BY id DESC LIMIT 1) AS phase FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'partitiond:%' AND ${inTheWay.pid} = ANY (pg_blocking_pids(pid))`;
  const [seen] = await waitFor(
    'the program to wait',
    () => database.query<{ phase: string }>(sql),
    (rows) => rows.length > 0 || program.hasEnded,
    { timeoutMs: 30_000 },
  );
  if (seen === undefined) throw new Error(`it has met nobody:\n${program.stderr.slice(-4000)}`);
  return seen.phase;
}

export async function kill(program: RunningProgram): Promise<void> {
  program.signal('SIGKILL');
  const { signal, stderr } = await program.exited;
  expect({ signal, stderr: signal === 'SIGKILL' ? '' : stderr }).toEqual({ signal: 'SIGKILL', stderr: '' });
}

/** Lets the program run into `inTheWay`, kills it there, and clears the way; the phase it was in. */
export async function killParked(
  revenues: Revenues,
  action: readonly [string, ...string[]],
  inTheWay: InTheWay,
  meanwhile: () => Promise<void> = async () => undefined,
): Promise<string> {
  const [name, ...rest] = action;
  await using program = revenues.start(name, ...rest);
  const phase = await waitUntilParked(revenues.database, inTheWay, program);
  await meanwhile();
  await kill(program);
  await inTheWay.release();
  return phase;
}

/** A lock on the table that is live after the switch which waits for it, taken before the program can take its next one. */
export async function holdAfterSwitch(database: TestDatabase, reader: InTheWay, program: RunningProgram): Promise<InTheWay> {
  let blocker = reader;
  for (;;) {
    await waitUntilParked(database, blocker, program);
    const client = await database.client({ applicationName: 'holder' });
    const [own] = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
    await client.query('BEGIN');
    const pid = own?.pid ?? 0;
    const locking = client.query(`LOCK TABLE ${source} IN SHARE UPDATE EXCLUSIVE MODE`);
    await waitFor(
      'the lock to be waited for, or held',
      () => database.query(`SELECT FROM pg_locks WHERE pid = ${pid} AND mode = 'ShareUpdateExclusiveLock'`),
      (rows) => rows.length > 0,
      { pollMs: 1 },
    );
    await blocker.release();
    await locking;
    const [state] = await database.query<{ live: string }>('SELECT live FROM partitiond.migration');
    const release = async (): Promise<void> => {
      await client.query('ROLLBACK');
      await client.end();
    };
    if (state?.live === 'target') return { pid, release };
    // The program had given up that attempt; the next one meets a reader again.
    blocker = await hold(database, `SELECT FROM ${source} LIMIT 1`);
    await release();
  }
}
