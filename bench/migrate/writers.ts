/** A process of ledger writers, so that the engine does not share its thread with those it must not keep waiting. Started by `startWriters`. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type LedgerOptions, type LedgerWriters, startLedgerWriters } from '../../test/support/migrate/ledger.ts';

export interface Written {
  /** Since the last `take`. */
  readonly statements: number;
  /** Of these, milliseconds. */
  readonly latencies: readonly number[];
  /** Of the whole run. */
  readonly errors: readonly string[];
}

export interface Writers {
  take(): Promise<Written>;
  /** Ends when the transactions at work have. */
  stop(): Promise<Written>;
}

/** Messages in: the writers' URL and options first, then `take` and `stop`; out: `Written`, and one without statements at the start. */
export async function startWriters(url: string, options: LedgerOptions): Promise<Writers> {
  const child = fork(fileURLToPath(import.meta.url), ['writers']);
  const ask = async (message: object | string): Promise<Written> =>
    await new Promise((resolve, reject) => {
      const ended = (code: number | null): void => reject(new Error(`the writers ended with ${code}`));
      child.once('exit', ended);
      child.once('message', (written) => {
        child.off('exit', ended);
        resolve(written as Written);
      });
      child.send(message);
    });
  await ask({ url, options });
  return { take: () => ask('take'), stop: () => ask('stop') };
}

function serve(): void {
  process.once('message', (first) => {
    const { url, options } = first as { readonly url: string; readonly options: LedgerOptions };
    startLedgerWriters(url, options).then(answer, fail);
  });
}

function answer(writers: LedgerWriters): void {
  let [statements, latencies] = [0, 0];
  const tell = (): void => {
    const written: Written = {
      statements: writers.statements - statements,
      latencies: writers.latencies.slice(latencies),
      errors: writers.errors,
    };
    [statements, latencies] = [writers.statements, writers.latencies.length];
    process.send?.(written);
  };
  process.on('message', (message) => {
    if (message === 'take') return tell();
    writers
      .stop()
      .then(tell)
      .then(() => process.disconnect(), fail);
  });
  tell();
}

/** Whoever waits for an answer sees the process end. */
function fail(error: unknown): void {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
  process.disconnect();
}

if (process.argv[2] === 'writers' && process.send !== undefined) serve();
