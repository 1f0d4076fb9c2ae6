import { createDatabase, type TestDatabase } from '../database.ts';
import { policyFile } from '../policy-file.ts';
import { type RunningProgram, type RunResult, runPartitiond, startPartitiond } from '../run-partitiond.ts';
import { compareLedger, createLedger } from './ledger.ts';

export const source = 'public.revenues';
export const target = 'public.revenues_partitioned';
export const old = 'public.revenues_unpartitioned';

const day = 86_400_000;
/** Rows are of the 300 days from here on: in fewer quarters than are made, so that whoever writes a little beyond finds a partition. */
export const firstDay: string = new Date(Math.floor((Date.now() - 330 * day) / day) * day).toISOString();

/** A table with some of what a switch moves, beside the ledger of its rows. */
function setup(rows: number): string {
  return `
    CREATE TABLE public.orgs (id integer PRIMARY KEY);
    INSERT INTO public.orgs SELECT n FROM generate_series(0, 99) AS n;
    CREATE TABLE ${source} (
      id bigint NOT NULL,
      org_id integer NOT NULL CONSTRAINT of_org REFERENCES public.orgs,
      occurred_at timestamptz NOT NULL,
      amount numeric(12,2),
      note text DEFAULT 'none',
      CONSTRAINT revenues_pkey PRIMARY KEY (id, occurred_at),
      CONSTRAINT revenues_small CHECK (amount < 10000000)
    );
    INSERT INTO ${source} SELECT n, n % 100, timestamptz '${firstDay}' + (n::float8 / ${rows}) * interval '300 days', n, repeat('x', 100)
      FROM generate_series(1, ${rows}) AS n;
    CREATE INDEX revenues_org ON ${source} (org_id, occurred_at);
    ALTER TABLE ${source} ADD CONSTRAINT revenues_twice UNIQUE (occurred_at, id);
    CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TRIGGER kept BEFORE UPDATE ON ${source} FOR EACH ROW EXECUTE FUNCTION public.keep();
    CREATE VIEW public.big AS SELECT id, amount FROM ${source} WHERE amount > 1000;
    COMMENT ON TABLE ${source} IS 'the money';
    GRANT SELECT ON ${source} TO PUBLIC;
    ANALYZE`;
}

/** A database with that table, and the built program to migrate it with. */
export interface Revenues extends AsyncDisposable {
  readonly database: TestDatabase;
  /** Runs `migrate ACTION` to its end. */
  run(action: string, ...rest: readonly string[]): Promise<RunResult>;
  /** What it printed, of an action that must succeed. */
  ok(action: string, ...rest: readonly string[]): Promise<string>;
  start(action: string, ...rest: readonly string[]): RunningProgram;
}

export interface RevenuesOptions {
  readonly rows?: number;
  /** Further keys of the block `migration`, as YAML. */
  readonly migration?: string;
  readonly serverUrl?: string;
}

export async function createRevenues(options: RevenuesOptions = {}): Promise<Revenues> {
  const database = await createDatabase(options.serverUrl);
  await database.query(setup(options.rows ?? 6_000));
  await createLedger(database.url, source);
  // What the machine is busy with besides is no reason to brake.
  const brakes = 'brakes: { commitLatencyFactor: 1000 }';
  const copy = 'copy: { pace: 0, workers: 2, batchTime: 20ms }';
  const migration = `migration: { partitionKey: occurred_at, strategy: copy, ${options.migration ?? copy}, ${brakes} }`;
  const file = policyFile(database, [`{ table: ${source}, interval: 3 months, premake: 2, ${migration} }`], 'log: { level: info }');
  const args = (action: string, rest: readonly string[]) => ['migrate', action, '--config', file.path, '--table', source, ...rest];
  const run = (action: string, ...rest: readonly string[]) => runPartitiond(args(action, rest));
  return {
    database,
    run,
    ok: async (action, ...rest) => {
      const { exitCode, signal, stdout, stderr } = await run(action, ...rest);
      if (exitCode !== 0) throw new Error(`migrate ${action}: exit code ${exitCode ?? signal}\n${stdout}\n${stderr.slice(-4000)}`);
      return stdout;
    },
    start: (action, ...rest) => startPartitiond(args(action, rest)),
    [Symbol.asyncDispose]: async () => {
      file[Symbol.dispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Rows that either table has and the ledger has not, or the other way round; the follower is behind while anybody writes. */
export async function compareBoth({ database }: Revenues, follower: string): Promise<readonly string[]> {
  const [live, other] = [await compareLedger(database.url, source), await compareLedger(database.url, follower)];
  return [...live.map((line) => `${source}: ${line}`), ...other.map((line) => `${follower}: ${line}`)];
}
