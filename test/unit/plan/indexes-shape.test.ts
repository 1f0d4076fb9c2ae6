import { describe, expect, it } from 'vitest';
import type { IndexKey, IndexPolicy } from '../../../src/partition/policy.ts';
import type { IndexFacts } from '../../../src/partition/upkeep.ts';
import { hasShape, haveSameShape, isSpelledAs } from '../../../src/plan/indexes/same-shape.ts';
import { entry, index } from '../../support/index-model.ts';

function column(name: string, options = ''): IndexKey {
  return { kind: 'column', column: name, options };
}

function expression(sql: string): IndexKey {
  return { kind: 'expression', expression: sql };
}

function matches(printed: Partial<IndexFacts>, asked: Partial<IndexPolicy>): boolean {
  return hasShape(index('x', 't', printed), entry('x', asked));
}

describe('the shape of an index', () => {
  it.each<readonly [printed: string, asked: IndexKey]>([
    ['status', column('status')],
    ['status', column('status', 'ASC NULLS LAST')],
    ['status', column('status', 'asc')],
    ['status NULLS FIRST', column('status', 'ASC nulls  first')],
    ['status DESC', column('status', 'desc NULLS FIRST')],
    ['status DESC NULLS LAST', column('status', 'DESC NULLS LAST')],
    ['status COLLATE "C" text_pattern_ops DESC', column('status', 'collate "C" text_pattern_ops desc')],
    ['"Odd Col"', column('Odd Col')],
    ['lower("Odd Col") DESC', expression('LOWER( "Odd Col" ) desc')],
    ['lower(email)', expression('lower("email")')],
    ['((amount + 1))', expression('amount+1')],
    ["((payload ->> 'Key (A)'::text))", expression("payload->>'Key (A)'")],
    ["COALESCE((s)::character varying(20), ''::text)", expression("coalesce(s, '')")],
    ["(at > '2020-01-01 00:00:00+00'::timestamp with time zone)", expression("at > '2020-01-01 00:00:00+00'")],
    ["(at > '1'::timestamp(3) without time zone)", expression("at > '1'")],
    ["(tags && '{}'::text[])", expression("tags && '{}'")],
    [`((kind)::"Odd"."type" = 'a'::app.kind)`, expression("kind = 'a'")],
    ["('it''s'::text)", expression("'it''s'")],
    ['(a::double precision)', expression('a')],
  ])('of %s is that of %o', (printed, asked) => {
    expect(matches({ keys: [printed] }, { keys: [asked] })).toBe(true);
  });

  it.each<readonly [printed: Partial<IndexFacts>, asked: Partial<IndexPolicy>]>([
    [{ keys: ['status', 'b'] }, {}],
    [{ keys: ['status DESC'] }, {}],
    [{ keys: ['status DESC NULLS LAST'] }, { keys: [column('status', 'DESC')] }],
    [{ keys: ['status NULLS FIRST'] }, {}],
    [{ keys: ['"Status"'] }, {}],
    [{ keys: ["('A'::text)"] }, { keys: [expression("'a'")] }],
    [{ method: 'hash' }, {}],
    [{ isUnique: true }, {}],
    [{ include: ['a'] }, {}],
    [{ where: '(a > 1)' }, {}],
    [{}, { where: 'a > 1' }],
    [{ where: "(a = 'x y'::text)" }, { where: "a = 'xy'" }],
  ])('%o is not that of %o', (printed, asked) => {
    expect(matches(printed, asked)).toBe(false);
  });

  it('holds the condition, as the example of the requirements has it', () => {
    expect(matches({ where: "((status)::text = 'approved'::text)" }, { where: "status = 'approved'" })).toBe(true);
  });

  it('does not hold storage and tablespace, which a spelling does', () => {
    const stored = entry('x', { storage: { fillfactor: '90' }, tablespace: 'fast' });
    expect(haveSameShape(stored, entry('y', { partitions: { kind: 'current' } }))).toBe(true);
    expect(isSpelledAs("using btree(STATUS) with (fillfactor='90') tablespace fast", index('x', 't'), stored)).toBe(true);
    expect(isSpelledAs('USING btree (status)', index('x', 't'), stored)).toBe(false);
  });

  it('is not what a mark says when the columns are others', () => {
    const wanted = entry('x', { keys: [column('status', 'text_ops'), expression('a IN (1, 2)')] });
    const spelled = 'USING btree (status text_ops, (a IN (1, 2)))';
    const isStill = (changes: Partial<IndexFacts>): boolean => isSpelledAs(spelled, index('x', 't', changes), wanted);
    expect(isStill({ keys: ['status', '((a = ANY (ARRAY[1, 2])))'] })).toBe(true);
    expect(isStill({ keys: ['status COLLATE "C"', '(a)'] })).toBe(true);
    expect(isStill({ keys: [] })).toBe(true);
    expect(isStill({ keys: ['status'] })).toBe(false);
    expect(isStill({ keys: ['status_id', '(a)'] })).toBe(false);
    expect(isStill({ keys: ['status', '(a)'], isUnique: true })).toBe(false);
    expect(isStill({ keys: ['status', '(a)'], method: 'hash' })).toBe(false);
    expect(isStill({ keys: ['status', '(a)'], include: ['b'] })).toBe(false);
  });
});
