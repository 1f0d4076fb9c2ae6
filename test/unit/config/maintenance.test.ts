import { describe, expect, it } from 'vitest';
import type { MaintenancePolicy } from '../../../src/partition/policy.ts';
import { parse, problemsOf, tableOf, withTable } from './support.ts';

function maintenanceOf(keys: string, rest = ''): MaintenancePolicy | null {
  return tableOf(parse(withTable(`interval: 1 day${keys}`, rest))).maintenance;
}

const usual = maintenanceOf('');

describe('maintenance', () => {
  it('reads every key', () => {
    const keys = `timezone: Europe/Berlin, maintenance: {
      vacuumDeadRatio: 0.25, vacuumDeadRows: 5000, analyzeChangedRatio: 2, analyzeChangedRows: 1, freezeAgeRatio: 1, freezeClosed: false,
      closedFor: 0s, reindexBloat: 0.9, reindexMinSize: 512kB, parentAnalyzeEvery: 6h, concurrency: 64, window: { cron: "0 1 * * sun", for: 4h },
      costDelay: 2ms, costLimit: 200, maxReplicationLag: 5s, maxLockWaiters: 0 }`;
    expect(maintenanceOf(`, ${keys}`)).toEqual({
      vacuumDeadRatio: 0.25,
      vacuumDeadRows: 5000,
      analyzeChangedRatio: 2,
      analyzeChangedRows: 1,
      freezeAgeRatio: 1,
      freezeClosed: false,
      closedForMs: 0,
      reindexBloat: 0.9,
      reindexMinBytes: 524_288,
      parentAnalyzeEveryMs: 21_600_000,
      limits: {
        concurrency: 64,
        window: { cron: '0 1 * * sun', durationMs: 14_400_000, timezone: 'Europe/Berlin' },
        costDelayMs: 2,
        costLimit: 200,
        maxReplicationLagMs: 5000,
        maxLockWaiters: 0,
      },
    });
  });

  it('is on without a word, and off with false or null', () => {
    expect(usual).not.toBeNull();
    expect(maintenanceOf(', maintenance: {}')).toEqual(usual);
    expect(maintenanceOf(', maintenance: false')).toBeNull();
    expect(maintenanceOf(', maintenance: null')).toBeNull();
    expect(maintenanceOf(', maintenance:')).toBeNull();
  });

  it('takes false for what never comes and what never matters', () => {
    expect(
      maintenanceOf(', maintenance: { reindexBloat: false, parentAnalyzeEvery: false, maxReplicationLag: false, maxLockWaiters: false }'),
    ).toEqual({
      ...usual,
      reindexBloat: null,
      parentAnalyzeEveryMs: null,
      limits: { ...usual?.limits, maxReplicationLagMs: null, maxLockWaiters: null },
    });
  });

  it('takes a key with nothing behind it as absent', () => {
    expect(maintenanceOf(', maintenance: { reindexBloat: , window: , costDelay: null, concurrency: }')).toEqual(usual);
  });

  it('reads numbers out of variables', () => {
    const text = withTable(
      'interval: 1 day, maintenance: { vacuumDeadRatio: "${RATIO}", reindexBloat: "${OFF}", reindexMinSize: "${SIZE}" }',
    );
    const { maintenance } = tableOf(parse(text, { RATIO: '0.5', OFF: 'false', SIZE: '1 GB' }));
    expect(maintenance).toMatchObject({ vacuumDeadRatio: 0.5, reindexBloat: null, reindexMinBytes: 1_073_741_824 });
  });

  it.each([
    ['0', 0],
    ['8192', 8192],
    ['"8192"', 8192],
    ['8192 B', 8192],
    ['1kB', 1024],
    ['" 3  MB "', 3_145_728],
    ['2 TB', 2_199_023_255_552],
  ])('reads the size %s as %i bytes', (written, bytes) => {
    expect(maintenanceOf(`, maintenance: { reindexMinSize: ${written} }`)?.reindexMinBytes).toBe(bytes);
  });
});

describe('maintenance in defaults', () => {
  const defaults = 'defaults: { maintenance: { concurrency: 8, closedFor: 2h, window: { cron: "0 1 * * *", for: 1h } } }';

  it('holds for a table that says nothing', () => {
    expect(maintenanceOf('', defaults)).toMatchObject({
      closedForMs: 7_200_000,
      limits: { concurrency: 8, window: { durationMs: 3_600_000 } },
    });
  });

  it('gives way key by key', () => {
    expect(maintenanceOf(', maintenance: { concurrency: 1, costLimit: 5, window: null }', defaults)).toMatchObject({
      closedForMs: 7_200_000,
      limits: { concurrency: 1, costLimit: 5, window: null },
    });
  });

  it('gives way to false', () => {
    expect(maintenanceOf(', maintenance: false', defaults)).toBeNull();
  });

  it('can switch it off for all tables but those that write it', () => {
    expect(maintenanceOf('', 'defaults: { maintenance: false }')).toBeNull();
    expect(maintenanceOf(', maintenance: {}', 'defaults: { maintenance: false }')).toEqual(usual);
  });

  it('has a window in the zone of each table', () => {
    expect(maintenanceOf(', timezone: Asia/Tokyo', defaults)?.limits.window?.timezone).toBe('Asia/Tokyo');
  });

  it('is checked even when every table overrules it, and blamed once', () => {
    const text = withTable(
      'interval: 1 day, maintenance: false',
      'defaults: { maintenance: { concurency: 1, window: { cron: "0 1 * * *" } } }',
    );
    expect(problemsOf(text).map(({ path }) => path)).toEqual(['defaults.maintenance.concurency', 'defaults.maintenance.window']);
    const both = withTable('interval: 1 day', 'defaults: { maintenance: { concurrency: 0 } }');
    expect(problemsOf(both).map(({ path }) => path)).toEqual(['defaults.maintenance.concurrency']);
  });
});

