/** How reasons and findings of maintenance, and the status, say quantities. */
import { formatCount } from '../wording.ts';

/** `10 %` for 0.1; up to four digits that count, thousands apart. */
export function formatShare(ratio: number): string {
  const [whole = '', fraction] = String(Number((ratio * 100).toPrecision(4))).split('.');
  return `${formatCount(Number(whole))}${fraction === undefined ? '' : `.${fraction}`} %`;
}

/** Bytes as PostgreSQL's pg_size_pretty prints them: `8192 bytes`, `16 kB`, `24 MB`; powers of 1024. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 'bytes';
  for (const next of ['kB', 'MB', 'GB', 'TB', 'PB']) {
    if (value < 10 * 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${Math.round(value)} ${unit}`;
}
