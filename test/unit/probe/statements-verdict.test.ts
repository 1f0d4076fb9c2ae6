import { describe, expect, it } from 'vitest';
import type { AuditedStatement, StatementAudit } from '../../../src/probe/statements/statement-audit.ts';
import { unprunedShare } from '../../../src/probe/statements/unpruned-share.ts';
import { verdictOf } from '../../../src/probe/statements/verdict.ts';
import type { UnprunedReason } from '../../../src/probe/unpruned/reason.ts';

function because(kind: UnprunedReason['kind']): UnprunedReason {
  return { kind, message: 'It is so.', fix: null };
}

describe('the verdict on a statement', () => {
  const all = { scanned: 24, removedAtStart: 0 };

  it.each([
    ['prunes in every plan', { total: 24, generic: { scanned: 3, removedAtStart: 0 }, typical: 2, reason: null }, 'prunes', 2],
    [
      'prunes in every plan, as far as is known',
      { total: 24, generic: { scanned: 3, removedAtStart: 0 }, typical: null, reason: null },
      'prunes',
      3,
    ],
    [
      'has one partition',
      { total: 1, generic: { scanned: 1, removedAtStart: 0 }, typical: 1, reason: because('no-condition') },
      'prunes',
      1,
    ],
    ['has none', { total: 0, generic: { scanned: 0, removedAtStart: 0 }, typical: 0, reason: null }, 'prunes', 0],
    ['prunes with values', { total: 24, generic: all, typical: 23, reason: because('generic-plan') }, 'prunes-when-run', 23],
    [
      'prunes when the executor starts',
      { total: 24, generic: { scanned: 0, removedAtStart: 24 }, typical: 24, reason: null },
      'prunes-when-run',
      24,
    ],
    [
      'has more leaves than partitions',
      { total: 4, generic: { scanned: 0, removedAtStart: 24 }, typical: 1, reason: null },
      'prunes-when-run',
      1,
    ],
    ['asks for everything', { total: 24, generic: all, typical: 24, reason: because('asked-for') }, 'prunes-when-run', 24],
    [
      'could prune, with values that are not known',
      { total: 24, generic: all, typical: null, reason: because('generic-plan') },
      'prunes-when-run',
      null,
    ],
    ['stops before the last partition', { total: 24, generic: all, typical: 24, reason: because('stops-early') }, 'prunes-when-run', null],
    ['never prunes', { total: 24, generic: all, typical: 24, reason: because('function-on-key') }, 'touches-all', 24],
    ['never prunes, whatever the values', { total: 24, generic: all, typical: null, reason: because('no-condition') }, 'touches-all', 24],
  ] as const)('that %s', (_, planned, verdict, touched) => {
    expect(verdictOf(planned)).toEqual({ verdict, touched });
  });
});

describe('the share of statements that do not prune', () => {
  function statement(name: string, totalMs: number, verdict: AuditedStatement['verdict']): AuditedStatement {
    const table = { schema: 'public', name };
    return { queryId: '1', text: '', calls: 1, totalMs, table, touched: null, total: 4, verdict, reason: null, problem: null };
  }
  function audit(statements: readonly AuditedStatement[], hidden = 0): StatementAudit {
    const tables = ['a', 'b'].map((name) => ({ schema: 'public', name }));
    return { obstacle: null, since: null, statements, tables, hidden, remarks: [] };
  }

  it('is of the time on each table alone', () => {
    const found = unprunedShare(
      audit([
        statement('a', 60, 'touches-all'),
        statement('b', 50, 'prunes'),
        statement('a', 30, 'prunes-when-run'),
        statement('a', 10, 'unknown'),
        statement('a', 20, 'touches-all'),
      ]),
    );
    expect(found.map(({ table, ...rest }) => ({ table: table.name, ...rest }))).toEqual([
      { table: 'a', statements: 2, timeShare: 80 / 120 },
      { table: 'b', statements: 0, timeShare: 0 },
    ]);
  });

  it('is 0 where no time was measured, and not known without statements', () => {
    expect(unprunedShare(audit([statement('a', 0, 'touches-all')]))).toMatchObject([
      { statements: 1, timeShare: 0 },
      { statements: 0, timeShare: null },
    ]);
  });

  it('leaves out tables of which nothing is known: not looked at, nothing but unknown, or hidden', () => {
    const names = (found: StatementAudit): readonly string[] => unprunedShare(found).map(({ table }) => table.name);
    expect(names(audit([]))).toEqual(['a', 'b']);
    expect(names(audit([], 35))).toEqual([]);
    expect(names(audit([statement('a', 1, 'prunes')], 35))).toEqual(['a']);
    expect(names(audit([statement('a', 1, 'unknown')]))).toEqual(['b']);
    expect(names({ ...audit([]), tables: [] })).toEqual([]);
  });
});
