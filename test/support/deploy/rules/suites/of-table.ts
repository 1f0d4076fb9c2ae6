import type { Branch, Fired, Severity } from '../suite.ts';

/** Labels of an alert about the table of the tests. */
export const tableLabels: Readonly<Record<string, string>> = { database: 'main', schema: 'public', table: 'orders' };

/** An alert about that table; `says` is what its description adds. */
export function firedOfTable(about: {
  readonly severity: Severity;
  readonly summary: string;
  readonly says: string;
  readonly dashboard: 'overview' | 'table';
}): Fired {
  const { severity, summary, says, dashboard } = about;
  return { severity, labels: tableLabels, summary, description: (where) => `Table public.orders of ${where}main${says}`, dashboard };
}

/** What all branches about tables have in common. */
export const ofTable: Pick<Branch, 'leaderMoves' | 'isOfLeader'> = { leaderMoves: 'carried', isOfLeader: true };
