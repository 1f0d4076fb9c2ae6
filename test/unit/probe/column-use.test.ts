import { describe, expect, it } from 'vitest';
import { columnUse } from '../../../src/probe/statements/column-use.ts';

const revenues = { schema: 'public', name: 'revenues' };

async function useOf(...texts: readonly string[]): Promise<{
  readonly statements: number;
  readonly conditions: Readonly<Record<string, number>>;
  readonly assignments: Readonly<Record<string, number>>;
}> {
  const use = (await columnUse(texts, [revenues])).get('public.revenues');
  if (use === undefined) throw new Error('no answer');
  return { statements: use.statements, conditions: Object.fromEntries(use.conditions), assignments: Object.fromEntries(use.assignments) };
}

async function conditionsOf(text: string): Promise<readonly string[]> {
  return Object.keys((await useOf(text)).conditions).toSorted();
}

describe('the use of columns in recorded statements', () => {
  it.each([
    ['SELECT * FROM revenues WHERE at >= $1 AND at < $2', ['at']],
    ['SELECT * FROM public.revenues WHERE public.revenues.at = $1', ['at']],
    ["SELECT * FROM revenues WHERE date_trunc('day', at) = $1 AND org IN ($2)", ['at', 'org']],
    ['SELECT * FROM revenues WHERE at > now() - interval $1', ['at']],
    ['SELECT * FROM revenues r JOIN fees f ON f.id = r.fee AND f.at > $1', ['fee']],
    ['SELECT * FROM fees JOIN (revenues AS r JOIN lines l USING (id)) ON true WHERE r.at < $1 AND l.n = $2', ['at']],
    ['SELECT * FROM revenues TABLESAMPLE system (1) WHERE at < $1', ['at']],
    ['SELECT * FROM fees WHERE id IN (SELECT fee FROM revenues WHERE at > $1)', ['at']],
    ['SELECT * FROM revenues r WHERE EXISTS (SELECT FROM fees WHERE fees.id = r.fee AND at > $1)', ['fee']],
    ['SELECT * FROM revenues r WHERE EXISTS (SELECT FROM fees r WHERE r.id = $1)', []],
    ['SELECT $1 FROM fees UNION ALL SELECT $2 FROM revenues WHERE at = $3', ['at']],
    ['WITH r AS (SELECT * FROM revenues WHERE at > $1) SELECT * FROM r WHERE n = $2', ['at']],
    ['UPDATE revenues SET n = $1 WHERE at = $2', ['at']],
    ['DELETE FROM revenues USING fees WHERE fees.id = revenues.fee', ['fee']],
    ['INSERT INTO log SELECT * FROM revenues WHERE at > $1', ['at']],
    ['MERGE INTO revenues AS r USING fees AS f ON r.fee = f.id WHEN MATCHED THEN DELETE', ['fee']],
  ])('finds the conditions of %s', async (text, columns) => {
    expect(await useOf(text)).toMatchObject({ statements: 1 });
    expect(await conditionsOf(text)).toEqual(columns);
  });

  it('counts no condition that leaves no value out, and nothing outside of conditions', async () => {
    expect(await conditionsOf('SELECT at, count(*) FROM revenues WHERE deleted IS NULL GROUP BY at ORDER BY n')).toEqual([]);
  });

  it.each([
    'SELECT * FROM archive.revenues WHERE at = $1',
    'SELECT * FROM revenues_2025 WHERE at = $1',
    'WITH revenues AS (SELECT $1 AS at) SELECT * FROM revenues WHERE at = $2',
    'INSERT INTO revenues (at) VALUES ($1)',
    'UPDATE fees SET revenues = $1 WHERE at = $2',
    'CREATE INDEX ON revenues (at) WHERE at > now()',
    'SELECT * FROM revenues WHERE at = ',
  ])('does not take for a reading of the table: %s', async (text) => {
    expect(await useOf(text)).toEqual({ statements: 0, conditions: {}, assignments: {} });
  });

  it('counts each statement once, and which columns updates set', async () => {
    const texts = [
      'UPDATE revenues SET at = $1, n = $2 WHERE id = $3 AND id > $4',
      'UPDATE revenues AS r SET n = f.n FROM fees f WHERE f.id = r.id',
      'UPDATE fees SET at = r.at FROM revenues r WHERE r.id = fees.id',
    ];
    expect(await useOf(...texts)).toEqual({ statements: 3, conditions: { id: 3 }, assignments: { at: 1, n: 2 } });
  });

  it('keeps tables of one name apart by their schema', async () => {
    const archive = { schema: 'archive', name: 'revenues' };
    const uses = await columnUse(['SELECT FROM archive.revenues WHERE at = $1', 'SELECT FROM revenues WHERE n = $1'], [revenues, archive]);
    expect(Object.fromEntries(uses.get('archive.revenues')?.conditions ?? [])).toEqual({ at: 1, n: 1 });
    expect(Object.fromEntries(uses.get('public.revenues')?.conditions ?? [])).toEqual({ n: 1 });
  });
});
