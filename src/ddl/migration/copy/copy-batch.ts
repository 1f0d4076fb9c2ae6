import { type ColumnRef, type MigrationSpec, sidesOf } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { quoteBody } from '../../quote.ts';
import { lockRowsClause } from '../capture/lock-rows.ts';

export interface CopyBatch {
  /** Blocks of the source's file, half-open. */
  readonly from: bigint;
  readonly to: bigint;
  /** Leaves out rows whose key the target has, at twice the cost. */
  readonly isCareful: boolean;
  /** Writes down the range, given the SQL of the number of rows. */
  readonly note: (rows: string) => string;
}

/**
 * Copies the rows of a block range and notes how many they were, as one statement: the number of rows costs no second look at them, and nothing of
 * RETURNING. A column may be called like the variable: then the column is meant.
 */
export function renderCopyBatch(spec: MigrationSpec, batch: CopyBatch): string {
  const { live: source, follower: target } = sidesOf(spec, 'source');
  const columns = spec.columns.map(({ name }) => quoteIdentifier(name));
  const insert =
    `INSERT INTO ${formatQualifiedName(target.name)} (${columns.join(', ')}) OVERRIDING SYSTEM VALUE ` +
    `SELECT ${columns.map((column) => `s.${column}`).join(', ')} FROM ONLY ${formatQualifiedName(source.name)} AS s WHERE ${inBlocks(batch)}` +
    lockRowsClause(spec, 's') +
    (batch.isCareful ? ' ON CONFLICT DO NOTHING' : '');
  const lines = [
    '#variable_conflict use_column',
    'DECLARE copied pg_catalog.int8;',
    'BEGIN',
    `${insert};`,
    'GET DIAGNOSTICS copied = ROW_COUNT;',
    `${batch.note('copied')};`,
    'END',
  ];
  return `DO ${quoteBody(`\n${lines.join('\n')}\n`)}`;
}

/**
 * Reads partition key values in a block range that no partition takes, as text; a bounded number, as all rows of a missing year may be there.
 * `constraints`: those of the target's partitions, by the names of its columns.
 */
export function renderHomelessKeys(
  { partitionKey, table }: { readonly partitionKey: ColumnRef; readonly table: MigrationSpec['table'] },
  blocks: Pick<CopyBatch, 'from' | 'to'>,
  constraints: readonly string[],
): string {
  const key = quoteIdentifier(partitionKey.name);
  const taken = constraints.length === 0 ? '' : ` AND (${constraints.map((one) => `(${one})`).join(' OR ')}) IS NOT TRUE`;
  return `SELECT DISTINCT ${key}::pg_catalog.text AS "key" FROM ONLY ${formatQualifiedName(table)} AS s WHERE ${inBlocks(blocks)}${taken} LIMIT 100`;
}

function inBlocks({ from, to }: Pick<CopyBatch, 'from' | 'to'>): string {
  return `s.ctid >= '(${from},0)'::pg_catalog.tid AND s.ctid < '(${to},0)'::pg_catalog.tid`;
}
