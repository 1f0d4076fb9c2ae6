import { expect, test } from 'vitest';
import { appendColumn } from '../../../../src/ddl/migration/target/append-column.ts';
import { renderGuardFunction } from '../../../../src/ddl/migration/target/guard.ts';
import { renderAutovacuum } from '../../../../src/ddl/migration/target/index-marks.ts';
import {
  renderAttach,
  renderParentIndex,
  renderPartitionIndex,
  renderWholeIndex,
} from '../../../../src/ddl/migration/target/target-index.ts';
import { firstIndexes, laterIndexes } from '../../../../src/ddl/migration/target/target-names.ts';
import type { IndexDefinition } from '../../../../src/partition/migration/definition.ts';
import type { MigrationSpec } from '../../../../src/partition/migration/spec.ts';
import { definitionOf } from '../../../support/migrate/hand-made.ts';
import { named } from '../../../support/model.ts';

test.each([
  ['USING btree (a)', 'USING btree (a, "at,)")'],
  ['USING btree (lower((b)::text), "x)""y" DESC) INCLUDE (c)', 'USING btree (lower((b)::text), "x)""y" DESC, "at,)") INCLUDE (c)'],
  [
    "UNIQUE NULLS NOT DISTINCT (a, ((b || ')'::text))) DEFERRABLE",
    'UNIQUE NULLS NOT DISTINCT (a, ((b || \')\'::text)), "at,)") DEFERRABLE',
  ],
  ["USING btree (((b || '''('::text)))", "USING btree (((b || '''('::text)), \"at,)\")"],
])('%#: appends a column to the first list of %s', (definition, expected) => {
  expect(appendColumn(definition, 'at,)')).toBe(expected);
});

test('refuses a definition without a list', () => {
  expect(() => appendColumn('USING btree', 'a')).toThrow(RangeError);
});

test('builds what serves a constraint as an index first, and exclusion as what it is', () => {
  const unique = index({ name: 'u', constraint: 'unique', columns: ['a'], isUnique: true, tablespace: 'fast disk' });
  const own = { ...unique, tail: "USING btree (a) WITH (fillfactor='70')", constraintDefinition: 'UNIQUE (a) INITIALLY DEFERRED' };
  const spec = specOf([own]);
  expect(renderParentIndex(spec, own)).toEqual([
    'SET LOCAL default_tablespace = "fast disk"',
    "ALTER TABLE ONLY public.t_new ADD CONSTRAINT u UNIQUE (a, at) WITH (fillfactor='70') INITIALLY DEFERRED",
    'SET LOCAL default_tablespace = DEFAULT',
  ]);
  const partition = { schema: 'public', name: 'T 1' };
  expect(renderPartitionIndex(spec, own, partition, 'i 1')[1]).toBe(
    `CREATE UNIQUE INDEX "i 1" ON public."T 1" USING btree (a, at) WITH (fillfactor='70')`,
  );
  expect(renderAttach(spec, { ...own, isDeferrable: true, isDeferred: true }, partition, 'i 1')).toEqual([
    'ALTER TABLE public."T 1" ADD CONSTRAINT "i 1" UNIQUE USING INDEX "i 1" DEFERRABLE INITIALLY DEFERRED',
    'ALTER INDEX public.u ATTACH PARTITION public."i 1"',
  ]);
  const exclusion = index({
    name: 'x',
    constraint: 'exclusion',
    tail: 'USING gist (a, during)',
    constraintDefinition: 'EXCLUDE USING gist (at WITH =, during WITH &&) WHERE ((a > 0))',
  });
  expect(renderWholeIndex(spec, exclusion)).toEqual([
    'ALTER TABLE public.t_new ADD CONSTRAINT x EXCLUDE USING gist (at WITH =, during WITH &&) WHERE ((a > 0))',
  ]);
});

test('takes the primary key, and the unique index of another key, along from the start; nothing invalid ever', () => {
  const primary = index({ name: 'p', constraint: 'primary', columns: ['id'], isUnique: true });
  const deferrable = { ...primary, isDeferrable: true };
  const unique = index({ name: 'k', columns: ['a'], isUnique: true });
  const broken = index({ name: 'b', columns: ['a'], isUnique: true, isValid: false });
  const names = (indexes: readonly IndexDefinition[]): readonly string[] => indexes.map(({ name }) => name);
  const byId = { ...specOf([primary, broken, unique]), key: [{ name: 'id', type: 'bigint', collation: null }] };
  expect([names(firstIndexes(byId)), names(laterIndexes(byId))]).toEqual([['p'], ['k']]);
  const byA = specOf([deferrable, broken, unique]);
  expect([names(firstIndexes(byA)), names(laterIndexes(byA))]).toEqual([['p', 'k'], []]);
});

test('gives autovacuum back to what the source says of it', () => {
  const partition = named('p');
  expect(renderAutovacuum(partition, {})).toBe('ALTER TABLE public.p RESET (autovacuum_enabled, toast.autovacuum_enabled)');
  expect(renderAutovacuum(partition, { 'toast.autovacuum_enabled': 'off' })).toBe(
    'ALTER TABLE public.p SET (toast.autovacuum_enabled = off), RESET (autovacuum_enabled)',
  );
});

test('names the live table in the refusal, whatever it is called', () => {
  const sql = renderGuardFunction('j', '7', { schema: 'public', name: `it's "$partitiond$` });
  expect(sql).toContain(`Write to public."it''s ""$partitiond$";`);
  expect(sql.endsWith('$partitiond_1$')).toBe(true);
});

function index(changes: Partial<IndexDefinition>): IndexDefinition {
  return {
    oid: '0',
    name: 'i',
    constraint: null,
    isUnique: false,
    isValid: true,
    columns: [],
    included: [],
    isPartial: false,
    isDeferrable: false,
    isDeferred: false,
    nullsNotDistinct: false,
    isTemporal: false,
    equalColumns: [],
    tail: '',
    constraintDefinition: null,
    tablespace: null,
    isClustered: false,
    statisticsTargets: [],
    ...changes,
  };
}

function specOf(indexes: readonly IndexDefinition[]): MigrationSpec {
  const a = { name: 'a', type: 'bigint', collation: null };
  const plain = { isNotNull: true, expression: null, generated: null, identity: null, equalityIn: null, isHashable: true };
  const columns = ['id', 'a'].map((name) => ({ ...a, ...plain, name }));
  return {
    subject: 'table',
    strategy: 'copy',
    capture: 'log',
    table: named('t'),
    targetName: named('t_new'),
    oldName: named('t_old'),
    columns: [a],
    comparedColumns: [a],
    isHashable: true,
    key: [a],
    partitionKey: { name: 'at', type: 'timestamptz', collation: null },
    names: [],
    definition: definitionOf('t', { indexes, columns }),
    waived: [],
    isIdentityKept: false,
  };
}
