import { type MigrationSpec, positionColumns } from '../../../partition/migration/spec.ts';
import type { QualifiedName } from '../../../partition/qualified-name.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { renderUnlike } from './unlike.ts';
import { renderUnlogged } from './unlogged.ts';

/** Blocks of the source's file, half-open, and what they are compared with. */
export interface ComparedBatch {
  readonly source: QualifiedName;
  readonly target: QualifiedName;
  readonly log: QualifiedName;
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Reads `rows` of a block range and `suspects`, a JSON array of `[kind, key...]`: its rows that the target lacks at their position, and with `content`
 * those that are stored differently there. Logged keys are among them. The target has no statistics while it is filled, so the shape of the
 * query leaves no choice: one lookup by index for each row, which is as fast as hashes of both sides and says which rows differ (measured).
 */
export function renderBatch(spec: MigrationSpec, { source, target, from, to }: ComparedBatch, by: 'content' | 'counts'): string {
  const columns = by === 'content' ? spec.comparedColumns : positionColumns(spec);
  const key = spec.key.map(({ name }) => quoteIdentifier(name));
  const position = positionColumns(spec).map(({ name }) => `x.${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`);
  const isMissing = `t.${key[0]} IS NULL`;
  const isSuspect = by === 'content' ? `${isMissing} OR ${renderUnlike(columns, 's', 't')}` : isMissing;
  const suspect = [`CASE WHEN ${isMissing} THEN 'missing' ELSE 'different' END`, ...key.map((name) => `s.${name}::pg_catalog.text`)];
  return (
    'SELECT pg_catalog.count(*)::pg_catalog.text AS "rows", ' +
    `coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(${suspect.join(', ')})) FILTER (WHERE ${isSuspect}), '[]') AS "suspects" ` +
    `FROM ONLY ${formatQualifiedName(source)} AS s LEFT JOIN LATERAL (` +
    `SELECT ${columns.map(({ name }) => `x.${quoteIdentifier(name)}`).join(', ')} ` +
    // OFFSET 0: by itself the planner would turn the lookups into a join with the whole target.
    `FROM ${formatQualifiedName(target)} AS x WHERE ${position.join(' AND ')} OFFSET 0) AS t ON true ` +
    `WHERE s.ctid >= '(${from},0)'::pg_catalog.tid AND s.ctid < '(${to},0)'::pg_catalog.tid`
  );
}

/** Reads those of the suspects in `$1`, a JSON array of `[kind, key...]`, that no visible log entry explains, as `kind` and `key`, a text[]. */
export function renderUnexplained(spec: MigrationSpec, { log }: Pick<ComparedBatch, 'log'>): string {
  const texts = spec.key.map((_, index) => `(s.value ->> ${index + 1})`);
  const typed = spec.key.map(({ type }, index) => `${texts[index]}::${type}`);
  return (
    `SELECT s.value ->> 0 AS "kind", ARRAY[${texts.join(', ')}]::pg_catalog.text[] AS "key" ` +
    `FROM pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) AS s WHERE ${renderUnlogged(spec.key, typed, log)}`
  );
}
