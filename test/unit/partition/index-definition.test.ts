import { describe, expect, it } from 'vitest';
import { byteLength } from '../../../src/partition/identifier.ts';
import { indexClauses, indexNameOn, spellIndex } from '../../../src/partition/index-definition.ts';
import { columnIndex, expressionIndex } from '../../support/upkeep-steps.ts';

describe('spellIndex', () => {
  it('spells the index over several columns', () => {
    const keys = ['org_id', 'property_id', 'occurred_at'].map((column) => ({ kind: 'column' as const, column, options: '' }));
    expect(spellIndex(columnIndex('', { keys }))).toBe('USING btree (org_id, property_id, occurred_at)');
  });

  it('spells the partial index', () => {
    expect(spellIndex(columnIndex('status', { where: "status = 'approved'" }))).toBe("USING btree (status) WHERE status = 'approved'");
  });

  it('spells everything that a policy may say, in the order of CREATE INDEX, names quoted where they need it', () => {
    const definition = columnIndex('', {
      keys: [
        { kind: 'column', column: 'Org id', options: 'COLLATE "C" DESC NULLS LAST' },
        { kind: 'expression', expression: 'lower(email) DESC' },
      ],
      isUnique: true,
      include: ['select', 'x'],
      storage: { odd: `a'\\b`, fillfactor: '90' },
      tablespace: 'fast disk',
      where: 'x > 0',
    });
    expect(spellIndex(definition)).toBe(
      'UNIQUE USING btree ("Org id" COLLATE "C" DESC NULLS LAST, (lower(email)) DESC) INCLUDE ("select", x) ' +
        `WITH (fillfactor = '90', odd = E'a''\\\\b') TABLESPACE "fast disk" WHERE x > 0`,
    );
    expect(`UNIQUE ${indexClauses(definition)}`).toBe(spellIndex(definition));
  });

  it.each([
    ['a + b', '(a + b)'],
    ['(a + b) desc nulls  last', '((a + b)) desc nulls  last'],
    [' lower(a) ', '(lower(a))'],
    ['lower(a)DESC', '(lower(a)) DESC'],
    ['a NULLS FIRST', '(a) NULLS FIRST'],
    ['lower(a) text_pattern_ops ASC', '(lower(a)) text_pattern_ops ASC'],
    ['lower(a) public.gin_trgm_ops', '(lower(a)) public.gin_trgm_ops'],
    ['lower(a) COLLATE "C" text_pattern_ops', '(lower(a) COLLATE "C") text_pattern_ops'],
    ['lower(a) COLLATE german', '(lower(a) COLLATE german)'],
    ['(a) ISNULL', '((a) ISNULL)'],
    ['CASE WHEN f(a) THEN (b) END', '(CASE WHEN f(a) THEN (b) END)'],
    ["a || ' desc'", "(a || ' desc')"],
    ['a.desc', '(a.desc)'],
    ['a -- or b', '(a -- or b\n)'],
  ])('puts the expression %s into parentheses, and its options behind them', (expression, spelt) => {
    expect(spellIndex(expressionIndex(expression))).toBe(`USING btree (${spelt})`);
  });

  it('ends a comment in a condition, so that what follows is no part of it', () => {
    expect(spellIndex(columnIndex('a', { where: 'a > 0 -- only those\n' }))).toBe('USING btree (a) WHERE a > 0 -- only those\n');
  });
});

describe('indexNameOn', () => {
  it('names the index after its partition, in the schema of that', () => {
    expect(indexNameOn('by_org', { schema: 'Odd schema', name: 'revenues_2025_q2' })).toEqual({
      schema: 'Odd schema',
      name: 'revenues_2025_q2_by_org',
    });
  });

  it('keeps a name of exactly 63 bytes, and cuts a longer one at the partition, told apart by eight digits', () => {
    const name = (length: number): string => indexNameOn('by_org', { schema: 'public', name: 'p'.repeat(length) }).name;
    expect(name(56)).toBe(`${'p'.repeat(56)}_by_org`);
    expect(name(57)).toMatch(/^p{47}_[0-9a-f]{8}_by_org$/);
    expect(byteLength(name(57))).toBe(63);
    expect(name(58)).not.toBe(name(57));
  });

  it('cuts an index name that leaves no room for anything else, and no character in two', () => {
    const { name } = indexNameOn('é'.repeat(31), { schema: 'public', name: 'p' });
    expect(name).toMatch(/^p_[0-9a-f]{8}_é{26}$/);
    expect(byteLength(name)).toBe(63);
  });
});
