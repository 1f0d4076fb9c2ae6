import { describe, expect, it } from 'vitest';
import { hasProbe, selectProbes } from '../../../src/cli/databases/probe-selection.ts';
import type { Selection } from '../../../src/cli/databases/selection.ts';
import type { QualifiedName } from '../../../src/partition/qualified-name.ts';
import { named } from '../../support/model.ts';
import { parse } from '../config/support.ts';

const probe = (name: string): string => `{ name: ${name}, sql: SELECT 1, expect: { partitions: 0 } }`;
const { databases } = parse(`databases:
  - name: app
    url: postgres://h/app
    tables:
      - { table: revenues, interval: 1 day, probes: [${probe('daily')}, ${probe('yearly')}] }
      - { table: expenses, interval: 1 day, probes: [${probe('daily')}] }
      - { table: events, interval: 1 day }
  - name: other
    url: postgres://h/other
    tables: [{ table: events, interval: 1 day }]
`);

function all(tables: readonly QualifiedName[] | null = null): readonly Selection[] {
  return databases.map((database) => ({ database, tables }));
}

/** Databases with their tables with their probes, as short text. */
function shown(selections: readonly Selection[]): readonly string[] {
  return selections.map(({ database, tables }) => {
    const probes = database.tables.map((policy) => `${policy.table.name}(${policy.probes.map(({ name }) => name).join(' ')})`);
    expect(tables).toEqual(database.tables.map((policy) => policy.table));
    return `${database.name}: ${probes.join(' ')}`;
  });
}

describe('the probes that are asked for', () => {
  it('are all of the selected tables', () => {
    expect(shown(selectProbes(all(), []))).toEqual(['app: revenues(daily yearly) expenses(daily) events()', 'other: events()']);
    expect(shown(selectProbes(all([named('revenues')]).slice(0, 1), []))).toEqual(['app: revenues(daily yearly)']);
  });

  it('are those of a name, in every table that has one, and no automatic one instead', () => {
    expect(shown(selectProbes(all(), ['daily']))).toEqual(['app: revenues(daily) expenses(daily)']);
    expect(shown(selectProbes(all(), ['yearly', 'daily']))).toEqual(['app: revenues(daily yearly) expenses(daily)']);
  });

  it('can be the automatic ones', () => {
    expect(shown(selectProbes(all(), ['current-interval']))).toEqual(['app: events()', 'other: events()']);
  });

  it.each([
    ['dayly', all(), 'no probe "dayly"; did you mean daily?'],
    ['weekly-report', all(), 'there are daily, yearly, current-interval.'],
    ['yearly', all([named('expenses')]), 'no probe "yearly"'],
  ])('cannot be %s', (name, selections, part) => {
    expect(() => selectProbes(selections, [name])).toThrow(part);
  });

  it('are known by their table', () => {
    const [found] = selectProbes(all(), ['yearly']).map(({ database }) => database);
    const has = (table: string, name: string): boolean | null => (found === undefined ? null : hasProbe(found, named(table), name));
    expect([has('revenues', 'yearly'), has('revenues', 'daily'), has('expenses', 'yearly')]).toEqual([true, false, false]);
  });
});
