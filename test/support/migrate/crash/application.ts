import type { TestDatabase } from '../../database.ts';
import { startLedgerWriters } from '../ledger.ts';
import { startReader } from '../planned-locks.ts';
import { type Kind, source } from './kinds.ts';

/** An application that goes on whatever becomes of a migration: a reader and writers who wait for nothing longer than that, which is half a second by default. */
export interface Application {
  /** Nobody writes while `body` compares tables. */
  quietly(body: () => Promise<void>): Promise<void>;
  /** Ends all; the errors that were seen. */
  stop(): Promise<readonly string[]>;
}

export async function startApplication(database: TestDatabase, { from, days }: Kind, budgetMs = 500): Promise<Application> {
  const writing = { table: source, writers: 2, from, days, pauseMs: 20, budgetMs } as const;
  const reader = await startReader(database, budgetMs);
  let writers = await startLedgerWriters(database.url, { ...writing, seed: 1 });
  const errors: string[] = [];
  const pause = async (): Promise<void> => {
    await writers.stop();
    errors.push(...writers.errors);
  };
  return {
    quietly: async (body) => {
      await pause();
      await body();
      writers = await startLedgerWriters(database.url, { ...writing, seed: writers.statements + 1 });
    },
    stop: async () => {
      await pause();
      await reader.stop();
      return [...errors, ...reader.errors];
    },
  };
}
