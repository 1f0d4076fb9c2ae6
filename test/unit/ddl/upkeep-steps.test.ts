import { describe, expect, it } from 'vitest';
import { renderStep } from '../../../src/ddl/render-step.ts';
import type { UpkeepStep } from '../../../src/plan/step.ts';
import { createPartition, named } from '../../support/steps.ts';
import { analyze, attachIndex, columnIndex, createIndex, dropIndex, reindex, vacuum } from '../../support/upkeep-steps.ts';

/** How it is run, and its only statement. */
function rendered(step: UpkeepStep, version = 180004): string {
  const { batches, cleanup } = renderStep(step, version);
  expect(cleanup).toEqual([]);
  return batches.map(({ kind, patience, statements }) => `${kind} ${patience}: ${statements.map(({ sql }) => sql).join('; ')}`).join('; ');
}

const odd = named('A "b"', 'Odd schema');

describe('vacuum', () => {
  it('skips what is locked, never truncates, and is not parallel by itself', () => {
    expect(rendered(vacuum(), 140000)).toBe('alone long: VACUUM (SKIP_LOCKED, TRUNCATE FALSE, PARALLEL 0) public.revenues_2025_q2');
    expect(rendered(vacuum({ analyze: true, partition: odd }), 150000)).toBe(
      'alone long: VACUUM (ANALYZE, SKIP_LOCKED, TRUNCATE FALSE, PARALLEL 0) "Odd schema"."A ""b"""',
    );
  });

  it('computes the freeze age of the database only after a freeze, where that can be told', () => {
    expect(rendered(vacuum(), 160000)).toContain(', SKIP_DATABASE_STATS)');
    expect(rendered(vacuum({ freeze: true, analyze: true }), 160000)).toBe(
      'alone long: VACUUM (FREEZE, ANALYZE, SKIP_LOCKED, TRUNCATE FALSE, PARALLEL 0) public.revenues_2025_q2',
    );
  });
});

describe('analyze', () => {
  it('is of one partition', () => {
    expect(rendered(analyze())).toBe('alone long: ANALYZE (SKIP_LOCKED) public.revenues_2025_q2');
  });

  it('leaves the partitions out when the partitioned table is analysed, where the server can', () => {
    const step = analyze({ partition: named('revenues'), isParent: true });
    expect(rendered(step, 180000)).toBe('alone long: ANALYZE (SKIP_LOCKED) ONLY public.revenues');
    expect(rendered(step, 170000)).toBe('alone long: ANALYZE (SKIP_LOCKED) public.revenues');
  });
});

describe('reindex', () => {
  it('is concurrent, of one index', () => {
    expect(rendered(reindex())).toBe('alone long: REINDEX INDEX CONCURRENTLY public.revenues_2025_q2_i');
  });
});

describe('create-index', () => {
  it('is an entry in the catalog for a partitioned table', () => {
    expect(rendered(createIndex({ how: 'only', partition: named('revenues'), index: named('i') }))).toBe(
      'transaction brief: CREATE INDEX i ON ONLY public.revenues USING btree (id)',
    );
  });

  it('is concurrent on a partition, and has the schema of that', () => {
    const step = createIndex({ partition: odd, index: { schema: odd.schema, name: 'A "b"_i' } });
    expect(rendered(step)).toBe('alone long: CREATE INDEX CONCURRENTLY "A ""b""_i" ON "Odd schema"."A ""b""" USING btree (id)');
  });

  it('can be unique', () => {
    const step = createIndex({ definition: columnIndex('id', { isUnique: true }) });
    expect(rendered(step)).toBe(
      'alone long: CREATE UNIQUE INDEX CONCURRENTLY revenues_2025_q2_i ON public.revenues_2025_q2 USING btree (id)',
    );
  });

  it('never takes whatever has the name for the index', () => {
    for (const how of ['only', 'concurrently'] as const) expect(rendered(createIndex({ how }))).not.toContain('IF NOT EXISTS');
  });
});

describe('attach-index', () => {
  it('is brief', () => {
    expect(rendered(attachIndex())).toBe('transaction brief: ALTER INDEX public.i ATTACH PARTITION public.revenues_2025_q2_i');
  });
});

describe('drop-index', () => {
  it('is concurrent, but not for a partitioned table, and never takes along what depends on it', () => {
    expect(rendered(dropIndex())).toBe('alone long: DROP INDEX CONCURRENTLY public.revenues_2025_q2_i');
    expect(rendered(dropIndex({ concurrently: false, index: named('i') }))).toBe('transaction brief: DROP INDEX public.i');
    const [statement] = renderStep(dropIndex({ concurrently: false }), 180000).batches.flatMap(({ statements }) => statements);
    expect(statement?.reason).toBe('the policy no longer asks for it; takes ACCESS EXCLUSIVE on every partition, too');
  });
});

describe('create-partition', () => {
  it('makes the indexes that the policy asks for on partitions like it before others can see it', () => {
    const indexes = [
      { index: named('revenues_2025_q2_i'), definition: columnIndex('status', { where: "status = 'approved'" }) },
      { index: named('revenues_2025_q2_u'), definition: columnIndex('id', { name: 'u', isUnique: true }) },
    ];
    const statements = renderStep(createPartition({ indexes }), 180000).batches.flatMap((batch) => batch.statements);
    const at = statements.findIndex(({ sql }) => sql.includes('INDEX'));
    expect(statements.slice(at, at + 2)).toEqual([
      {
        sql: "CREATE INDEX revenues_2025_q2_i ON public.revenues_2025_q2 USING btree (status) WHERE status = 'approved'",
        locks: [],
        reason: 'the policy asks for index i on partitions like this one',
      },
      {
        sql: 'CREATE UNIQUE INDEX revenues_2025_q2_u ON public.revenues_2025_q2 USING btree (id)',
        locks: [],
        reason: 'the policy asks for index u on partitions like this one',
      },
    ]);
    expect(statements.findIndex(({ sql }) => sql.includes('ATTACH'))).toBeGreaterThan(at + 1);
  });
});

it('says the reason of each step at its statement', () => {
  for (const step of [vacuum(), analyze(), reindex(), createIndex(), createIndex({ how: 'only' }), attachIndex(), dropIndex()]) {
    expect(renderStep(step, 180000).batches.flatMap(({ statements }) => statements.map(({ reason }) => reason))).toEqual([step.reason]);
  }
});
