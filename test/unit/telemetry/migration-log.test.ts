import { describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { MigrationLog } from '../../../src/telemetry/migration-log.ts';

const whose = { database: 'app', table: { schema: 'public', name: 'revenues' } };

describe('the log of a migration', () => {
  it('tells steps, progress and brakes every 10 s, and mismatches as errors', () => {
    const lines: Record<string, unknown>[] = [];
    let clock = 0;
    const log = new MigrationLog(
      createLogger({ level: 'info', format: 'json' }, { write: (line) => void lines.push(JSON.parse(line)) }),
      () => clock,
    );
    const throttled = { ...whose, kind: 'throttled', reason: 'window', ms: 1_000, explanation: 'opens at 22:00' } as const;
    log.write(throttled);
    clock = 9_999;
    log.write(throttled);
    log.write({ ...throttled, reason: 'load' });
    clock = 10_000;
    log.write(throttled);
    expect(lines.map(({ msg, reason }) => [msg, reason])).toEqual([
      ['migration waits', 'window'],
      ['migration waits', 'load'],
      ['migration waits', 'window'],
    ]);
    lines.length = 0;
    log.write({ ...whose, kind: 'batch-copied', rows: 5, blocks: 1, durationMs: 2 });
    log.write({ ...whose, kind: 'batch-checked', rows: 5, mismatches: 0 });
    log.write({ ...whose, kind: 'batch-checked', rows: 5, mismatches: 2 });
    log.write({ ...whose, kind: 'migration-step', step: 'create target', sql: ['CREATE TABLE x ()'], durationMs: 1.4 });
    const attempt = { ...whose, kind: 'switch-attempted', direction: 'forward', lockMs: 30.2, explanation: '' } as const;
    log.write({ ...attempt, outcome: 'lock-timeout' });
    log.write({ ...attempt, outcome: 'ok' });
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['error', 'batch checked'],
      ['info', 'migration step'],
      ['warn', 'migration switch'],
      ['info', 'migration switch'],
    ]);
    expect(lines[1]).toMatchObject({ table: 'public.revenues', step: 'create target', durationMs: 1 });
    expect(lines[1]).not.toHaveProperty('sql');
  });

  it('keeps statements, details of steps and all of a trial for debug', () => {
    const told = (level: 'info' | 'debug', usual?: 'debug'): readonly unknown[] => {
      const lines: Record<string, unknown>[] = [];
      const logger = createLogger({ level, format: 'json' }, { write: (line) => void lines.push(JSON.parse(line)) });
      const log = new MigrationLog(logger, () => 0, usual);
      const step = { ...whose, kind: 'migration-step', step: 'create partition', sql: ['CREATE TABLE x ()'], durationMs: 1 } as const;
      log.write(step);
      log.write({ ...step, step: 'guard', isDetail: true });
      return lines.map((line) => [line['level'], line['step'], line['sql'] ?? null]);
    };
    expect(told('info')).toEqual([['info', 'create partition', null]]);
    expect(told('info', 'debug')).toEqual([]);
    expect(told('debug')).toEqual([
      ['info', 'create partition', null],
      ['debug', 'create partition', ['CREATE TABLE x ()']],
      ['debug', 'guard', null],
      ['debug', 'guard', ['CREATE TABLE x ()']],
    ]);
  });
});
