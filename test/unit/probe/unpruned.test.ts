import { describe, expect, it } from 'vitest';
import { explainUnpruned } from '../../../src/probe/unpruned.ts';
import { append, fourPartitions, type JsonNode, planOf, probedTable, scan } from './plans.ts';

const all = ['ev_1', 'ev_2', 'ev_3', 'ev_4'];

/** A plan over `partitions` with one condition at each scan; `@.` stands for the alias. */
function over(condition: string | null, partitions: readonly string[] = all, more: Readonly<Record<string, unknown>> = {}): JsonNode {
  const at = (name: string, i: number): JsonNode => {
    const alias = `ev_${i + 1}`;
    return scan(name, alias, { ...more, ...(condition === null ? {} : { Filter: condition.replaceAll('@.', `${alias}.`) }) });
  };
  return append(partitions.map(at));
}

async function reason(root: JsonNode, sql = 'SELECT 1', table = fourPartitions): Promise<string | undefined> {
  return (await explainUnpruned(planOf(root), table, sql))?.kind;
}

const numbers = probedTable({ ev_1: [], ev_2: [] }, { keyColumn: 'n', keyType: 'integer' });
const timestamp = "'2025-03-01 00:00:00+00'::timestamp with time zone";

/** Conditions as PostgreSQL 14 and 18 print them, with what is left of four partitions. */
const conditions: readonly (readonly [string, string, number])[] = [
  [`(@.at >= ${timestamp})`, 'asked-for', 2],
  [`((@.at >= ${timestamp}) AND (@.at <= ${timestamp}))`, 'asked-for', 3],
  [`(@.at = ANY ('{"2025-03-01 00:00:00+00"}'::timestamp with time zone[]))`, 'asked-for', 2],
  [`(@.at > (now() - '1 day'::interval))`, 'asked-for', 2],
  [`(@.at >= '2025-03-01'::date)`, 'asked-for', 2],
  [`(${timestamp} <= @.at)`, 'asked-for', 2],
  [`((@.at = ${timestamp}) OR (@.at = ${timestamp}))`, 'asked-for', 2],
  ['(@.at > public.my_stable(3))', 'asked-for', 2],
  ['(@.at > public.my_volatile(3))', 'volatile-value', 4],
  [`(@.at > (clock_timestamp() - '1 day'::interval))`, 'volatile-value', 4],
  [`((@.at)::date = '2025-03-01'::date)`, 'cast-on-key', 4],
  [`(date_trunc('day'::text, @.at) = ${timestamp})`, 'function-on-key', 4],
  [`(EXTRACT(month FROM @.at) = '3'::numeric)`, 'function-on-key', 4],
  [`((@.at + '1 day'::interval) > ${timestamp})`, 'function-on-key', 4],
  [`((@.at AT TIME ZONE 'UTC'::text) > '2025-03-01 00:00:00'::timestamp without time zone)`, 'function-on-key', 4],
  [`(COALESCE(@.at, now()) > ${timestamp})`, 'function-on-key', 4],
  [`(ROW(@.at, @.id) > ROW(${timestamp}, 4))`, 'function-on-key', 4],
  [`((@.at > ${timestamp}) AND (date_trunc('day'::text, @.at) = ${timestamp}))`, 'function-on-key', 3],
  [`((@.at > ${timestamp}) AND (@.at < ${timestamp}) AND (date_trunc('day'::text, @.at) = ${timestamp}))`, 'asked-for', 3],
  [`(@.at <> ${timestamp})`, 'not-restricting', 4],
  [`((@.at > ${timestamp}) AND (@.at <> ${timestamp}))`, 'asked-for', 3],
  [`(@.at <> ALL ('{"2025-03-01 00:00:00+00"}'::timestamp with time zone[]))`, 'not-restricting', 4],
  ['(@.at IS DISTINCT FROM now())', 'not-restricting', 4],
  ['(@.at IS NOT NULL)', 'not-restricting', 4],
  [`((@.at > ${timestamp}) OR (@.v = 1))`, 'not-restricting', 4],
  ['(@.at > @.created)', 'not-restricting', 4],
  [`('["2025-02-02 00:00:00+00","2025-02-03 00:00:00+00")'::tstzrange @> @.at)`, 'not-restricting', 4],
  ['(@.at = $1)', 'generic-plan', 4],
  ['((@.at >= $1) AND (@.v = 3))', 'generic-plan', 4],
  ['(@.at = $0)', 'generic-plan', 4],
  ['(@.at = (InitPlan 1).col1)', 'generic-plan', 4],
  ['((@.at = ANY ((hashed SubPlan 1).col1)) AND (@.v = 1))', 'not-restricting', 4],
  ['(ANY (@.at = (hashed SubPlan 1).col1))', 'not-restricting', 4],
  ['(@.at > (SubPlan 1))', 'not-restricting', 4],
  ['((ANY (@.at = (hashed SubPlan 1).col1)) OR (@.v = 1))', 'not-restricting', 4],
  ['((@.at > $1) OR (@.v = $2))', 'not-restricting', 4],
  ['((@.at > $1) OR (@.at = (SubPlan 1)))', 'not-restricting', 4],
  ['((@.at > $1) OR ((@.at)::date = $2))', 'cast-on-key', 4],
  ['((@.at > $1) OR (@.at < $2))', 'generic-plan', 4],
  ['(@.at = c.at)', 'join-only', 4],
  ["((@.at = c.at) AND (@.note = 'a) AND (b'::text))", 'join-only', 4],
  ['(@.v = 1)', 'no-condition', 4],
  ["(@.note = '@.at = 1'::text)", 'no-condition', 4],
];

