/** Bytes as PostgreSQL's pg_size_pretty prints them: `8192 bytes`, `16 kB`, `24 MB`; powers of 1024. */
export function formatBytes(bytes: number): string {
  const units = ['kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 'bytes';
  for (const next of units) {
    if (value < 10 * 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${Math.round(value)} ${unit}`;
}

/** A count with a comma between thousands. */
export function formatRows(rows: number): string {
  return Math.max(0, Math.round(rows)).toLocaleString('en-US');
}

/** `45%`, at most `100%`: what PostgreSQL counts may pass what it had estimated. `total` is above 0. */
export function formatShare(done: number, total: number): string {
  return `${Math.min(100, Math.floor((100 * done) / total))}%`;
}
