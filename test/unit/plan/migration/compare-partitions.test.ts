import { expect, it } from 'vitest';
import type { SideCatalog, SideIndex } from '../../../../src/partition/migration/side-catalog.ts';
import { comparePartitions } from '../../../../src/plan/migration/regrain/compare-partitions.ts';
import { definitionOf } from '../../../support/migrate/hand-made.ts';
import { named } from '../../../support/model.ts';
import { column } from './support.ts';

function side(name: string, changes: Partial<SideCatalog> = {}): SideCatalog {
  return { oid: '1', name: named(name), indexes: [], constraints: [], grants: [], policies: [], ...changes };
}

function index(description: string, isValid = true): SideIndex {
  return { name: 'i', constraint: null, isUnique: false, description, method: 'btree', keys: [], included: [], rest: [], isValid };
}

it('names what an old partition has and a new one lacks, lets new ones have more, and leaves out checks of ranges', () => {
  const columns = [column('at', 'date'), column('At', 'text'), column('note', 'text')];
  const spec = { definition: { ...definitionOf('t'), columns }, partitionKey: { name: 'at', type: 'date', collation: null } };
  const check = (definition: string) => ({ name: 'c', kind: 'check' as const, definition, isValid: true });
  const old = side('old', {
    indexes: [index('btree (note)'), index('btree (gone)', false)],
    constraints: [check("CHECK ((at >= '2025-01-01'::date))"), check('CHECK ((note IS NOT NULL))'), check(`CHECK (("At" <> ''::text))`)],
    grants: ['SELECT TO reader'],
  });
  const target = side('fresh', { indexes: [index('btree (at)', false)], grants: ['SELECT TO reader', 'INSERT TO app'] });
  expect(comparePartitions(spec, [old, old], [target])).toEqual([
    'public.fresh lacks the index btree (note), which public.old has',
    'public.fresh lacks CHECK ((note IS NOT NULL)), which public.old has',
    `public.fresh lacks CHECK (("At" <> ''::text)), which public.old has`,
    'index i of public.fresh is invalid',
  ]);
  expect(comparePartitions(spec, [old], [{ ...old, name: named('fresh'), indexes: [index('btree (note)')] }])).toEqual([]);
});
