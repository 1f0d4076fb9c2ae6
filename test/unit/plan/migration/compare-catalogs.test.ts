import { describe, expect, it } from 'vitest';
import type { ForeignKeyDefinition } from '../../../../src/partition/migration/definition.ts';
import type { SideCatalog, SideConstraint, SideIndex } from '../../../../src/partition/migration/side-catalog.ts';
import type { Live } from '../../../../src/partition/migration/spec.ts';
import { compareCatalogs } from '../../../../src/plan/migration/compare-catalogs.ts';
import { definitionOf } from '../../../support/migrate/hand-made.ts';
import { named } from '../../../support/model.ts';

function index(keys: readonly string[], changes: Partial<SideIndex> = {}): SideIndex {
  const plain = { method: 'btree', included: [], rest: [], isUnique: false, isValid: true, constraint: null };
  return { ...plain, name: `${keys.join('_')}_idx`, description: '', keys, ...changes };
}

function constraint(kind: SideConstraint['kind'], definition: string, isValid = true): SideConstraint {
  return { name: 'c', kind, definition, isValid };
}

function side(name: string, changes: Partial<SideCatalog> = {}): SideCatalog {
  return { oid: '1', name: named(name), indexes: [], constraints: [], grants: [], policies: [], ...changes };
}

const reference: ForeignKeyDefinition = {
  name: 'fk',
  table: named('t'),
  tableOid: '1',
  isTablePartitioned: false,
  referenced: named('t'),
  referencedOid: '1',
  isReferencedPartitioned: false,
  columns: ['parent'],
  referencedColumns: ['id'],
  definition: 'FOREIGN KEY (parent) REFERENCES public.t(id)',
  isValid: true,
  isEnforced: true,
  comment: null,
};
const selfKey = constraint('foreign-key', 'FOREIGN KEY (parent) REFERENCES <table>(id)');

function compare(
  source: Partial<SideCatalog>,
  target: Partial<SideCatalog>,
  live: Live = 'source',
  keys: readonly ForeignKeyDefinition[] = [],
) {
  const spec = {
    table: named('t'),
    key: [{ name: 'id', type: 'bigint', collation: null }],
    partitionKey: { name: 'at', type: 'date', collation: null },
    definition: definitionOf('t', { outgoing: keys }),
  };
  return compareCatalogs(spec, live, side('t', source), side('tp', target));
}

describe('the comparison of both catalogs', () => {
  it('expects the partition key behind the columns of a unique index, once, and not among included ones', () => {
    const primary = { constraint: 'primary', isUnique: true } as const;
    const source = [
      index(['id'], primary),
      index(['code'], { isUnique: true, included: ['at', 'note'] }),
      index(['at DESC', 'code'], { isUnique: true }),
      index(['at']),
      index(['gone'], { isValid: false }),
    ];
    const target = [
      index(['id', 'at'], primary),
      index(['code', 'at'], { isUnique: true, included: ['note'] }),
      index(['at DESC', 'code'], { isUnique: true }),
      index(['at'], { name: 'other' }),
    ];
    expect(compare({ indexes: source }, { indexes: target })).toEqual([]);
    expect(compare({ indexes: source }, { indexes: target.slice(1) })).toEqual([
      'public.tp lacks an index primary constraint btree (id, at) for id_idx',
    ]);
    expect(compare({ indexes: source }, { indexes: [...target.slice(1), index(['id', 'at'], { ...primary, isValid: false })] })).toEqual([
      'index id_at_idx of public.tp is invalid',
    ]);
  });

  it('counts equal indexes, tells methods, predicates and uniqueness apart, and forgives a live target plain ones of its own', () => {
    expect(compare({ indexes: [index(['a']), index(['a'])] }, { indexes: [index(['a'])] })).toHaveLength(1);
    for (const other of [{ method: 'hash' }, { rest: ['WHERE (a > 0)'] }, { isUnique: true }, { included: ['b'] }]) {
      expect(compare({ indexes: [index(['a'])] }, { indexes: [index(['a'], other)] })).toHaveLength(2);
    }
    const extra = { indexes: [index(['a'])] };
    expect(compare({}, extra)).toEqual(['public.tp has an index that the source lacks: btree (a)']);
    expect(compare({}, extra, 'target')).toEqual([]);
    expect(compare({}, { indexes: [index(['a'], { isUnique: true })] }, 'target')).toEqual([
      'public.tp has an index that the source lacks: unique btree (a)',
    ]);
  });

  it('wants every constraint, valid where the source has it valid, and forgives NOT NULL of key and partition key', () => {
    const positive = constraint('check', 'CHECK ((n > 0))');
    const notNull = constraint('not-null', 'NOT NULL at');
    expect(compare({ constraints: [positive] }, { constraints: [positive, notNull] })).toEqual([]);
    expect(compare({ constraints: [positive] }, {})).toEqual(['public.tp lacks CHECK ((n > 0))']);
    expect(compare({}, { constraints: [positive] })).toEqual(['public.tp has CHECK ((n > 0)), which public.t has not']);
    const doubtful = { constraints: [{ ...positive, isValid: false }] };
    expect(compare({ constraints: [positive] }, doubtful)).toEqual(['constraint c of public.tp is not validated: CHECK ((n > 0))']);
    expect(compare(doubtful, doubtful)).toEqual([]);
    expect(compare({ constraints: [constraint('not-null', 'NOT NULL n')] }, {})).toEqual(['public.tp lacks NOT NULL n']);
  });

  it('wants foreign keys where the writes go and none on the side that follows', () => {
    const withKey = { constraints: [selfKey] };
    expect(compare(withKey, {}, 'source', [reference])).toEqual([]);
    expect(compare({}, withKey, 'target', [reference])).toEqual([]);
    expect(compare({}, {}, 'target', [reference])).toEqual(['public.tp lacks FOREIGN KEY (parent) REFERENCES <table>(id)']);
    expect(compare(withKey, withKey, 'source', [reference])).toEqual(['public.tp has a foreign key, c, though it only follows']);
  });

  it('wants equal grants and policies', () => {
    expect(compare({ grants: ['SELECT TO a'], policies: ['POLICY p'] }, { grants: ['SELECT TO a'], policies: ['POLICY p'] })).toEqual([]);
    expect(compare({ grants: ['SELECT TO a'] }, { policies: ['POLICY p'] })).toEqual([
      'public.tp lacks SELECT TO a',
      'public.tp has POLICY p, which public.t has not',
    ]);
  });
});
