import { describe, expect, it } from 'vitest';
import { ConfigError, ConnectionError, NotLeaderError } from '../../../src/errors.ts';
import { Refusal, refusalReason } from '../../../src/service/election/refusal.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

function newRefusal() {
  const lines: unknown[] = [];
  const logger = createLogger({ level: 'debug', format: 'json' }, { write: (line) => lines.push(JSON.parse(line)) });
  const limits = { partitions: 'top', topPerTable: 20, maxSeries: 50_000 } as const;
  const metrics = createMetrics({ version: '1', revision: '', databases: ['app'], limits, nowSeconds: () => 1 });
  return { refusal: new Refusal('app', metrics, logger), lines };
}

describe('the reason of a refusal', () => {
  it('follows from the code of the error; trouble that may pass is none', () => {
    const errors = [
      new ConfigError('PD120', 'a newer journal'),
      new ConfigError('PD209', 'a pooler'),
      new NotLeaderError('PD304', 'outdated'),
      new NotLeaderError('PD302', 'lost'),
      new ConnectionError('PD201', 'down'),
      new Error('a bug'),
    ];
    expect(errors.map(refusalReason)).toEqual(['journal-version', 'pooler', 'old-generation', null, null, null]);
  });
});

describe('a refusal', () => {
  it('is logged when it changes, and counts how often it was met', () => {
    const { refusal, lines } = newRefusal();
    refusal.refuse('standby');
    refusal.refuse('standby');
    expect([refusal.reason, refusal.times]).toEqual(['standby', 2]);
    refusal.refuseFor('pooler', new ConfigError('PD209', 'point `url` elsewhere'));
    expect([refusal.reason, refusal.times]).toEqual(['pooler', 1]);
    refusal.allow();
    expect([refusal.reason, refusal.times]).toEqual([null, 0]);
    refusal.refuse('standby');
    expect(lines).toMatchObject([
      { msg: 'refusing to lead', level: 'warn', database: 'app', reason: 'standby', error: expect.stringContaining('`url`') },
      { reason: 'pooler', code: 'PD209', error: 'point `url` elsewhere' },
      { reason: 'standby' },
    ]);
  });

  it('after a drain is for good', () => {
    const { refusal, lines } = newRefusal();
    refusal.refuse('drained');
    refusal.allow();
    refusal.refuse('standby');
    expect(refusal.reason).toBe('drained');
    expect(lines).toHaveLength(1);
  });
});
