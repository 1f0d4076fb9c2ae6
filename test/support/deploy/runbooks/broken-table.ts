import { anyPorts, type Daemon, startDaemon } from '../../daemon.ts';
import type { TestDatabase } from '../../database.ts';
import { waitFor } from '../../wait-for.ts';

/** Goes before `databases`: a daemon that does each task once at its start, and after that only what it is told. */
export const onlyWhenTold: string = `${anyPorts}
safety: { lockBudget: 1s }
schedules: { ${['provision', 'retention', 'maintenance', 'index', 'probe', 'collect'].map((task) => `${task}: "0 0 1 1 *"`).join(', ')} }`;

/** `public.events` by month, from the month `first` to `last`, both counted from now; `at` is its key. */
export async function createEvents(database: TestDatabase, first: number, last: number): Promise<void> {
  await database.query('CREATE TABLE public.events (id bigint NOT NULL, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
  for (let month = first; month <= last; month += 1) await createMonth(database, month);
}

export async function createMonth(database: TestDatabase, month: number): Promise<void> {
  const { name, from, to } = await monthOf(database, month);
  await database.query(`CREATE TABLE ${name} PARTITION OF public.events FOR VALUES FROM ('${from}') TO ('${to}')`);
}

/** A month counted from now: the name of its partition, and its bounds in UTC. */
export async function monthOf(
  database: TestDatabase,
  month: number,
): Promise<{ readonly name: string; readonly from: string; readonly to: string }> {
  const [row] = await database.query<{ name: string; from: string; to: string }>(
    `SELECT to_char(m, '"public.events_"YYYY_MM') AS name, to_char(m, 'YYYY-MM-DD"T00:00:00Z"') AS from,
       to_char(m + interval '1 month', 'YYYY-MM-DD"T00:00:00Z"') AS to
     FROM (SELECT date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => $1) AS m) AS month`,
    [month],
  );
  if (row === undefined) throw new Error('no month');
  return row;
}

/** A daemon that leads and has done each of `tasks` once. */
export async function startLeader(configuration: string, tasks: readonly string[] = []): Promise<Daemon> {
  const daemon = await startDaemon(configuration);
  await daemon.waitForSample('leader{database="app"}', 1, { timeoutMs: 60_000 });
  for (const task of tasks)
    await waitFor(
      `the end of the first ${task}`,
      () => daemon.scrape(),
      (samples) =>
        ['ok', 'failed'].some((outcome) => (samples.get(`task_runs_total{database="app",task="${task}",outcome="${outcome}"}`) ?? 0) > 0),
      { timeoutMs: 60_000 },
    );
  return daemon;
}
