import { describe, expect, it } from 'vitest';
import { coloursOf } from '../../../src/cli/output/colours.ts';
import { lastMissText, probesSummary, probesText } from '../../../src/cli/output/probe-text.ts';
import type { ProbeRecord } from '../../../src/partition/probe-record.ts';
import type { ProbeResult } from '../../../src/probe/run-probes.ts';
import { named } from '../../support/model.ts';

const colours = coloursOf({ hasColors: false } as never);
const at = BigInt(Date.parse('2026-11-21T17:00:00Z')) * 1000n;
const table = named('t');

const met: ProbeResult = {
  table,
  probe: 'daily',
  isAutomatic: false,
  sql: 'SELECT 1',
  ranAt: at,
  outcome: 'met',
  problems: [],
  error: null,
  touched: {
    scanned: [named('p1')],
    pruned: [named('p2'), named('p3')],
    neverExecuted: [],
    removedAtStart: 0,
    scannedLeaves: 1,
    totalLeaves: 3,
    isUnasked: false,
  },
  allowed: 1,
  planningMs: 0.4249,
  executionMs: 1234.5,
  buffers: { hit: 12_345, read: 0 },
  unpruned: null,
  plan: '[]',
};
const failed: ProbeResult = { ...met, outcome: 'failed', touched: null, allowed: null, planningMs: null, executionMs: null, buffers: null };

describe('the lines of probes', () => {
  it('are aligned, with the units of what they measure', () => {
    const probes = [met, { ...met, probe: 'a-longer-name', outcome: 'missed' as const, planningMs: 12.34, executionMs: null }, failed];
    expect(probesText([{ database: 'app', probes }], colours)).toBe(
      [
        'DATABASE   TABLE      PROBE           OUTCOME   SCANNED   ALLOWED   PLANNING   EXECUTION   BUFFERS',
        'app        public.t   daily           met        1 of 3         1    0.42 ms      1.23 s   12,345 hit, 0 read',
        'app        public.t   a-longer-name   missed     1 of 3         1    12.3 ms           -   12,345 hit, 0 read',
        'app        public.t   daily           failed          -         -          -           -   -',
        '',
      ].join('\n'),
    );
  });

  it('end in how many came to what', () => {
    expect(probesSummary([met, failed, met])).toBe('3 probes: 2 met, 1 failed.\n');
    expect(probesSummary([met])).toBe('1 probe: 1 met.\n');
    expect(probesSummary([])).toBe('0 probes.\n');
  });

  it('escape names', () => {
    const odd = { ...met, table: { schema: 'public', name: 'a\nb\u001b[31m' } };
    expect(probesText([{ database: 'x\u001b', probes: [odd] }], colours)).toContain('x\\u001b    public."a\\nb\\u001b[31m"   daily');
  });
});

describe('the last miss of a probe', () => {
  const record: ProbeRecord = {
    table,
    probe: 'daily',
    ranAt: at,
    outcome: 'missed',
    scanned: 3,
    total: 3,
    allowed: 1,
    planningMs: 1,
    executionMs: null,
    problems: ['It scanned 3 partitions.'],
    lastMiss: { at, report: 'scanned  3 of 3\n\u001b[31mwhy\tnot\n' },
  };

  it('is told line by line, escaped, and whether it is still so', () => {
    expect(lastMissText('app', record, colours)).toBe(
      'app, public.t, daily, not met at 2026-11-21T17:00:00Z, which was its last run:\n  scanned  3 of 3\n  \\u001b[31mwhy\\tnot\n',
    );
    const since = lastMissText('app', { ...record, outcome: 'met', ranAt: at + 60_000_000n }, colours);
    expect(since).toContain('not met at 2026-11-21T17:00:00Z, and met since, last at 2026-11-21T17:01:00Z:\n');
  });

  it('is nothing where there was none', () => {
    expect(lastMissText('app', { ...record, lastMiss: null }, colours)).toBeNull();
  });
});
