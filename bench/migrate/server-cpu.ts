import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';

/** Kernel ticks are hundredths of a second wherever Linux runs on a PC. */
const msPerTick = 10;

/** What all processes of `client`'s server, those that have ended among them, have used of processors so far: milliseconds. A busy machine does not change it much. */
async function serverCpuMs(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const postmaster = fieldsOf(String(rows[0]?.pid))?.[1] ?? 0;
  const living = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(fieldsOf)
    .filter((fields) => fields?.[1] === postmaster)
    .reduce((sum, fields) => sum + (fields?.[11] ?? 0) + (fields?.[12] ?? 0), 0);
  const parent = fieldsOf(String(postmaster));
  return (living + (parent?.[13] ?? 0) + (parent?.[14] ?? 0)) * msPerTick;
}

/** From the third field of `stat` on, as numbers; null when the process is gone. Source: man 5 proc_pid_stat. */
function fieldsOf(pid: string): readonly number[] | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
  } catch {
    return null;
  }
}

/** Milliseconds that `body` takes, and those of processors that the server takes for it. */
export async function timedWithCpu(
  client: pg.Client,
  body: () => Promise<unknown>,
): Promise<{ readonly ms: number; readonly cpuMs: number }> {
  const [before, startedAt] = [await serverCpuMs(client), performance.now()];
  await body();
  const ms = performance.now() - startedAt;
  return { ms, cpuMs: Math.max((await serverCpuMs(client)) - before, msPerTick) };
}
