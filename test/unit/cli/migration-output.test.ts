import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { migrationDocument } from '../../../src/cli/output/migration-document.ts';
import { migrationLine, roughDuration, rowsText, scaledCount } from '../../../src/cli/output/migration-line.ts';
import { startMigrationProgress } from '../../../src/cli/output/migration-progress.ts';
import { migrationText } from '../../../src/cli/output/migration-text.ts';
import { shownLines, type Terminal } from '../../../src/cli/output/terminal.ts';
import type { MigrationStatus } from '../../../src/partition/migration/status.ts';

const plain = { good: String, bad: String, doubtful: String, strong: String };

const copying: MigrationStatus = {
  table: { schema: 'public', name: 'revenues' },
  strategy: 'copy',
  capture: 'log',
  phase: 'backfill',
  paused: null,
  live: 'source',
  rowsCopied: 1_480_000_000,
  rowsEstimated: 2_000_000_000,
  progress: 0.745,
  rowsPerSecond: 412_345,
  backlogRows: 1_200,
  logBytes: 65_536,
  oldestUnreplayedAt: null,
  etaSeconds: 1_261,
  brakes: [],
  verdict: null,
  lastSwitch: null,
  runBy: 'partitiond:migrate host/7',
  next: 'partitiond migrate start --table public.revenues',
};

describe('the line of a migration', () => {
  it('says how far it is in one glance', () => {
    expect(migrationLine(copying, 'window until 06:00')).toBe(
      'public.revenues  backfill  ███████▍░░  74 %  1.48 of 2.00 bn rows  412 k/s  backlog 1.2 k  ETA 21 min (window until 06:00)',
    );
    const ready: MigrationStatus = { ...copying, phase: 'ready', progress: 1, rowsPerSecond: null, etaSeconds: null, backlogRows: 0 };
    expect(migrationLine(ready, '')).toBe('public.revenues  ready  ██████████  100 %  1.48 of 2.00 bn rows  backlog 0');
    expect(migrationLine({ ...ready, progress: 0, rowsEstimated: null, rowsCopied: 12 }, '')).toContain('░░░░░░░░░░  0 %  12 rows');
    expect(migrationLine({ ...ready, table: { schema: 'public', name: 'a\u001b[2Jb' } }, '')).not.toContain('\u001b');
  });

  it.each([
    [0, '0'],
    [999, '999'],
    [1_000, '1.0 k'],
    [12_345, '12 k'],
    [999_999, '1000 k'],
    [4_200_000, '4.2 m'],
    [2e9, '2.0 bn'],
  ])('counts %d as %s', (count, text) => {
    expect(scaledCount(count)).toBe(text);
  });

  it('counts rows in the unit of their total', () => {
    expect(rowsText({ rowsCopied: 15, rowsEstimated: 900 })).toBe('15 of 900 rows');
    expect(rowsText({ rowsCopied: 15_000, rowsEstimated: 2_000_000 })).toBe('0.01 of 2.00 m rows');
    expect(rowsText({ rowsCopied: 2_100_000, rowsEstimated: 900_000 })).toBe('2.10 of 0.90 m rows');
  });

  it.each([
    [0.2, '1 s'],
    [59, '59 s'],
    [90, '2 min'],
    [3 * 3600 + 600, '3 h 10 min'],
    [49 * 3600, '2 d 1 h'],
  ])('takes %d seconds for %s', (seconds, text) => {
    expect(roughDuration(seconds)).toBe(text);
  });
});

/** A terminal `columns` wide, and all that was written to it. */
function terminalOf(columns: number): { readonly terminal: Terminal; readonly written: () => string } {
  let written = '';
  const stream = new Writable({
    write: (chunk, _, done) => {
      written += String(chunk);
      done();
    },
  });
  Object.assign(stream, { isTTY: true, columns });
  return { terminal: { write: (text) => stream.write(text), isInteractive: true, hasColors: false, stream }, written: () => written };
}

