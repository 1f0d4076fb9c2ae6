import { describe, expect, it } from 'vitest';
import { retarget } from '../../../src/ddl/carry/retarget.ts';

describe('retarget', () => {
  it.each([
    [
      '(EXISTS ( SELECT 1 FROM public.org WHERE (org.id = big.org_id)))',
      '(EXISTS ( SELECT 1 FROM public.org WHERE (org.id = big_2025.org_id)))',
    ],
    ["(big.note <> 'big.org_id it''s big.x'::text)", "(big_2025.note <> 'big.org_id it''s big.x'::text)"],
    ["(big.note <> E'\\'big.x'::text)", "(big_2025.note <> E'\\'big.x'::text)"],
    ['(public.big.x = big_1.x)', '(public.big.x = big_1.x)'],
    ['(x = ( SELECT max(big_1.x) FROM public.big big_1))', '(x = ( SELECT max(big_1.x) FROM public.big big_1))'],
    ['("big".x = "a.big.b".x)', '("big".x = "a.big.b".x)'],
    ['(org_id = 1)', '(org_id = 1)'],
    ['', ''],
  ])('turns %s into %s', (expression, expected) => {
    expect(retarget(expression, 'big', 'big_2025')).toBe(expected);
  });

  it('quotes names that need it', () => {
    expect(retarget('("Big Table".x = o.x)', 'Big Table', 'Big Table_1')).toBe('("Big Table_1".x = o.x)');
  });
});
