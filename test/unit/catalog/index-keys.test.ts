import { describe, expect, it } from 'vitest';
import { indexKeys } from '../../../src/catalog/index-keys.ts';

describe('the keys of an index definition', () => {
  it.each([
    ['CREATE INDEX i ON public.t USING btree (a)', ['a']],
    [
      'CREATE UNIQUE INDEX i ON ONLY t USING btree (lower(email) DESC, b, ((a + b))) INCLUDE (c, d)',
      ['lower(email) DESC', 'b', '((a + b))'],
    ],
    [
      'CREATE INDEX "i (x, ""y"")" ON "s (".", t" USING btree ("a, (b", (x || \'it\'\'s (a, "b\'::text))',
      ['"a, (b"', `(x || 'it''s (a, "b'::text)`],
    ],
    ["CREATE INDEX i ON t USING gist (body tsvector_ops (siglen='100', x='2'), r)", ["body tsvector_ops (siglen='100', x='2')", 'r']],
    ['CREATE INDEX i ON t USING btree ((tags[1]), (ARRAY[id, (2)::bigint])) WHERE (a = (1, 2))', ['(tags[1])', '(ARRAY[id, (2)::bigint])']],
  ])('of %s', (definition, keys) => {
    expect(indexKeys(definition)).toEqual(keys);
  });

  it('are refused where there are none', () => {
    expect(() => indexKeys('CREATE INDEX i ON t')).toThrow(/PD902|expected CREATE INDEX/);
    expect(() => indexKeys('CREATE INDEX i ON t USING btree (a')).toThrow(/expected CREATE INDEX/);
  });
});
