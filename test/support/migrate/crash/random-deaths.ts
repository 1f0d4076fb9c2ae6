import { setTimeout as delay } from 'node:timers/promises';
import type { RunningProgram } from '../../run-partitiond.ts';
import { seededRandom } from '../../seeded-random.ts';
import { waitFor } from '../../wait-for.ts';
import type { Revenues } from '../revenues.ts';

/** Runs actions of a migration to their end, with deaths on the way at instants that a seed chooses. */
export interface RandomDeaths {
  /** So many times the program is started and killed, or loses a session, unless it gets to its end before; then nothing happens to it. */
  through(action: readonly [string, ...string[]], deaths: number): Promise<void>;
  /** How each ended: SIGKILL, or an exit code. */
  readonly ends: readonly string[];
}

export function randomDeaths(revenues: Revenues, seed: number): RandomDeaths {
  const { database } = revenues;
  const random = seededRandom(seed);
  const ends: string[] = [];
  const sessions = () =>
    database.query<{ pid: number }>(
      `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'partitiond:%' ORDER BY pid`,
    );
  /** One of the program's sessions, the coordinator's or a worker's, is ended; when there is none just now, the program. */
  const endSession = async (program: RunningProgram): Promise<void> => {
    const found = await sessions();
    const session = found[Math.floor(random() * found.length)];
    if (session === undefined) program.signal('SIGKILL');
    else await database.query(`SELECT pg_terminate_backend(${session.pid})`);
  };
  const dieOnce = async (program: RunningProgram, isSession: boolean): Promise<void> => {
    // What it takes to load and to connect changes nothing in the database.
    const isThere = async (): Promise<boolean> => program.hasEnded || (await sessions()).length > 0;
    await waitFor('the program to connect', isThere, (yes) => yes, { timeoutMs: 60_000, pollMs: 5 });
    await Promise.race([delay(random() ** 2 * 1_200), program.exited]);
    if (isSession) await endSession(program);
    else program.signal('SIGKILL');
  };
  return {
    ends,
    through: async ([name, ...rest], deaths) => {
      for (let left = deaths; left > 0; left -= 1) {
        await using program = revenues.start(name, ...rest);
        await dieOnce(program, left % 3 === 0);
        const { exitCode, signal, stderr } = await program.exited;
        ends.push(signal ?? String(exitCode));
        if (exitCode === 0) return;
        if (exitCode !== null && ![3, 4, 5].includes(exitCode)) throw new Error(`seed ${seed}: exit code ${exitCode}\n${stderr}`);
      }
      await revenues.ok(name, ...rest);
    },
  };
}
