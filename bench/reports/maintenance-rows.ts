import type pg from 'pg';
import { timed } from '../report.ts';
import { type Revenues, type Side, tableOf } from './load-revenues.ts';
import type { Comparison } from './print-comparison.ts';

const rounds = 3;

interface Chore {
  readonly what: string;
  readonly claimed: number | null;
  /** Not measured. */
  readonly before: (side: Side) => readonly string[];
  /** Statements, one by one; the number of the round counts from 0. */
  readonly work: Readonly<Record<Side, (round: number) => readonly string[]>>;
}

/** What keeping the table costs; side after side, the first one of a round changing. The last chore removes rows, three quarters in all. */
export async function maintenanceRows(client: pg.Client, loaded: Revenues): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const { what, claimed, before, work } of chores(loaded)) {
    const times: Record<Side, number[]> = { one: [], many: [] };
    for (let round = 0; round < rounds; round++) {
      for (const side of round % 2 === 0 ? (['one', 'many'] as const) : (['many', 'one'] as const)) {
        for (const sql of before(side)) await client.query(sql);
        // What was written before must not be written out while the clock runs.
        await client.query('CHECKPOINT');
        times[side].push(
          await timed(async () => {
            for (const sql of work[side](round)) await client.query(sql);
          }),
        );
      }
    }
    comparisons.push({ what, ...times, claimed });
  }
  return comparisons;
}

function chores({ edges, partitions }: Revenues): readonly Chore[] {
  const newest = partitions.at(-1) ?? '';
  const update =
    (where: string) =>
    (side: Side): readonly string[] => [`UPDATE ${tableOf[side]} SET amount = amount + 1 WHERE id % 5 = 0 AND ${where}`];
  const inNewest = `occurred_at >= '${edges.at(-2)}' AND occurred_at < '${edges.at(-1)}'`;
  const same = (verb: string): Chore['work'] => ({ one: () => [`${verb} ${tableOf.one}`], many: () => [`${verb} ${tableOf.many}`] });
  const newestOnly = (verb: string): Chore['work'] => ({ one: () => [`${verb} ${tableOf.one}`], many: () => [`${verb} ${newest}`] });
  return [
    { what: 'VACUUM, a fifth of all rows updated', claimed: null, before: update('true'), work: same('VACUUM') },
    {
      what: 'VACUUM, a fifth of the newest quarter updated: that partition',
      claimed: null,
      before: update(inNewest),
      work: newestOnly('VACUUM'),
    },
    { what: 'REINDEX, everything', claimed: null, before: () => [], work: same('REINDEX TABLE') },
    { what: 'REINDEX, what changed: the newest quarter', claimed: 10, before: () => [], work: newestOnly('REINDEX TABLE') },
    {
      what: 'Dropping the oldest quarter: DELETE and VACUUM, or DROP',
      claimed: null,
      before: () => [],
      work: {
        one: (round) => [`DELETE FROM ${tableOf.one} WHERE occurred_at < '${edges[round + 1]}'`, `VACUUM ${tableOf.one}`],
        many: (round) => [`DROP TABLE ${partitions[round]}`],
      },
    },
  ];
}
