import { describe, expect, it } from 'vitest';
import { coloursOf } from '../../../src/cli/output/colours.ts';
import { probeText } from '../../../src/cli/output/status-text.ts';
import type { ProbeStatus } from '../../../src/reconcile/status.ts';

const plain = coloursOf({ write: () => true, isInteractive: false, hasColors: false } as never);

const met: ProbeStatus = {
  probe: 'daily',
  ranAt: '2025-03-10T12:00:00Z',
  outcome: 'met',
  scanned: 1,
  total: 24,
  allowed: 1,
  planningMs: 0.51,
  executionMs: 312.4,
  problems: [],
  lastMissAt: null,
};

describe('the line of a probe', () => {
  it('says how many partitions are left of how many, and how long it took', () => {
    expect(probeText(met, plain)).toBe(
      'probe daily met at 2025-03-10T12:00:00Z: 1 of 24 partitions (1 allowed), planned in 0.5 ms, ran in 312 ms.',
    );
  });

  it('leaves out what was not measured or is not asked for', () => {
    expect(probeText({ ...met, allowed: null, executionMs: null }, plain)).toMatch(/: 1 of 24 partitions, planned in 0\.5 ms\.$/);
  });

  it('ends with what was missed, and with that alone where the probe failed', () => {
    expect(probeText({ ...met, outcome: 'missed', scanned: 24, problems: ['Too many.', 'Too slow.'] }, plain)).toMatch(
      /^probe daily missed at .* ran in 312 ms\. Too many\. Too slow\.$/,
    );
    const failed = { ...met, outcome: 'failed', scanned: null, total: null, planningMs: null, executionMs: null } as const;
    expect(probeText({ ...failed, problems: ['It is wrong.'] }, plain)).toBe('probe daily failed at 2025-03-10T12:00:00Z: It is wrong.');
  });

  it('lets nothing through to the terminal that a name or PostgreSQL says', () => {
    const told = probeText({ ...met, probe: 'a\u001b[31mb', problems: ['c\u001b[0md'] }, plain);
    expect(told).not.toContain('\u001b');
    expect(told).toContain('[31m');
  });
});