describe('a terminal', () => {
  it('shows one line that is drawn anew, with what holds the copy back, and nothing of it in the end', () => {
    const { terminal, written } = terminalOf(200);
    const progress = startMigrationProgress(terminal, () => 'window until 06:00');
    const event = { database: 'app', table: copying.table };
    progress.observe({ ...event, kind: 'migration-status', status: copying });
    progress.observe({ ...event, kind: 'throttled', reason: 'load', explanation: 'commits take 3 x as long', ms: 100 });
    progress.observe({ ...event, kind: 'migration-status', status: { ...copying, phase: 'verify', progress: 0.3 } });
    progress.stop();
    const text = written();
    expect(text).not.toContain('\n');
    expect(stripVTControlCharacters(text)).toMatch(
      /74 %.*\(window until 06:00\)public.*verify .* 30 % {2}1\.5 bn rows.*\(commits take 3 x as long\)$/,
    );
    // The line is erased and the cursor shown again.
    expect(text).toMatch(/\u001b\[\?25h[^█]*\u001b\[2K$/);
  });

  it('counts a line that is too wide for it as the lines that it takes', () => {
    expect(shownLines(terminalOf(10).terminal, '\u001b[1mheading\u001b[22m\n0123456789\n01234567890\n\n')).toBe(5);
    expect(shownLines({ ...terminalOf(10).terminal, stream: new Writable() }, `${'x'.repeat(500)}\n`)).toBe(1);
  });
});

describe('the status of a migration', () => {
  const verdict = { at: 1_700_000_000_000_000n, live: 'target' as const, rows: 5_000, mismatches: 2, differences: ['index a is missing'] };
  const lastSwitch = { at: 1_700_000_001_000_000n, direction: 'forward' as const, lockMs: 31.4, attempts: 2 };

  it('has exactly the promised keys as JSON', () => {
    const keys = `table strategy capture phase paused live rowsCopied rowsEstimated progress rowsPerSecond backlogRows etaSeconds brakes
      verdict lastSwitch next`.split(/\s+/);
    expect(Object.keys(migrationDocument(copying) as object)).toEqual(keys);
    expect(JSON.parse(JSON.stringify(migrationDocument({ ...copying, verdict, lastSwitch })))).toMatchObject({
      table: 'public.revenues',
      rowsCopied: 1_480_000_000,
      verdict: { at: '2023-11-14T22:13:20Z', rows: 5_000, mismatches: 2 },
      lastSwitch: { at: '2023-11-14T22:13:21Z', direction: 'forward', lockMs: 31.4, attempts: 2 },
    });
  });

  it('tells people why it is paused, what was found and what to type', () => {
    expect(migrationText(copying, plain)).toBe(
      'public.revenues: backfill\n' +
        '  takes writes  the old table\n' +
        '  by            copy, capture log\n' +
        '  run by        partitiond:migrate host/7\n' +
        '  progress      74 %, 1.48 of 2.00 bn rows, 412 k/s, done in about 21 min\n' +
        '  backlog       1.2 k rows, 64 kB\n' +
        '  verdict       none yet\n' +
        '  next          partitiond migrate start --table public.revenues\n',
    );
    const paused: MigrationStatus = {
      ...copying,
      phase: 'switched',
      live: 'target',
      paused: { kind: 'mismatch', reason: '2 rows\u001b differ' },
      brakes: ['load', 'window'],
      verdict,
      lastSwitch,
      runBy: null,
      next: null,
    };
    const text = migrationText(paused, plain);
    expect(text).toContain('public.revenues: switched, paused (mismatch)\n');
    expect(text).toContain('2 rows\\u001b differ\n');
    expect(text).toContain('load, window\n');
    expect(text).toContain('2 rows differ (5.0 k rows compared, 2023-11-14T22:13:20Z); index a is missing\n');
    expect(text).toContain('to the new table at 2023-11-14T22:13:21Z, locks held for 31 ms, attempt 2\n');
    expect(text).toContain('run by        nobody right now\n');
    expect(text).toMatch(/next +nothing\n$/);
    const clean = { ...verdict, mismatches: 0, differences: [] };
    const next = 'partitiond migrate finish --yes --table public.revenues';
    expect(migrationText({ ...paused, paused: null, verdict: clean, next }, plain)).toContain(
      `next          ${next}\n  or back       partitiond migrate rollback --table public.revenues, with all writes made since; not after finish\n`,
    );
    const old = { schema: 'public', name: 'revenues_unpartitioned' };
    const finished: MigrationStatus = {
      ...paused,
      paused: null,
      phase: 'finished',
      kept: [{ name: old, dropAfter: 1_700_000_000_000_000n }],
    };
    expect(migrationText(finished, plain)).toContain('old table     public.revenues_unpartitioned, dropped after 2023-11-14T22:13:20Z, by');
    expect(migrationText({ ...finished, kept: [{ name: old, dropAfter: null }] }, plain)).toContain('kept until you drop it');
    expect(migrationText(finished, plain)).not.toMatch(/run by|or back/);
    expect(migrationText({ ...finished, phase: 'aborted' }, plain)).not.toMatch(/run by|progress|backlog|verdict|old table/);
  });

  it('counts no rows where none moves', () => {
    const attached: MigrationStatus = {
      ...copying,
      strategy: 'attach',
      phase: 'ready',
      verdict: { ...verdict, mismatches: 0, differences: [] },
    };
    expect(migrationLine(attached, '')).toBe('public.revenues  ready');
    expect(migrationText(attached, plain)).not.toMatch(/\d+ rows|progress|backlog|compared/);
    expect(migrationText({ ...attached, verdict: { ...verdict, mismatches: 0 } }, plain)).toContain('verdict       index a is missing (');
  });
});
