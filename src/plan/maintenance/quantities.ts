/** How reasons and findings of maintenance say quantities. */
import { formatCount } from '../wording.ts';

/** `10 %` for 0.1; up to four digits that count, thousands apart. */
export function formatShare(ratio: number): string {
  const [whole = '', fraction] = String(Number((ratio * 100).toPrecision(4))).split('.');
  return `${formatCount(Number(whole))}${fraction === undefined ? '' : `.${fraction}`} %`;
}

/** Powers of 1024 as `pg_size_pretty` prints them: `8192 bytes`, `16 kB`, `24 MB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 'bytes';
  for (const next of ['kB', 'MB', 'GB', 'TB']) {
    if (value < 10 * 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${Math.round(value)} ${unit}`;
}
