import { describe, expect, it } from 'vitest';
import { runTransaction, type StepTransaction } from '../../../src/apply/run-transaction.ts';
import { StatementError } from '../../../src/errors.ts';
import type { Session } from '../../../src/postgres/session.ts';

const never = new AbortController().signal;
const transaction: StepTransaction = {
  doing: 'create-partition public.revenues_2025_q2',
  before: ['INSERT 1'],
  epochGuard: 'SELECT epoch',
  statements: ['CREATE 1', 'ATTACH 1'],
  patience: 'brief',
};

/** Refuses each message that holds `culprit` with `sqlstate`. */
function sessionThatRefuses(culprit: string, sqlstate: string): { readonly session: Session; readonly sent: string[] } {
  const sent: string[] = [];
  const unused = async (): Promise<never> => Promise.reject(new Error('unused'));
  const execute = async (sql: string): Promise<void> => {
    sent.push(sql);
    if (!sql.includes(culprit)) return;
    // What the driver threw is there to be named anew.
    throw new StatementError('PD501', 'refused', sqlstate, { cause: new StatementError('PD501', `refused ${culprit}`, sqlstate) });
  };
  const complete = async (statements: readonly string[]): Promise<void> => await execute(statements.join(';\n'));
  const nobody = (): (() => void) => () => undefined;
  const others = { pid: 1, rows: unused, transaction: unused, onLost: nobody, onNotice: nobody, close: async () => undefined };
  return { sent, session: { ...others, execute, complete } };
}

describe('runTransaction', () => {
  it('sends everything in one message, the lock timeout before the first statement', async () => {
    const { session, sent } = sessionThatRefuses('nothing', '');
    await runTransaction(session, transaction, 50, never);
    expect(sent).toEqual([
      `/* partitiond:create-partition public.revenues_2025_q2 */ ${[
        'BEGIN',
        'SET LOCAL synchronous_commit = off',
        'SELECT epoch',
        'INSERT 1',
        'COMMIT',
        'BEGIN',
        "SET LOCAL lock_timeout = '50ms'",
        'SELECT epoch',
        'CREATE 1',
        'ATTACH 1',
        'COMMIT',
      ].join(';\n')}`,
    ]);
  });

  it('repeats what failed statement by statement, journal entries first, to name the one that failed', async () => {
    const { session, sent } = sessionThatRefuses('ATTACH 1', '42P17');
    await expect(runTransaction(session, transaction, 50, never)).rejects.toThrow('refused ATTACH 1');
    expect(sent.slice(1)).toEqual([
      'ROLLBACK',
      'BEGIN;\nSET LOCAL synchronous_commit = off;\nSELECT epoch',
      'INSERT 1',
      'COMMIT',
      "BEGIN;\nSET LOCAL lock_timeout = '50ms';\nSELECT epoch",
      'CREATE 1',
      'ATTACH 1',
      'ROLLBACK',
    ]);
  });

  it('lets no statement of a bounded one take longer than the wait for a lock, as if it had waited', async () => {
    const { session, sent } = sessionThatRefuses('ATTACH 1', '57014');
    const bounded = { ...transaction, isBounded: true };
    await expect(runTransaction(session, bounded, 50, never)).rejects.toMatchObject({ sqlstate: '55P03', cause: { sqlstate: '57014' } });
    expect(sent[0]).toContain("SET LOCAL lock_timeout = '50ms';\nSET LOCAL statement_timeout = '50ms';\nSELECT epoch");
    expect(sent.slice(1)).toEqual(['ROLLBACK']);
  });

  it.each(['55P03', '40P01', '57014', '57P04', '53100', '53200', 'PD511'])('repeats nothing after %s', async (sqlstate) => {
    const { session, sent } = sessionThatRefuses('ATTACH 1', sqlstate);
    await expect(runTransaction(session, transaction, 50, never)).rejects.toMatchObject({ sqlstate });
    expect(sent.slice(1)).toEqual(['ROLLBACK']);
  });
});