describe('refuses, in maintenance,', () => {
  const at = 'databases[0].tables[0].maintenance';
  it.each([
    ['a word', 'true', at, 'true is not a map'],
    ['a list', '[]', at, 'is not a map'],
    ['an unknown key', '{ vacuumDeadRation: 1 }', `${at}.vacuumDeadRation`, 'did you mean vacuumDeadRatio?'],
    ['a share above its most', '{ vacuumDeadRatio: 101 }', `${at}.vacuumDeadRatio`, '101 cannot be used: it is more than 100'],
    ['a negative share', '{ analyzeChangedRatio: -0.1 }', `${at}.analyzeChangedRatio`, 'it is less than 0'],
    ['a percentage', '{ vacuumDeadRatio: 7% }', `${at}.vacuumDeadRatio`, 'it is a percentage; write 0.07'],
    ['a share that is no number', '{ vacuumDeadRatio: .nan }', `${at}.vacuumDeadRatio`, 'it is not a number'],
    ['a share beyond all numbers', '{ vacuumDeadRatio: 99999999999999999999 }', `${at}.vacuumDeadRatio`, 'more than'],
    ['false where there is no off', '{ vacuumDeadRatio: false }', `${at}.vacuumDeadRatio`, 'it is not a number'],
    ['no rows at all', '{ vacuumDeadRows: 0 }', `${at}.vacuumDeadRows`, 'it is less than 1'],
    ['a freeze age after the end', '{ freezeAgeRatio: 1.1 }', `${at}.freezeAgeRatio`, 'it is more than 1'],
    ['a freeze age of nothing', '{ freezeAgeRatio: 0 }', `${at}.freezeAgeRatio`, 'it is less than 0.1'],
    ['bloat of the whole index', '{ reindexBloat: 1 }', `${at}.reindexBloat`, 'more than 0.95', 'or false'],
    ['a size with an unknown unit', '{ reindexMinSize: 64 mb }', `${at}.reindexMinSize`, 'the unit mb is unknown; did you mean MB?'],
    ['a size in bits of units', '{ reindexMinSize: 64 Kib }', `${at}.reindexMinSize`, 'did you mean kB?'],
    ['a size in units of nothing', '{ reindexMinSize: 64 pages }', `${at}.reindexMinSize`, 'the unit pages is unknown.'],
    ['a size that is none', '{ reindexMinSize: big }', `${at}.reindexMinSize`, 'it is not a size'],
    ['a fraction of a byte', '{ reindexMinSize: 0.5 }', `${at}.reindexMinSize`, 'it is not a size'],
    ['a negative size', '{ reindexMinSize: -1 }', `${at}.reindexMinSize`, 'it is less than 0'],
    ['a size beyond all', '{ reindexMinSize: 99999999 TB }', `${at}.reindexMinSize`, 'more than any relation'],
    ['a cadence below a minute', '{ parentAnalyzeEvery: 5s }', `${at}.parentAnalyzeEvery`, 'it is less than 1m'],
    ['a bare number as duration', '{ closedFor: 1 }', `${at}.closedFor`, 'write its unit'],
    ['no workers', '{ concurrency: 0 }', `${at}.concurrency`, 'it is less than 1'],
    ['more workers than connections', '{ concurrency: 65 }', `${at}.concurrency`, 'it is more than 64'],
    ['a window without its length', '{ window: { cron: "0 1 * * *" } }', `${at}.window`, 'the key for is missing', 'from 1m to 24h'],
    ['a window without its beginning', '{ window: { for: 1h } }', `${at}.window`, 'the key cron is missing'],
    ['a window that is a word', '{ window: nightly }', `${at}.window`, '"nightly" is not a map'],
    ['a window of more than a day', '{ window: { cron: "0 1 * * *", for: 25h } }', `${at}.window.for`, 'it is more than 24h'],
    ['a window that never opens', '{ window: { cron: "0 1 31 2 *", for: 1h } }', `${at}.window.cron`, 'never comes'],
    ['a window that is switched off by its cron', '{ window: { cron: false, for: 1h } }', `${at}.window.cron`, 'it is not a text'],
    ['a cost delay that is slower than any', '{ costDelay: 1s }', `${at}.costDelay`, 'it is more than 100ms'],
    ['a cost limit of nothing', '{ costLimit: 0 }', `${at}.costLimit`, 'it is less than 1'],
    ['a lag below a second', '{ maxReplicationLag: 10ms }', `${at}.maxReplicationLag`, 'it is less than 1s', 'or false'],
    ['a negative number of waiters', '{ maxLockWaiters: -1 }', `${at}.maxLockWaiters`, 'it is less than 0'],
  ])('%s', (_what, value, path, ...parts) => {
    const problems = problemsOf(withTable(`interval: 1 day, maintenance: ${value}`));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    for (const part of parts) expect(problems[0]?.message).toContain(part);
  });

  it('nothing of a window when the zone is what is wrong', () => {
    const text = withTable('interval: 1 day, timezone: Nowhere, maintenance: { window: { cron: "0 1 * * *", for: 1h } }');
    expect(problemsOf(text).map(({ path }) => path)).toEqual(['databases[0].tables[0].timezone']);
  });
});
