import { describe, expect, it } from 'vitest';
import { renderBatch } from '../../../../src/ddl/migration/compare/batch/batch.ts';
import { renderBox } from '../../../../src/ddl/migration/compare/batch/batch-box.ts';
import { renderUnexplained } from '../../../../src/ddl/migration/compare/batch/unexplained.ts';
import { renderChunkEnd } from '../../../../src/ddl/migration/compare/chunk-end.ts';
import { renderDifferences } from '../../../../src/ddl/migration/compare/differences.ts';
import { renderDigests } from '../../../../src/ddl/migration/compare/digests.ts';
import { renderKeyRange } from '../../../../src/ddl/migration/compare/key-range.ts';
import { renderOpening } from '../../../../src/ddl/migration/compare/opening.ts';
import type { ColumnRef, MigrationSpec } from '../../../../src/partition/migration/spec.ts';
import { definitionOf } from '../../../support/migrate/hand-made.ts';
import { named } from '../../../support/model.ts';

const column = (name: string, type: string): ColumnRef => ({ name, type, collation: null });
const spec: MigrationSpec = {
  subject: 'table',
  strategy: 'copy',
  capture: 'log',
  table: named('t'),
  targetName: named('t"p'),
  oldName: named('t_unpartitioned'),
  columns: [column('a"b', 'text'), column('n', 'integer'), column('at', 'date')],
  comparedColumns: [column('a"b', 'text'), column('n', 'integer'), column('at', 'date')],
  isHashable: true,
  key: [column('a"b', 'text'), column('n', 'integer')],
  partitionKey: column('at', 'date'),
  names: [],
  definition: definitionOf('t'),
  waived: [],
  isIdentityKept: false,
};
const live = { name: named('t'), isOnly: true, condition: null };
const follower = { name: named('t"p'), isOnly: false, condition: "at >= '2025-01-01'" };
const log = { schema: 'partitiond', name: 'capture_1' };

describe('the SQL of a comparison', () => {
  it('cuts by the whole key, half-open below, and not at all where a range is open', () => {
    const range = { after: ["O'Hara", '1'], upTo: ['b\\', '-2'] };
    expect(renderKeyRange(spec.key, range)).toBe(
      `("a""b", n) > ('O''Hara'::text, '1'::integer) AND ("a""b", n) <= (E'b\\\\'::text, '-2'::integer)`,
    );
    expect(renderKeyRange(spec.key, { after: null, upTo: null })).toBe('true');
    expect(renderChunkEnd(spec.key, live, null, 50)).toBe(
      'SELECT ARRAY["a""b"::pg_catalog.text, n::pg_catalog.text]::pg_catalog.text[] AS "key" FROM ONLY public.t WHERE true ' +
        'ORDER BY "a""b", n OFFSET 49 LIMIT 1',
    );
  });

  it('hashes rows, or their text where a type has no hash, on each side by itself', () => {
    const comparison = { live, follower, log, range: { after: null, upTo: ['x', '1'] } };
    const hashed = renderDigests(spec, comparison);
    expect(hashed).toContain(`pg_catalog.hash_record_extended(ROW("a""b", n, at), 0) AS h FROM ONLY public.t WHERE ("a""b", n) <= `);
    expect(hashed).toContain(`FROM public."t""p" WHERE ("a""b", n) <= ('x'::text, '1'::integer) AND (at >= '2025-01-01') OFFSET 0`);
    const texts = renderDigests({ ...spec, isHashable: false }, comparison);
    expect(texts).toContain('pg_catalog.hashtextextended(ROW("a""b", n, at)::pg_catalog.text COLLATE pg_catalog."C", 0)');
  });

  it('pairs rows by position and leaves out keys of the log', () => {
    const sql = renderDifferences(spec, { live, follower, log, range: { after: null, upTo: null } }, 10);
    expect(sql).toContain('ON l."a""b" = f."a""b" AND l.n = f.n AND l.at = f.at WHERE');
    expect(sql).toContain('NOT EXISTS (SELECT FROM partitiond.capture_1 AS e WHERE e.k1 = d.k1 AND e.k2 = d.k2)');
    expect(renderUnexplained(spec, { log })).toContain(`e.k1 = (s.value ->> 1)::text AND e.k2 = (s.value ->> 2)::integer`);
  });

  it('looks up each row of a batch at its position, and reads no contents for counts', () => {
    const batch = { source: spec.table, target: spec.targetName, log, from: 8n, to: 16n };
    const content = renderBatch(spec, batch, 'content', null);
    expect(content).toContain(`s.ctid >= '(8,0)'::pg_catalog.tid AND s.ctid < '(16,0)'::pg_catalog.tid`);
    expect(content).toContain('OPERATOR(pg_catalog.*<>)');
    expect(renderBatch(spec, batch, 'counts', null)).not.toContain('*<>');
    expect(renderBox(spec, { least: ['1', '2025-01-01'], greatest: ['9', '2025-01-31'] })).toBe(
      `x.n >= '1'::integer AND x.n <= '9'::integer AND x.at >= '2025-01-01'::date AND x.at <= '2025-01-31'::date`,
    );
  });

  it('locks both tables before anything takes a snapshot', () => {
    for (const reading of ['ranges', 'single-rows'] as const) {
      const opening = renderOpening(spec.table, spec.targetName, reading);
      expect(opening.slice(-2)).toEqual([
        'LOCK TABLE ONLY public.t IN ACCESS SHARE MODE',
        'LOCK TABLE ONLY public."t""p" IN ACCESS SHARE MODE',
      ]);
      expect(opening.slice(0, -2).every((sql) => sql.startsWith('SET '))).toBe(true);
      expect(opening).toContain('SET LOCAL row_security = off');
    }
  });
});
