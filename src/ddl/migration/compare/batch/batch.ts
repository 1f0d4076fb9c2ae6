import { type MigrationSpec, positionColumns } from '../../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import { renderUnlike } from '../unlike.ts';

/** Blocks of the source's file, half-open, and what they are compared with. */
export interface ComparedBatch {
  readonly source: QualifiedName;
  readonly target: QualifiedName;
  readonly log: QualifiedName;
  readonly from: bigint;
  readonly to: bigint;
}

/** The rows of the source, under the alias `s`, that are in the blocks. */
export function renderBlocks({ from, to }: Pick<ComparedBatch, 'from' | 'to'>): string {
  return `s.ctid >= '(${from},0)'::pg_catalog.tid AND s.ctid < '(${to},0)'::pg_catalog.tid`;
}

/**
 * Reads `rows` of a block range and `suspects`, a JSON array of `[kind, key...]`: its rows that the target lacks at their position, and with `content`
 * those that are stored differently there. Logged keys are among them. Comparing pairs says which rows differ and is as fast as hashes of both
 * sides (measured). The target has no statistics while it is filled, so the query leaves no choice: with `box`, a condition on `x` that holds
 * for each row that is looked for, these rows are read once and hashed; without it each row is looked up by the index, in three times the time.
 */
export function renderBatch(spec: MigrationSpec, batch: ComparedBatch, by: 'content' | 'counts', box: string | null): string {
  const columns = by === 'content' ? spec.comparedColumns : positionColumns(spec);
  const key = spec.key.map(({ name }) => quoteIdentifier(name));
  const position = (alias: string): string =>
    positionColumns(spec)
      .map(({ name }) => `${alias}.${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`)
      .join(' AND ');
  const isMissing = `t.${key[0]} IS NULL`;
  const isSuspect = by === 'content' ? `${isMissing} OR ${renderUnlike(columns, 's', 't')}` : isMissing;
  const suspect = [`CASE WHEN ${isMissing} THEN 'missing' ELSE 'different' END`, ...key.map((name) => `s.${name}::pg_catalog.text`)];
  const found = `SELECT ${columns.map(({ name }) => `x.${quoteIdentifier(name)}`).join(', ')} FROM ${formatQualifiedName(batch.target)} AS x WHERE`;
  // OFFSET 0: by itself the planner would turn the lookups into a join with the whole target.
  const paired = box === null ? `LATERAL (${found} ${position('x')} OFFSET 0) AS t ON true` : `(${found} ${box}) AS t ON ${position('t')}`;
  return (
    'SELECT pg_catalog.count(*)::pg_catalog.text AS "rows", ' +
    `coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(${suspect.join(', ')})) FILTER (WHERE ${isSuspect}), '[]') AS "suspects" ` +
    `FROM ONLY ${formatQualifiedName(batch.source)} AS s LEFT JOIN ${paired} WHERE ${renderBlocks(batch)}`
  );
}

/** Without semicolons: what a batch with a box is read under. Believing that the box is all but empty, the planner would join by nested loops. */
export const boxSettings: readonly string[] = ["SET LOCAL work_mem = '64MB'", 'SET LOCAL enable_nestloop = off'];
