import { quoteLiteral } from '../../../../partition/literal.ts';
import { type ColumnRef, type MigrationSpec, positionColumns } from '../../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { type ComparedBatch, renderBlocks } from './batch.ts';

/** Least and greatest value of each of `boxColumns`, as text: all rows of a batch, and of the target hardly more where rows lie in the order of their keys. */
export interface BatchBox {
  readonly least: readonly string[];
  readonly greatest: readonly string[];
}

/** Columns of a position that grow with time, as a rule, and have min and max in every version of PostgreSQL. */
export function boxColumns(spec: MigrationSpec): readonly ColumnRef[] {
  return positionColumns(spec).filter(
    ({ type }) => /^(smallint|integer|bigint|numeric|date|timestamp)\b/.test(type) && !type.includes('['),
  );
}

/** Reads `rows` of the blocks, and `least` and `greatest`, text[]: null without a row. */
export function renderBatchBounds(spec: MigrationSpec, batch: ComparedBatch): string {
  const ends = (end: 'min' | 'max'): string =>
    boxColumns(spec)
      .map(({ name }) => `pg_catalog.${end}(s.${quoteIdentifier(name)})::pg_catalog.text`)
      .join(', ');
  return (
    `SELECT pg_catalog.count(*)::pg_catalog.text AS "rows", ARRAY[${ends('min')}]::pg_catalog.text[] AS "least", ` +
    `ARRAY[${ends('max')}]::pg_catalog.text[] AS "greatest" FROM ONLY ${formatQualifiedName(batch.source)} AS s WHERE ${renderBlocks(batch)}`
  );
}

/** On columns of the target's alias `x`. */
export function renderBox(spec: MigrationSpec, { least, greatest }: BatchBox): string {
  return boxColumns(spec)
    .flatMap(({ name, type }, index) => {
      const column = `x.${quoteIdentifier(name)}`;
      return [`${column} >= ${quoteLiteral(least[index] ?? '')}::${type}`, `${column} <= ${quoteLiteral(greatest[index] ?? '')}::${type}`];
    })
    .join(' AND ');
}

/** Reads `rows` of the target within the box, at most `limit`. */
export function renderBoxSize(spec: MigrationSpec, { target }: Pick<ComparedBatch, 'target'>, box: BatchBox, limit: number): string {
  return (
    `SELECT pg_catalog.count(*)::pg_catalog.text AS "rows" FROM (` +
    `SELECT FROM ${formatQualifiedName(target)} AS x WHERE ${renderBox(spec, box)} LIMIT ${limit}) AS b`
  );
}
