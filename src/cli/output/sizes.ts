/** A count with a comma between thousands. */
export function formatRows(rows: number): string {
  return Math.max(0, Math.round(rows)).toLocaleString('en-US');
}

/** `45%`, at most `100%`: what PostgreSQL counts may pass what it had estimated. `total` is above 0. */
export function formatShare(done: number, total: number): string {
  return `${Math.min(100, Math.floor((100 * done) / total))}%`;
}