describe('why partitions are left', () => {
  it.each(conditions)('%s: %s', async (condition, kind, left) => {
    expect(await reason(over(condition, all.slice(0, left)), 'SELECT * FROM ev WHERE at = $1 AND at::date = $2')).toBe(kind);
  });

  it('is nothing where nothing is left', async () => {
    expect(await reason(planless())).toBeUndefined();
  });

  it('is that nothing is said of the key', async () => {
    expect(await reason(over(null))).toBe('no-condition');
  });

  it('is that pruning is switched off, whatever the condition', async () => {
    const plan = planOf(over(`(@.at = ${timestamp})`), { Settings: { enable_partition_pruning: 'off' } });
    expect(await explainUnpruned(plan, fourPartitions, 'SELECT 1')).toMatchObject({
      kind: 'pruning-off',
      fix: expect.stringContaining('RESET'),
    });
  });

  it('is a value of another type where the statement does not cast the key, and a cast where it does', async () => {
    const plan = append([scan('ev_1', 'ev_1', { Filter: '((ev_1.n)::numeric = 150.5)' }), scan('ev_2', 'ev_2')]);
    expect(await reason(plan, 'SELECT * FROM ev WHERE n = 150.5', numbers)).toBe('type-differs');
    expect(await reason(plan, 'SELECT * FROM ev WHERE n::numeric = $1', numbers)).toBe('cast-on-key');
    // Of a view: PostgreSQL casts a timestamp to a date by itself nowhere.
    expect(await reason(over("((@.at)::date = '2025-03-01'::date)"), 'SELECT * FROM v WHERE day = $1')).toBe('cast-on-key');
  });

  it('is no cast where a varchar is only called text', async () => {
    const texts = probedTable({ ev_1: [], ev_2: [] }, { keyColumn: 'id', keyType: 'character varying' });
    const plan = append([scan('ev_1', 'ev', { 'Index Cond': "((ev.id)::text >= '01'::text)" })]);
    expect(await reason(plan, 'SELECT 1', texts)).toBe('asked-for');
  });

  it('is a join that is done after the scans', async () => {
    const root = { 'Node Type': 'Hash Join', 'Hash Cond': '(ev.at = c.at)', Plans: [over(null), scan('cust', 'c')] };
    expect(await reason(root)).toBe('join-only');
  });

  it('is a condition that comes too late, of a CTE or an outer join', async () => {
    const cte = { 'Node Type': 'CTE Scan', Alias: 'x', Filter: `(x.at > ${timestamp})`, Plans: [over(null)] };
    expect(
      await explainUnpruned(planOf(cte), fourPartitions, 'WITH x AS MATERIALIZED (SELECT * FROM ev) SELECT * FROM x WHERE at > now()'),
    ).toMatchObject({
      kind: 'no-condition',
      message: expect.stringContaining('after the partitions of public.ev were read'),
    });
    const outer = {
      'Node Type': 'Hash Join',
      'Hash Cond': '(ev.v = c.n)',
      Filter: '(ev.at IS NULL)',
      Plans: [over(null), scan('cust', 'c')],
    };
    expect(await reason(outer)).toBe('no-condition');
  });

  it('is read from the statement where the plan does not show what a subplan is compared with', async () => {
    const plan = over('(NOT (hashed SubPlan 1))');
    expect(await reason(plan, 'SELECT * FROM ev WHERE at NOT IN (SELECT at FROM cust)')).toBe('not-restricting');
    expect(await reason(plan, 'SELECT * FROM ev WHERE v NOT IN (SELECT n FROM cust)')).toBe('no-condition');
  });

  it.each([
    ['another table of the same column', 'SELECT FROM ev e JOIN cust u ON u.id = e.v WHERE u.at > $1', 'e', 'no-condition'],
    ['the other side of a self-join', 'SELECT FROM ev e JOIN ev u USING (id) WHERE u.at > $1', 'e', 'no-condition'],
    ['whoever has it', 'SELECT FROM ev e JOIN cust u ON u.id = e.v WHERE at > $1', 'e', 'no-condition'],
    ['a table in a subquery', 'SELECT FROM ev WHERE v IN (SELECT n FROM cust WHERE at > $1)', 'ev', 'no-condition'],
    ['a table in LATERAL', 'SELECT FROM ev, LATERAL (SELECT FROM cust AS c WHERE c.at > $1 AND c.n = ev.v) AS l', 'ev', 'no-condition'],
    ['a CTE that hides the table', 'WITH ev AS (SELECT now() AS at) SELECT FROM s.ev AS e, ev WHERE ev.at > $1', 'e', 'no-condition'],
    ['the same name of another query', 'SELECT FROM ev WHERE v IN (SELECT v FROM ev WHERE at > $1)', 'ev', 'no-condition'],
    ['a table of another schema', 'SELECT FROM public.ev AS e, other.ev AS o WHERE o.at > $1', 'e', 'no-condition'],
    ['the table, correlated', 'SELECT FROM ev WHERE EXISTS (SELECT FROM cust AS c WHERE c.at = ev.at)', 'ev', 'join-only'],
  ])('is not a condition that is said of %s', async (_, sql, alias, kind) => {
    const plan = append(all.map((name, i) => scan(name, `${alias}_${i + 1}`)));
    const found = await explainUnpruned(planOf(plan), fourPartitions, sql);
    expect(found?.kind).toBe(kind);
    expect(found?.message).not.toContain('after the partitions');
  });

  it.each([
    ['a subquery with LIMIT', 'SELECT FROM (SELECT * FROM ev LIMIT 10) AS x WHERE x.at > $1'],
    ['a CTE beside another table', 'WITH x AS MATERIALIZED (SELECT * FROM ev) SELECT FROM x JOIN cust AS c USING (id) WHERE x.at > $1'],
    ['a CTE in a UNION', 'WITH x AS (SELECT * FROM ev) SELECT FROM x WHERE at > $1 UNION ALL SELECT FROM cust'],
    ['LATERAL', 'SELECT FROM ev, LATERAL (SELECT FROM cust AS c WHERE ev.at > $1 LIMIT 1) AS l'],
  ])('is a condition that comes too late: of %s', async (_, sql) => {
    const found = await explainUnpruned(planOf(over(null)), fourPartitions, sql.replaceAll('FROM ev', 'FROM public.ev'));
    expect(found?.message).toContain('after the partitions of public.ev were read');
  });

  it('is a cast of the key where it may be that of another table, and none where it must be', async () => {
    const plan = append([scan('ev_1', 'e_1', { Filter: '((e_1.n)::numeric = 150.5)' }), scan('ev_2', 'e_2')]);
    expect(await reason(plan, 'SELECT FROM ev e, cust u WHERE n::numeric = $1', numbers)).toBe('cast-on-key');
    expect(await reason(plan, 'SELECT FROM ev e, cust u WHERE u.n::numeric = 1 AND e.n = $1', numbers)).toBe('type-differs');
  });

  it('is a subquery that is asked once, for which only a probe is told to run', async () => {
    const plan = planOf(over('(@.at = (InitPlan 1).col1)'));
    const ofProbe = await explainUnpruned(plan, fourPartitions, 'SELECT 1');
    expect(ofProbe).toMatchObject({ kind: 'generic-plan', fix: expect.stringContaining('analyze: true') });
    const recorded = await explainUnpruned(plan, fourPartitions, 'SELECT 1', { isRecorded: true });
    expect(recorded).toMatchObject({ kind: 'generic-plan', fix: expect.not.stringMatching(/analyze|probe/) });
  });

  it('is a subquery that is asked for each row, whether it was run or not', async () => {
    for (const run of [{}, { 'Actual Loops': 1 }]) {
      const found = await explainUnpruned(planOf({ ...over('(@.at > (SubPlan 1))', all, run), ...run }), fourPartitions, 'SELECT 1');
      expect(found).toMatchObject({ message: expect.stringContaining('for each row'), fix: expect.not.stringContaining('analyze') });
    }
  });

  it('is nothing to be said of the rows where LIMIT stops the reading', async () => {
    const limited = (root: JsonNode): JsonNode => ({ 'Node Type': 'Limit', Plans: [root] });
    const scans = all.map((name, i) => scan(name, `ev_${i + 1}`, { 'Node Type': 'Index Scan' }));
    expect(await reason(limited(append(scans)))).toBe('stops-early');
    expect(await reason(limited({ 'Node Type': 'Result', Plans: [append(scans)] }))).toBe('stops-early');
    expect(await reason(append(scans))).toBe('no-condition');
    // These read something of every child, or all of it, before the first row.
    expect(await reason(limited({ ...append(scans), 'Node Type': 'Merge Append' }))).toBe('no-condition');
    expect(await reason(limited({ 'Node Type': 'Sort', Plans: [append(scans)] }))).toBe('no-condition');
    // Whose rows may be in the last partition alone.
    expect(await reason(limited(over('(@.v = 1)')))).toBe('no-condition');
    expect(await reason(limited({ 'Node Type': 'Result', 'One-Time Filter': '(random() > 0.5)', Plans: [append(scans)] }))).toBe(
      'no-condition',
    );
    // What was read is no matter of what might be.
    expect(await reason({ ...limited(append(scans)), 'Actual Loops': 1 })).toBe('no-condition');
    const recorded = await explainUnpruned(planOf(limited(append(scans))), fourPartitions, 'SELECT 1', { isRecorded: true });
    expect(recorded?.fix).toMatch(/^Say which values/);
  });

  it('is of the reference that is hindered where another one is not', async () => {
    const good = scan('ev_4', 'a', { 'Index Cond': `(a.at > ${timestamp})` });
    const bad = append(all.map((name, i) => scan(name, `b_${i + 1}`, { Filter: `((b_${i + 1}.at)::date = '2025-03-01'::date)` })));
    expect(await reason({ 'Node Type': 'Nested Loop', Plans: [good, bad] })).toBe('cast-on-key');
  });

  it('is what the subquery asked for once it was run', async () => {
    expect(await reason({ ...over('(@.at = $0)', ['ev_1'], { 'Actual Loops': 1 }), 'Actual Loops': 1 })).toBe('asked-for');
  });

  it('knows a key that must be quoted, and words that are not ASCII', async () => {
    const odd = probedTable({ ev_1: [], ev_2: [] }, { keyColumn: 'Wann é' });
    const plan = append([
      scan('ev_1', 'Ä', { Filter: `((("Ä".note = 'é) AND ('::text)) AND (date_trunc('day'::text, "Ä"."Wann é") = now()))` }),
    ]);
    expect(await explainUnpruned(planOf(plan), odd, 'SELECT 1')).toMatchObject({
      kind: 'function-on-key',
      message: 'The key "Wann é" stands inside of a function or an expression: date_trunc(?::text, "Ä"."Wann é") = now().',
    });
  });

  it('quotes constants only where it may', async () => {
    const plan = planOf(over("((@.at)::date = '2025-03-01'::date)"));
    const hidden = await explainUnpruned(plan, fourPartitions, 'SELECT 1');
    expect(hidden?.message).toBe('The key at is cast to date: (ev_1.at)::date = ?::date.');
    const shown = await explainUnpruned(plan, fourPartitions, 'SELECT 1', { quotesValues: true });
    expect(shown?.message).toBe("The key at is cast to date: (ev_1.at)::date = '2025-03-01'::date.");
  });

  it('falls back to the statement where a condition does not parse', async () => {
    expect(await reason(over('(NOT (@.at =~~ (hashed SubPlan 2).col1 ~~))'), 'SELECT * FROM ev WHERE date_trunc($1, at) = $2')).toBe(
      'function-on-key',
    );
  });
});

function planless(): JsonNode {
  return { 'Node Type': 'Result', 'One-Time Filter': 'false' };
}
