import { describe, expect, it } from 'vitest';
import { printable } from '../../../src/cli/output/printable.ts';
import { formatRows } from '../../../src/cli/output/sizes.ts';
import { applySummary, planSummary } from '../../../src/cli/output/summary.ts';
import { textTable } from '../../../src/cli/output/text-table.ts';
import { formatBytes } from '../../../src/plan/maintenance/quantities.ts';

describe('text output', () => {
  it('keeps names with line breaks and escape sequences on one harmless line', () => {
    expect(printable('a\nb\t\u001b[31mred\u0007\u2028')).toBe('a\\nb\\t\\u001b[31mred\\u0007\\u2028');
    expect(printable('Größe "x".y 🐘')).toBe('Größe "x".y 🐘');
  });

  it('aligns columns without borders and without blanks at the end', () => {
    const columns = [
      { heading: 'NAME', align: 'left' },
      { heading: 'ROWS', align: 'right' },
      { heading: 'NOTE', align: 'left' },
    ] as const;
    const text = textTable(columns, [
      ['public.a', '5', ''],
      ['b', '1,000', 'x'],
    ]);
    expect(text.split('\n')).toEqual(['NAME        ROWS   NOTE', 'public.a       5', 'b          1,000   x', '']);
  });

  it('prints sizes as pg_size_pretty does', () => {
    expect([0, 8192, 10_239, 10_240, 24 * 1024 ** 2, 3 * 1024 ** 4].map(formatBytes)).toEqual([
      '0 bytes',
      '8192 bytes',
      '10239 bytes',
      '10 kB',
      '24 MB',
      '3072 GB',
    ]);
  });

  it('does not say that nothing was to do where no database was led or reached', () => {
    const visit = { answer: null, error: null } as never;
    expect([applySummary([visit]), planSummary([visit])]).toEqual(['Not done.\n', 'Not planned.\n']);
  });

  it('prints an unknown number of rows as none', () => {
    expect([-1, 0, 1_234_567].map(formatRows)).toEqual(['0', '0', '1,234,567']);
  });
});
