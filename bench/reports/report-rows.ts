import type pg from 'pg';
import { timed } from '../report.ts';
import { type Revenues, type Side, tableOf } from './load-revenues.ts';
import type { Comparison } from './print-comparison.ts';

const rounds = 9;

interface Report {
  readonly what: string;
  readonly claimed: number | null;
  /** `organization` is another large one in each round. */
  readonly query: (table: string, organization: number) => { readonly sql: string; readonly params: readonly unknown[] };
}

/**
 * The reports, each of the second to the tenth largest organisation in turn, side after side, the first one of a round changing. Both sides
 * must answer the same.
 */
export async function reportRows(client: pg.Client, { edges }: Revenues): Promise<readonly Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const { what, claimed, query } of reports(edges)) {
    const times: Record<Side, number[]> = { one: [], many: [] };
    for (let round = 0; round <= rounds; round++) {
      const answers: string[] = [];
      for (const side of round % 2 === 0 ? (['one', 'many'] as const) : (['many', 'one'] as const)) {
        const { sql, params } = query(tableOf[side], round === 0 ? 1 : round);
        const ms = await timed(async () => answers.push(JSON.stringify((await client.query(sql, [...params])).rows)));
        // The first round warms both sides up.
        if (round > 0) times[side].push(ms);
      }
      if (answers[0] !== answers[1]) throw new Error(`the sides differ in "${what}": ${answers.join(' / ').slice(0, 500)}`);
    }
    comparisons.push({ what, ...times, claimed });
  }
  return comparisons;
}

function reports(edges: readonly string[]): readonly Report[] {
  const [first = '', last = '', end = '', yearAgo = ''] = [edges[0], edges.at(-2), edges.at(-1), edges.at(-5)];
  const month = `${last.slice(0, 5)}${String(Number(last.slice(5, 7)) + 1).padStart(2, '0')}-01`;
  const day = `${last.slice(0, 8)}15`;
  const ofOne =
    (from: string, to: string): Report['query'] =>
    (table, organization) => ({
      sql:
        `SELECT property_id, count(*), sum(amount) FROM ${table} WHERE org_id = $1 AND status = 'approved' ` +
        'AND occurred_at >= $2::timestamptz AND occurred_at < $3::timestamptz GROUP BY property_id ORDER BY property_id',
      params: [organization, from, to],
    });
  const ofAll =
    (from: string, to: string): Report['query'] =>
    (table) => ({
      sql:
        `SELECT org_id, count(*), sum(amount) FROM ${table} WHERE status = 'approved' ` +
        'AND occurred_at >= $1::timestamptz AND occurred_at < $2::timestamptz GROUP BY org_id ORDER BY 3 DESC, 1 LIMIT 20',
      params: [from, to],
    });
  const newestOf: Report['query'] = (table, organization) => ({
    sql: `SELECT id, amount FROM ${table} WHERE org_id = $1 AND property_id = $2 ORDER BY occurred_at DESC LIMIT 10`,
    params: [organization, organization * 10 + 5],
  });
  const byId: Report['query'] = (table, organization) => ({
    sql: `SELECT amount FROM ${table} WHERE id = $1`,
    params: [organization * 1_000],
  });
  return [
    { what: 'Daily report (1 organisation, 1 day)', claimed: 10, query: ofOne(day, `${day} 24:00`) },
    { what: 'Monthly report (1 organisation, 1 month)', claimed: 10, query: ofOne(last, month) },
    { what: 'Yearly report (1 organisation, 4 quarters)', claimed: 10, query: ofOne(yearAgo, end) },
    { what: 'Cross-organisation analytics, 1 quarter', claimed: 10, query: ofAll(last, end) },
    { what: 'Cross-organisation analytics, all 8 quarters', claimed: null, query: ofAll(first, end) },
    { what: 'Newest ten rows of a property, nothing said of the key', claimed: null, query: newestOf },
    { what: 'One row by its id, nothing said of the key', claimed: null, query: byId },
  ];
}
