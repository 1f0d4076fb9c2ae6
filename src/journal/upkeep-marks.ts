import type { QualifiedName } from '../partition/qualified-name.ts';
import type { FrozenMark, IndexMark, UpkeepMarks } from '../partition/upkeep.ts';
import { literal } from '../postgres/literal.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { boolean, nullable, number, oneOf, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

/** What is remembered where nothing is. */
export const noUpkeepMarks: UpkeepMarks = { frozen: new Map(), indexes: [] };

/** All marks there are; none in a journal that is not installed, or of a version before 6. Throws `StatementError` where the role may not read. */
export async function readUpkeepMarks(session: Session, schema: string, signal: AbortSignal): Promise<UpkeepMarks> {
  const [place] = await session.rows(marksPlaceSql, [schema], decodeMarksPlace, signal);
  if (place?.hasMarks !== true) return noUpkeepMarks;
  const frozen = await session.rows(frozenSql(schema), [], decodeFrozen, signal);
  const indexes = await session.rows(indexMarksSql(schema), [], decodeIndexMark, signal);
  return {
    frozen: new Map(frozen.map((mark) => [mark.oid, mark])),
    indexes: indexes.map(({ indexSchema, indexName, ...mark }) => ({ ...mark, index: { schema: indexSchema, name: indexName } })),
  };
}

/** One INSERT without semicolon, over an older mark of the same partition; to be sent once it is frozen, not before. */
export function renderRememberFrozen(schema: string, mark: FrozenMark): string {
  return (
    `INSERT INTO ${qualify(schema, 'frozen_partition')} (oid, filenode, changes) ` +
    `VALUES (${literal(mark.oid)}, ${literal(mark.filenode)}, ${integer(mark.changes)}) ` +
    'ON CONFLICT (oid) DO UPDATE SET filenode = EXCLUDED.filenode, changes = EXCLUDED.changes, frozen_at = EXCLUDED.frozen_at'
  );
}

/** One INSERT without semicolon, over an older mark of an index of that name on that relation; what begins is committed before it begins. */
export function renderMarkIndex(schema: string, mark: IndexMark): string {
  const texts = [mark.relationOid, mark.tableOid, mark.index.schema, mark.index.name, mark.policyName, mark.definition, mark.state];
  return (
    `INSERT INTO ${qualify(schema, 'index_mark')} ` +
    '(relation_oid, table_oid, index_schema, index_name, policy_name, definition, state) ' +
    `VALUES (${texts.map(literal).join(', ')}) ` +
    'ON CONFLICT (relation_oid, index_schema, index_name) DO UPDATE SET table_oid = EXCLUDED.table_oid, ' +
    'policy_name = EXCLUDED.policy_name, definition = EXCLUDED.definition, state = EXCLUDED.state, marked_at = EXCLUDED.marked_at'
  );
}

/** One DELETE without semicolon; nothing when there is no such mark. */
export function renderForgetIndex(schema: string, relationOid: string, index: QualifiedName): string {
  return (
    `DELETE FROM ${qualify(schema, 'index_mark')} WHERE relation_oid = ${literal(relationOid)} ` +
    `AND index_schema = ${literal(index.schema)} AND index_name = ${literal(index.name)}`
  );
}

/**
 * Forgets marks of relations that are gone, and those of indexes that are gone for a day: an index that is about to be made is marked before
 * the catalog shows it.
 */
export function renderTrimUpkeepMarks(schema: string): readonly string[] {
  return [
    `DELETE FROM ${qualify(schema, 'frozen_partition')} AS f WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = f.oid)`,
    `DELETE FROM ${qualify(schema, 'index_mark')} AS m WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = m.relation_oid) ` +
      "OR (m.marked_at < pg_catalog.clock_timestamp() - interval '1 day' AND NOT EXISTS (" +
      'SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid ' +
      'JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ' +
      'WHERE i.indrelid = m.relation_oid AND n.nspname = m.index_schema AND c.relname = m.index_name))',
  ];
}

function integer(value: number): string {
  return Number.isFinite(value) ? String(Math.trunc(value)) : '0';
}

/** `$1`: the schema's name. One row. */
const marksPlaceSql: NamedSql = namedSql(
  'read-upkeep-marks-place',
  /* sql */ `
  SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relname = 'index_mark' AND c.relkind = 'r'
  ) AS "hasMarks"`,
);

const decodeMarksPlace = row<{ readonly hasMarks: boolean }>({ hasMarks: boolean });

function frozenSql(schema: string): NamedSql {
  return namedSql(
    'read-frozen-partitions',
    /* sql */ `
    SELECT
      f.oid::pg_catalog.text AS "oid",
      f.filenode::pg_catalog.text AS "filenode",
      f.changes AS "changes"
    FROM ${qualify(schema, 'frozen_partition')} AS f`,
  );
}

const decodeFrozen = row<FrozenMark>({ oid: text, filenode: text, changes: number });

function indexMarksSql(schema: string): NamedSql {
  return namedSql(
    'read-index-marks',
    /* sql */ `
    SELECT
      m.relation_oid::pg_catalog.text AS "relationOid",
      m.table_oid::pg_catalog.text AS "tableOid",
      m.index_schema AS "indexSchema",
      m.index_name AS "indexName",
      m.policy_name AS "policyName",
      m.definition AS "definition",
      m.state AS "state"
    FROM ${qualify(schema, 'index_mark')} AS m
    ORDER BY m.marked_at, m.relation_oid, m.index_schema, m.index_name`,
  );
}

interface IndexMarkRow extends Omit<IndexMark, 'index'> {
  readonly indexSchema: string;
  readonly indexName: string;
}

const decodeIndexMark = row<IndexMarkRow>({
  relationOid: text,
  tableOid: text,
  indexSchema: text,
  indexName: text,
  policyName: nullable(text),
  definition: nullable(text),
  state: oneOf('building', 'built', 'reindexing'),
});
