import { describe, expect, it } from 'vitest';
import { byteLength } from '../../../../src/partition/identifier.ts';
import { parseInterval } from '../../../../src/partition/interval.ts';
import { positionColumns } from '../../../../src/partition/migration/spec.ts';
import { migrationNames, wantedNames } from '../../../../src/plan/migration/migration-names.ts';
import { planMigration } from '../../../../src/plan/migration/plan-migration.ts';
import { named } from '../../../support/model.ts';
import { circumstances, column, foreignKey, gib, index, now, plan, policyFor, primary, revenues, unique } from './support.ts';

describe('the plan of a migration', () => {
  it('of a table that nothing is against has a spec, costs and no refusal', () => {
    const found = plan({
      definition: {
        columns: [
          ...revenues().columns,
          column('total', 'numeric', { generated: 'stored' }),
          column('seen', 'text', { generated: 'virtual' }),
        ],
      },
    });
    expect(found.refusals).toEqual([]);
    expect(found.spec).toMatchObject({
      subject: 'table',
      strategy: 'copy',
      capture: 'log',
      table: named('revenues'),
      targetName: named('revenues_partitioned'),
      oldName: named('revenues_unpartitioned'),
      isHashable: true,
      waived: [],
      isIdentityKept: false,
    });
    expect(found.spec?.columns.map(({ name }) => name)).toEqual(['id', 'occurred_at', 'amount']);
    expect(found.spec?.comparedColumns.map(({ name }) => name)).toEqual(['id', 'occurred_at', 'amount', 'total']);
    expect(found).toMatchObject({ diskBytes: 11 * gib, walBytes: 18 * gib });
    expect(found.estimatedSeconds).toBeGreaterThan(60);
    expect(found.estimatedSeconds).toBeLessThan(600);
    expect(found.spec).toEqual(JSON.parse(JSON.stringify(found.spec)));
  });

  it('covers the rows from the least to the greatest, now and premake', () => {
    expect(plan().partitions).toEqual({ count: 11, first: '2024-01-01T00:00:00Z', last: '2026-10-01T00:00:00Z' });
    const ahead = plan({ circumstances: { maxKey: '2026-07-01 00:00:00+00' } });
    expect(ahead.partitions).toEqual({ count: 13, first: '2024-01-01T00:00:00Z', last: '2027-04-01T00:00:00Z' });
    const empty = plan({ circumstances: { minKey: null, maxKey: null } });
    expect(empty.partitions).toEqual({ count: 3, first: '2026-01-01T00:00:00Z', last: '2026-10-01T00:00:00Z' });
    const integers = plan({
      policy: { interval: parseInterval(1000), startFrom: -1n },
      migration: { partitionKey: 'id' },
      circumstances: { minKey: '5', maxKey: '2000' },
    });
    expect(integers.partitions).toEqual({ count: 5, first: '0', last: '5000' });
    const unread = {
      policy: { interval: parseInterval(1000), startFrom: -1n },
      migration: { partitionKey: 'id' },
      circumstances: { minKey: null, maxKey: null },
    };
    expect(plan(unread).partitions).toEqual({ count: 3, first: '-1000', last: '2000' });
    const numbers = (type: string): string | undefined =>
      plan({
        policy: { interval: parseInterval(1000) },
        migration: { partitionKey: 'id' },
        definition: { columns: [column('id', type), column('occurred_at', 'date')] },
        circumstances: { minKey: '1999', maxKey: '1999' },
      }).partitions?.last;
    expect(['numeric', 'numeric(10)', 'numeric(12,2)'].map(numbers)).toEqual(['4000', '4000', '4000.00']);
    const narrow = plan({
      policy: { interval: parseInterval(10_000) },
      migration: { partitionKey: 'id' },
      definition: { columns: [column('id', 'smallint'), column('occurred_at', 'date')] },
      circumstances: { minKey: '30000', maxKey: '32767' },
    });
    expect(narrow.partitions).toEqual({ count: 3, first: '30000', last: 'MAXVALUE' });
  });

  it('has one hash for one decision, whatever the clock, the size and the order of fields', () => {
    const first = plan();
    const definition = Object.fromEntries(Object.entries(revenues()).toReversed()) as unknown as ReturnType<typeof revenues>;
    const later = planMigration(
      policyFor({}),
      definition,
      circumstances({ totalBytes: 20 * gib, maxKey: '2026-03-01 00:00:00+00' }),
      now + 10n ** 13n,
    );
    expect(first.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(later.hash).toBe(first.hash);
    expect(plan({ migration: { capture: 'dual', waive: ['dual-errors'] } }).hash).not.toBe(first.hash);
    expect(plan({ definition: { indexes: [primary(), index('i', ['amount'])] } }).hash).not.toBe(first.hash);
  });

  it('chooses the primary key, else the narrowest index that identifies rows', () => {
    const keyOf = (indexes: readonly ReturnType<typeof index>[]): string[] | undefined =>
      plan({
        definition: {
          columns: [
            column('id', 'bigint'),
            column('ref', 'text'),
            column('no', 'integer'),
            column('occurred_at', 'timestamp(3) with time zone'),
          ],
          indexes,
        },
        migration: { waive: ['unique-without-key'] },
      }).spec?.key.map(({ name }) => name);
    expect(keyOf([primary(['ref', 'id']), unique('n', ['no'])])).toEqual(['ref', 'id']);
    expect(
      keyOf([
        primary(['id'], { isDeferrable: true }),
        unique('t', ['ref']),
        unique('n', ['no', 'occurred_at']),
        unique('b', ['id', 'ref']),
      ]),
    ).toEqual(['no', 'occurred_at']);
    expect(keyOf([unique('b', ['id']), unique('a', ['occurred_at'])])).toEqual(['occurred_at']);
    for (const names of ['ab', 'ba'])
      expect(keyOf([...names].map((name) => unique(name, name === 'a' ? ['id'] : ['occurred_at'])))).toEqual(['id']);
    const { spec } = plan({ definition: { indexes: [primary(['id'])] }, migration: { waive: ['unique-without-key'] } });
    expect(spec === null ? [] : positionColumns(spec).map(({ name }) => name)).toEqual(['id', 'occurred_at']);
    expect(spec?.waived).toEqual(['unique-without-key']);
  });

  it.each([
    ['a small table', 'auto', 200 * gib, [primary()], 'copy'],
    [
      'a large one with the key everywhere',
      'auto',
      200 * gib + 1,
      [primary(), unique('u', ['occurred_at', 'amount']), index('i', ['amount'])],
      'attach',
    ],
    ['a large one whose primary key lacks it', 'auto', 300 * gib, [primary(['id'])], 'copy'],
    ['a large one with a unique index that lacks it', 'auto', 300 * gib, [primary(), unique('u', [null])], 'copy'],
    ['what was asked for', 'attach', gib, [primary()], 'attach'],
    ['what was asked for, however large', 'copy', 900 * gib, [primary()], 'copy'],
  ] as const)('takes by strategy: %s', (_what, strategy, totalBytes, indexes, expected) => {
    const found = plan({ migration: { strategy }, circumstances: { totalBytes }, definition: { indexes } });
    expect(found.strategy).toBe(expected);
    expect(found.diskBytes > 0).toBe(expected === 'copy');
    expect(found.notes.some((note) => note.includes('refuses rows at or after 2026-07-01T00:00:00Z'))).toBe(expected === 'attach');
  });

  it('cuts names to 63 bytes, and never two of them alike', () => {
    const long = 'é'.repeat(31);
    const definition = revenues({
      name: named(`${long}x`),
      indexes: [primary(['id'], { name: `${long}1` }), index(`${long}2`, ['amount'])],
      sequences: [
        { oid: '1', name: named('ids'), column: 'id', kind: 'identity', options: '', increment: '1', grants: [], defaultGrantees: [] },
        { oid: '2', name: named('serials'), column: 'no', kind: 'serial', options: '', increment: '1', grants: [], defaultGrantees: [] },
      ],
      statistics: [{ oid: '3', name: named('ids', 'other'), definition: '', target: null }],
    });
    const names = wantedNames(definition);
    expect(new Set(names.slice(0, 8)).size).toBe(8);
    expect(names.map(byteLength).filter((bytes) => bytes > 63)).toEqual([]);
    const found = migrationNames(definition);
    expect(found.names.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      `constraint ${long}1`,
      `index ${long}2`,
      'sequence ids',
      'statistics ids',
    ]);
    expect(found.targetName.name).toBe(`${'é'.repeat(25)}_partitioned`);
    expect(found.names[0]?.targetName).toBe(`${'é'.repeat(24)}_2_partitioned`);
    expect(found.names[3]).toEqual({ kind: 'statistics', name: 'ids', targetName: 'ids_partitioned', oldName: 'ids_unpartitioned' });
  });

  it('locks in each step of copy what the specification says, and in the switch all tables that change with it', () => {
    const definition = {
      outgoing: [
        foreignKey({ name: 'org', table: named('revenues'), tableOid: '5', referenced: named('orgs'), referencedOid: '9' }),
        foreignKey({ name: 'self', table: named('revenues'), tableOid: '5', referencedColumns: ['id', 'occurred_at'] }),
      ],
      incoming: [foreignKey({ referencedColumns: ['id', 'occurred_at'] })],
      views: [{ oid: '8', name: named('Daily'), statement: '', owner: 'owner', groupsByKey: false }],
    };
    const locks = plan({ definition }).steps.map((step) =>
      `${step.number} ${step.duration} ${step.locks.map(({ relation, mode }) => `${relation}:${mode.replace('Lock', '')}`).join(' ')}`.trimEnd(),
    );
    const [source, target, old] = ['public.revenues', 'public.revenues_partitioned', 'public.revenues_unpartitioned'];
    expect(locks).toEqual([
      '0 none',
      `1 brief ${source}:AccessShare`,
      `2 brief ${source}:ShareUpdateExclusive ${source}:ShareRowExclusive`,
      `3 brief ${source}:AccessShare`,
      `4 long ${source}:AccessShare ${target}:RowExclusive`,
      `5 long ${source}:AccessShare ${target}:RowExclusive`,
      `6 long ${target}:Share ${target}:ShareUpdateExclusive`,
      `7 long ${source}:AccessShare ${target}:AccessShare`,
      `8 switch ${source}:ShareUpdateExclusive public.orgs:AccessExclusive public.payments:AccessExclusive ${source}:AccessExclusive ` +
        `${target}:AccessExclusive public."Daily":AccessExclusive`,
      `9 long ${source}:ShareUpdateExclusive public.payments:ShareUpdateExclusive public.orgs:RowShare ${source}:RowShare ${source}:AccessShare`,
      `10 long ${source}:AccessShare ${old}:RowExclusive`,
      `11 brief ${source}:AccessExclusive ${old}:AccessExclusive`,
    ]);
    const on14 = plan({ definition, circumstances: { serverVersion: 140_023 } }).steps.find(({ number }) => number === 9);
    expect(on14?.locks).toContainEqual({ relation: 'public.orgs', mode: 'ShareRowExclusiveLock' });
  });

  it('moves no row by attach, and says so in its steps', () => {
    const { steps, walBytes, spec, partitions } = plan({ migration: { strategy: 'attach', capture: 'dual' } });
    expect(partitions).toEqual({ count: 3, first: 'MINVALUE', last: '2027-01-01T00:00:00Z' });
    expect(steps.map(({ number }) => number)).toEqual([0, 1, 2, 7, 8, 9, 10, 11]);
    expect(steps[2]?.locks.map(({ mode }) => mode)).toEqual(['AccessExclusiveLock', 'ShareUpdateExclusiveLock']);
    expect(walBytes).toBe(0);
    expect(spec).toMatchObject({ strategy: 'attach', oldName: named('revenues_first') });
    expect(steps.map(({ title }) => title).join()).toContain('the old one becomes its partition public.revenues_first');
  });

  it('does not know how long a table takes that was never analysed', () => {
    const found = plan({ circumstances: { estimatedRows: null } });
    expect(found.estimatedSeconds).toBeNull();
    expect(found.notes).toContain('It was never analysed, so nobody knows how long it takes: ANALYZE public.revenues;');
    const one = plan({ migration: { copy: { workers: 1, batchTimeMs: 300, pace: 0, maxBacklog: 1000, diskFreeBytes: null } } });
    expect(one.estimatedSeconds).toBeGreaterThan(100);
  });
});
