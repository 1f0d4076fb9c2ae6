import type { Daemon } from '../../daemon.ts';
import type { TestDatabase } from '../../database.ts';
import { type RunResult, runPartitiond } from '../../run-partitiond.ts';
import { fillIn, type Placeholder, type Runbook, readRunbook, shellWords } from './runbook.ts';

/** Answer of an order or a scrape; of a scrape only the lines that the `grep` behind it lets through. */
export interface CurlAnswer {
  readonly status: number;
  readonly text: string;
}

/** A runbook at work on a database that is broken as the alert says. */
export interface Trial {
  /** Runs the one SQL block that contains `part`, as a superuser, and returns the rows of its last statement. */
  sql<Row extends Record<string, unknown> = Record<string, unknown>>(part: string): Promise<Row[]>;
  /** Runs the one command line that contains `part` with the built program; it finds the configuration as in a pod. */
  partitiond(part: string): Promise<RunResult>;
  /** Sends what the one `curl` line with `part` sends, to that daemon. */
  curl(part: string, daemon: Daemon): Promise<CurlAnswer>;
  /** Later values of placeholders, which an earlier statement has named. */
  learn(values: Readonly<Partial<Record<Placeholder, string>>>): void;
  /** Throws unless every SQL block and every command but those of kubectl has been run. Say so at the end of each trial. */
  assertAllTried(): void;
}

/** `values` fill in what the alert's labels say: `configuration` is the path that PARTITIOND_CONFIG has in the pod. */
export function tryRunbook(
  name: string,
  database: TestDatabase,
  configuration: string,
  values: Readonly<Partial<Record<Placeholder, string>>> = {},
): Trial {
  return new RunbookTrial(readRunbook(name), database, configuration, { DATABASE_LABEL: 'app', ...values });
}

class RunbookTrial implements Trial {
  readonly #runbook: Runbook;
  readonly #database: TestDatabase;
  readonly #configuration: string;
  readonly #untried: Set<string>;
  #values: Readonly<Partial<Record<Placeholder, string>>>;

  constructor(runbook: Runbook, database: TestDatabase, configuration: string, values: Readonly<Partial<Record<Placeholder, string>>>) {
    this.#runbook = runbook;
    this.#database = database;
    this.#configuration = configuration;
    this.#values = values;
    this.#untried = new Set([...this.#statements(), ...this.#commands()]);
  }

  async sql<Row extends Record<string, unknown>>(part: string): Promise<Row[]> {
    return await this.#database.query<Row>(this.#take(part, this.#statements()));
  }

  async partitiond(part: string): Promise<RunResult> {
    const line = this.#take(part, this.#commands('partitiond'));
    return await runPartitiond(shellWords(line).slice(1), { env: { PARTITIOND_CONFIG: this.#configuration } });
  }

  async curl(part: string, daemon: Daemon): Promise<CurlAnswer> {
    const line = this.#take(part, this.#commands('curl'));
    const words = shellWords(line);
    const [place = '', port = '', path = ''] = /^localhost:(9788|9789)(\/.*)$/.exec(words.at(-1) ?? '') ?? [];
    if (place === '') throw new Error(`Neither of partitiond's ports is asked by: ${line}`);
    const answer = await fetch((port === '9788' ? daemon.http : daemon.admin) + path, { method: words.includes('POST') ? 'POST' : 'GET' });
    const pattern = /\| grep (?:-E )?(.*)$/.exec(line)?.[1]?.replaceAll("'", '') ?? '';
    const lines = (await answer.text()).split('\n').filter((text) => new RegExp(pattern).test(text) && !text.startsWith('#'));
    return { status: answer.status, text: lines.join('\n') };
  }

  learn(values: Readonly<Partial<Record<Placeholder, string>>>): void {
    this.#values = { ...this.#values, ...values };
  }

  assertAllTried(): void {
    if (this.#untried.size > 0) throw new Error(`Nobody has tried of ${this.#runbook.name}:\n${[...this.#untried].join('\n')}`);
  }

  #statements(): readonly string[] {
    return this.#runbook.blocks.filter(({ language }) => language === 'sql').map(({ text }) => text);
  }

  #commands(program?: string): readonly string[] {
    const wanted = program === undefined ? ['partitiond', 'curl'] : [program];
    return this.#runbook.commands.filter((line) => wanted.includes(line.split(' ')[0] ?? ''));
  }

  #take(part: string, all: readonly string[]): string {
    const found = [...new Set(all.filter((text) => text.includes(part)))];
    const [text] = found;
    if (text === undefined || found.length > 1) throw new Error(`${this.#runbook.name} has ${found.length} blocks or lines with: ${part}`);
    this.#untried.delete(text);
    return fillIn(text, this.#values);
  }
}
