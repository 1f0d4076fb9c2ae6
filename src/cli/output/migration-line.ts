import type { MigrationStatus } from '../../partition/migration/status.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { printable } from './printable.ts';

const barLength = 10;
/** Eighths of a cell. */
const parts = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A migration in one line, as `start` redraws it; `held` says what holds the copy back, or is empty. Where no row moves there is none to count. */
export function migrationLine(status: MigrationStatus, held: string): string {
  const { table, phase, strategy, progress, rowsPerSecond, backlogRows, etaSeconds } = status;
  const head = [formatQualifiedName(table), phase];
  if (strategy === 'attach') return printable(`${head.join('  ')}${held === '' ? '' : ` (${held})`}`);
  const cells = [
    ...head,
    bar(progress),
    `${Math.floor(progress * 100)} %`,
    phase === 'verify' ? `${scaledCount(status.rowsCopied)} rows` : rowsText(status),
    ...(rowsPerSecond === null ? [] : [`${scaledCount(rowsPerSecond)}/s`]),
    `backlog ${scaledCount(backlogRows)}`,
    ...(etaSeconds === null ? [] : [`ETA ${roughDuration(etaSeconds)}`]),
  ];
  return printable(`${cells.join('  ')}${held === '' ? '' : ` (${held})`}`);
}

/** `1.48 of 2.00 bn rows`; without an estimate what was copied alone. */
export function rowsText({ rowsCopied, rowsEstimated }: Pick<MigrationStatus, 'rowsCopied' | 'rowsEstimated'>): string {
  if (rowsEstimated === null || rowsEstimated <= 0) return `${scaledCount(rowsCopied)} rows`;
  const { unit, size } = scaleOf(Math.max(rowsEstimated, rowsCopied));
  const [copied, estimated] = [rowsCopied, rowsEstimated].map((rows) => (size === 1 ? String(Math.round(rows)) : threeDigits(rows / size)));
  return `${copied} of ${estimated}${unit} rows`;
}

/** `412 k`, `1.2 k`, `7`: what a person takes in at a glance. */
export function scaledCount(count: number): string {
  const { unit, size } = scaleOf(count);
  const scaled = count / size;
  return `${size === 1 ? Math.round(scaled) : scaled < 10 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** `45 s`, `21 min`, `3 h 10 min`, `2 d 4 h`. */
export function roughDuration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function bar(progress: number): string {
  const eighths = Math.floor(Math.min(1, Math.max(0, progress)) * barLength * 8);
  return ('█'.repeat(Math.floor(eighths / 8)) + (parts[eighths % 8] ?? '')).padEnd(barLength, '░');
}

function scaleOf(count: number): { readonly unit: string; readonly size: number } {
  if (count >= 1e9) return { unit: ' bn', size: 1e9 };
  if (count >= 1e6) return { unit: ' m', size: 1e6 };
  return count >= 1e3 ? { unit: ' k', size: 1e3 } : { unit: '', size: 1 };
}

function threeDigits(scaled: number): string {
  return scaled < 10 ? scaled.toFixed(2) : scaled < 100 ? scaled.toFixed(1) : scaled.toFixed(0);
}
