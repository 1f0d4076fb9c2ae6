import { describe, expect, it } from 'vitest';
import { renderForValues, renderRangeCondition } from '../../../src/ddl/range-condition.ts';

const key = { keyColumn: 'at', keyType: 'date', keyCollation: null };

describe('renderRangeCondition', () => {
  it('says what the bound says, constants cast to the type of the key', () => {
    expect(renderRangeCondition({ ...key, from: '2025-01-01', to: '2025-02-01' })).toBe(
      "at IS NOT NULL AND at >= '2025-01-01'::date AND at < '2025-02-01'::date",
    );
  });

  it('leaves out the side that is MINVALUE or MAXVALUE', () => {
    expect(renderRangeCondition({ ...key, from: null, to: '2025-02-01' })).toBe("at IS NOT NULL AND at < '2025-02-01'::date");
    expect(renderRangeCondition({ ...key, from: '2025-01-01', to: null })).toBe("at IS NOT NULL AND at >= '2025-01-01'::date");
    expect(renderRangeCondition({ ...key, from: null, to: null })).toBe('at IS NOT NULL');
  });

  it('puts the collation at the column and quotes the column', () => {
    const text = { keyColumn: 'Key"s', keyType: 'text', keyCollation: 'pg_catalog."C"', from: "a'", to: null };
    expect(renderRangeCondition(text)).toBe(`"Key""s" IS NOT NULL AND "Key""s"::text COLLATE pg_catalog."C" >= 'a'''::text`);
  });

  it('casts to bpchar for a blank-padded key, as character alone would cut the constant to one character', () => {
    expect(renderRangeCondition({ ...key, keyType: 'character', from: '01J', to: null })).toBe("at IS NOT NULL AND at >= '01J'::bpchar");
  });
});

describe('renderForValues', () => {
  it('writes both sides, open ones as MINVALUE and MAXVALUE', () => {
    expect(renderForValues({ from: '1', to: '2' })).toBe("FOR VALUES FROM ('1') TO ('2')");
    expect(renderForValues({ from: null, to: null })).toBe('FOR VALUES FROM (MINVALUE) TO (MAXVALUE)');
  });
});
