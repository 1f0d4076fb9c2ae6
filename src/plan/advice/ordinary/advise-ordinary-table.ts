import type { KeyCandidate, OrdinaryAdvice } from './advice.ts';
import { keyBlockers, tableBlockers } from './blockers.ts';
import { keyKind } from './key-kind.ts';
import { type KeyRange, keyRange } from './key-range.ts';
import { hasOutliers, proposal } from './proposal.ts';
import { compareCandidates, isNowByDefault, type Ranked } from './rank.ts';
import type { ColumnUse, OrdinaryColumn, OrdinaryTable } from './table.ts';
import { chooseWidth, type Goal } from './width.ts';

/**
 * What partitioning an ordinary table would take: its candidates for the key, what stands in the way, and the proposal with the best of them, whose
 * partitions are fit for `goal`. `use`: of recorded statements, null when there are none to look at. Pure, throws nothing.
 */
export function adviseOrdinaryTable(table: OrdinaryTable, use: ColumnUse | null, goal: Goal): OrdinaryAdvice {
  const ranked = table.columns
    .flatMap((column): readonly Ranked[] => {
      const key = keyKind(table, column);
      return key === null ? [] : [{ column, key }];
    })
    .toSorted(compareCandidates(use));
  const ranges = new Map(ranked.map(({ column, key }) => [column.name, keyRange(column, key.codec)]));
  const [best] = ranked;
  const range = best === undefined ? null : (ranges.get(best.column.name) ?? null);
  return {
    table: table.name,
    estimatedRows: table.estimatedRows,
    bytes: table.bytes,
    candidates: ranked.map((candidate) => describe(table, candidate, ranges.get(candidate.column.name) ?? null, use)),
    blockers: tableBlockers(table),
    proposal:
      best === undefined
        ? null
        : proposal(table, { ...best, range, width: chooseWidth(best.key, best.column.type, range, table.bytes, goal) }),
  };
}

function describe(table: OrdinaryTable, { column, key }: Ranked, range: KeyRange | null, use: ColumnUse | null): KeyCandidate {
  return {
    column: column.name,
    type: column.type,
    nullFraction: column.nullFraction,
    correlation: column.correlation,
    from: range === null ? null : key.codec.display(range.from),
    to: range === null ? null : key.codec.display(range.to),
    use: use === null ? null : { statements: use.conditions.get(column.name) ?? 0, of: use.statements },
    remarks: [...statisticsRemarks(table, column, range), ...valueRemarks(table, column, key.kind, use)],
    blockers: keyBlockers(table, column),
  };
}

function statisticsRemarks(table: OrdinaryTable, column: OrdinaryColumn, range: KeyRange | null): readonly string[] {
  if (column.nullFraction === null) {
    if (!column.canSelect) return ['its statistics need the privilege SELECT on the column'];
    return [
      `no statistics to be seen: ANALYZE the table first${table.hasRowSecurity ? ', as a role that row security does not bind' : ''}`,
    ];
  }
  const found: string[] = [];
  if (Math.abs(column.correlation ?? 0) >= 0.9) found.push('rows lie on disk in its order');
  if (range !== null && hasOutliers(range)) found.push('some values lie far off and belong into a default partition');
  return found;
}

function valueRemarks(table: OrdinaryTable, column: OrdinaryColumn, kind: Ranked['key']['kind'], use: ColumnUse | null): readonly string[] {
  const found: string[] = [];
  if (isNowByDefault(column)) found.push('its default is the time of the insert');
  if (!column.isNotNull && column.nullFraction === 0) found.push('no nulls were seen, but it is not declared NOT NULL');
  if (kind === 'sortable-id')
    found.push(column.type === 'uuid' ? 'uuids of version 7 begin with their time' : 'ULIDs begin with their time');
  if (kind === 'integer') found.push('a number: intervals and retention count keys, not time');
  if ((use?.assignments.get(column.name) ?? 0) > 0)
    found.push('recorded statements change it, and rows would then move between partitions');
  if (table.uniqueKeys.length > 0 && table.uniqueKeys.every((key) => key.columns.includes(column.name))) {
    found.push('every unique key holds it');
  }
  return found;
}
