import { describe, expect, it } from 'vitest';
import { StatementError } from '../../../src/errors.ts';
import type { ProbeResult } from '../../../src/probe/run-probes.ts';
import type { AuditedStatement } from '../../../src/probe/statements/statement-audit.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { ProbeLog } from '../../../src/telemetry/probe-log.ts';

const table = { schema: 'public', name: 'events' };

class Told {
  readonly #lines: Readonly<Record<string, unknown>>[] = [];
  readonly log: ProbeLog = new ProbeLog(
    createLogger({ level: 'debug', format: 'json' }, { write: (line) => this.#lines.push(JSON.parse(line)) }),
    'app',
  );

  /** What was told since the last call, without times. */
  take(): readonly Readonly<Record<string, unknown>>[] {
    return this.#lines.splice(0).map(({ time: _time, ...line }) => line);
  }

  /** Of the results of one pass: level and message of each line that is about a probe. */
  pass(...results: readonly ProbeResult[]): readonly unknown[] {
    this.log.passed(results, 12.6);
    return this.take().flatMap((line) => (line['probe'] === undefined ? [] : [[line['level'], line['msg']]]));
  }
}

function result(outcome: ProbeResult['outcome'], changes: Partial<ProbeResult> = {}): ProbeResult {
  return {
    table,
    probe: 'daily',
    isAutomatic: false,
    sql: 'SELECT planted',
    ranAt: 1n,
    outcome,
    problems: outcome === 'met' ? [] : ['It left 12 partitions, 2 are allowed.'],
    error: outcome === 'failed' ? new StatementError('PD501', 'Could not plan it.', '42601') : null,
    touched: null,
    allowed: 2,
    planningMs: 1,
    executionMs: null,
    buffers: null,
    unpruned:
      outcome === 'missed'
        ? { kind: 'cast-on-key', message: "The key is cast: (at)::date = 'planted'.", fix: 'Compare it as it is.' }
        : null,
    plan: outcome === 'failed' ? null : '[{"Plan": "planted"}]',
    ...changes,
  };
}

describe('the log of probes', () => {
  it('tells what turned once, with problems and reason, and neither plan nor SQL', () => {
    const told = new Told();
    told.log.passed([result('missed')], 12.6);
    expect(told.take()).toEqual([
      {
        level: 'warn',
        msg: 'probe missed',
        database: 'app',
        table: 'public.events',
        probe: 'daily',
        problems: ['It left 12 partitions, 2 are allowed.'],
        reason: 'cast-on-key',
        fix: 'Compare it as it is.',
      },
      { level: 'debug', msg: 'probes run', database: 'app', met: 0, missed: 1, failed: 0, durationMs: 13 },
    ]);
    expect(told.pass(result('missed'))).toEqual([['debug', 'probe missed']]);
    told.log.passed([result('failed')], 1);
    expect(told.take()[0]).toMatchObject({
      level: 'warn',
      msg: 'probe failed',
      code: 'PD501',
      sqlstate: '42601',
      error: 'Could not plan it.',
    });
    expect(told.pass(result('failed'))).toEqual([['debug', 'probe failed']]);
    expect(told.pass(result('missed'))).toEqual([['warn', 'probe missed']]);
    expect(told.pass(result('met'))).toEqual([['info', 'probe met again']]);
    expect(told.pass(result('met'))).toEqual([['debug', 'probe met']]);
  });

  it('has no news of a probe that is met from the beginning, and tells probes of one name apart', () => {
    const told = new Told();
    const other = { table: { schema: 'other', name: 'events' } };
    expect(told.pass(result('met'), result('missed', other))).toEqual([
      ['debug', 'probe met'],
      ['warn', 'probe missed'],
    ]);
    expect(told.pass(result('missed'), result('missed', other))).toEqual([
      ['warn', 'probe missed'],
      ['debug', 'probe missed'],
    ]);
  });

  it('warns once of what is so in every pass', () => {
    const told = new Told();
    told.log.warned('They may do anything.');
    told.log.warned('They may do anything.');
    expect(told.take()).toEqual([{ level: 'warn', msg: 'probes may do harm', database: 'app', reason: 'They may do anything.' }]);
  });

  it('goes on from what the journal remembers', () => {
    const told = new Told();
    const known = { table, probe: 'daily' };
    told.log.recall([{ ...known, outcome: 'missed' }]);
    expect(told.pass(result('missed'))).toEqual([['debug', 'probe missed']]);
    told.log.recall([{ ...known, outcome: 'missed' }]);
    expect(told.pass(result('met'))).toEqual([['info', 'probe met again']]);
  });
});

describe('the log of recorded statements', () => {
  it('tells how many there are, and nothing that is in them', () => {
    const told = new Told();
    const statement = { queryId: '1', text: 'SELECT planted FROM events', table } as AuditedStatement;
    const audit = {
      obstacle: null,
      since: null,
      statements: [statement, statement],
      remarks: ['Text of planted was lost.'],
      tables: [table],
      hidden: 0,
    };
    told.log.audited(audit, [
      { table, statements: 1, timeShare: 0.5 },
      { table, statements: 2, timeShare: 0.5 },
    ]);
    expect(told.take()).toEqual([{ level: 'debug', msg: 'statements looked at', database: 'app', statements: 2, unpruned: 3, remarks: 1 }]);
  });

  it('tells once why there is nothing to look at, and again when that has been over', () => {
    const told = new Told();
    const audit = { obstacle: 'There is no pg_stat_statements.', since: null, statements: [], remarks: [], tables: [], hidden: 0 };
    const level = (): unknown => told.take().at(-1)?.['level'];
    told.log.audited(audit, []);
    expect(told.take()).toEqual([
      { level: 'info', msg: 'statements not looked at', database: 'app', reason: 'There is no pg_stat_statements.' },
    ]);
    told.log.audited(audit, []);
    expect(level()).toBe('debug');
    told.log.audited({ ...audit, obstacle: null }, []);
    expect(level()).toBe('debug');
    told.log.audited(audit, []);
    expect(level()).toBe('info');
  });

  it('warns of an audit that failed', () => {
    const told = new Told();
    told.log.auditFailed(new StatementError('PD502', 'May not look.', '42501'));
    expect(told.take()).toMatchObject([
      { level: 'warn', msg: 'statements not looked at', database: 'app', code: 'PD502', sqlstate: '42501' },
    ]);
  });
});
