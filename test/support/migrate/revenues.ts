import { createDatabase, type TestDatabase } from '../database.ts';
import { type PolicyFile, policyFile } from '../policy-file.ts';
import { runInside } from '../run-inside.ts';
import { type RunningProgram, type RunResult, startPartitiond } from '../run-partitiond.ts';
import { copyKind, type Kind, source } from './crash/kinds.ts';
import { compareLedger, createLedger } from './ledger.ts';

/** A table with some of what a switch moves, beside the ledger of its rows. */
function setup({ table, from, days }: Kind, rows: number): string {
  return `
    CREATE TABLE public.orgs (id integer PRIMARY KEY);
    INSERT INTO public.orgs SELECT n FROM generate_series(0, 99) AS n;
    ${table}
    INSERT INTO ${source} SELECT n, n % 100, timestamptz '${from}' + (n::float8 / ${rows}) * interval '${days + 9} days', n, repeat('x', 100)
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

/** A database with that table, and the program to migrate it with. */
export interface Revenues extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly kind: Kind;
  /** Runs `migrate ACTION` to its end, in this process: what dies and what goes on from a death is started. */
  run(action: string, ...rest: readonly string[]): Promise<RunResult>;
  /** What it printed, of an action that must succeed. */
  ok(action: string, ...rest: readonly string[]): Promise<string>;
  /** The same in the built program. */
  start(action: string, ...rest: readonly string[]): RunningProgram;
}

export interface RevenuesOptions {
  readonly kind?: Kind;
  readonly rows?: number;
  /** Further keys of the block `migration`, as YAML, in place of a copy without pauses. */
  readonly migration?: string;
  readonly serverUrl?: string;
}

export async function createRevenues(options: RevenuesOptions = {}): Promise<Revenues> {
  const { kind = copyKind, rows = 6_000, migration = 'copy: { pace: 0, workers: 2, batchTime: 20ms }' } = options;
  const database = await createDatabase(options.serverUrl);
  await database.query(setup(kind, rows));
  await createLedger(database.url, source);
  // What the machine is busy with besides is no reason to brake.
  const keys = [kind.migration, migration, 'partitionKey: occurred_at', 'brakes: { commitLatencyFactor: 1000 }'].filter(
    (key) => key !== '',
  );
  const entry = `{ table: ${source}, ${kind.entry}, migration: { ${keys.join(', ')} } }`;
  const files = {
    inside: policyFile(database, [entry], 'log: { level: error }'),
    outside: policyFile(database, [entry], 'log: { level: info }'),
  };
  const args = (file: PolicyFile, action: string, rest: readonly string[]) => {
    const words = action === 'plan' || action === 'start' ? kind.words : [];
    return ['migrate', action, '--config', file.path, '--table', source, ...words, ...rest];
  };
  const run = (action: string, ...rest: readonly string[]) => runInside(args(files.inside, action, rest));
  return {
    database,
    kind,
    run,
    ok: async (action, ...rest) => {
      const { exitCode, signal, stdout, stderr } = await run(action, ...rest);
      if (exitCode !== 0) throw new Error(`migrate ${action}: exit code ${exitCode ?? signal}\n${stdout}\n${stderr.slice(-4000)}`);
      return stdout;
    },
    start: (action, ...rest) => startPartitiond(args(files.outside, action, rest)),
    [Symbol.asyncDispose]: async () => {
      files.inside[Symbol.dispose]();
      files.outside[Symbol.dispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}

/** Rows that either table has and the ledger has not, or the other way round; the follower is behind while anybody writes. */
export async function compareBoth({ database, kind }: Revenues, when: 'before' | 'after'): Promise<readonly string[]> {
  const live = await compareLedger(database.url, source);
  const follower = kind.follower?.[when] ?? null;
  const other = follower === null ? [] : await compareLedger(database.url, follower, kind.part);
  return [...live.map((line) => `${source}: ${line}`), ...other.map((line) => `${follower}: ${line}`)];
}
