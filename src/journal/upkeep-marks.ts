import { StatementError } from '../errors.ts';
import type { QualifiedName } from '../partition/qualified-name.ts';
import type { FrozenMark, IndexMark, UpkeepMarks } from '../partition/upkeep.ts';
import { literal } from '../postgres/literal.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { json, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import { qualify, quoteAlways } from './qualify.ts';

/** What is remembered where nothing is. */
export const noUpkeepMarks: UpkeepMarks = { frozen: new Map(), indexes: [] };

/** The first version of the journal that has marks. */
export const upkeepMarksSince = 6;

/**
 * All marks there are, in one short read; none in a journal that is not installed, or of a version before `upkeepMarksSince`. Throws
 * `StatementError` (42501, with the GRANT that helps) where the role may not look.
 */
export async function readUpkeepMarks(session: Session, schema: string, signal: AbortSignal): Promise<UpkeepMarks> {
  try {
    const [marks] = await session.rows(marksSql(schema), [], decodeMarks, signal);
    return marks ?? noUpkeepMarks;
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    if (isMissing.has(error.sqlstate)) return noUpkeepMarks;
    if (error.sqlstate !== sqlstates.insufficientPrivilege) throw error;
    const fix = `GRANT USAGE ON SCHEMA ${quoteAlways(schema)} TO <role>; GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteAlways(schema)} TO <role>;`;
    const message = `The role of this connection may not read the marks of upkeep in the journal, schema ${schema}. Run: ${fix}`;
    throw new StatementError('PD502', message, sqlstates.insufficientPrivilege, { cause: error });
  }
}

const isMissing: ReadonlySet<string> = new Set([sqlstates.undefinedTable, sqlstates.invalidSchemaName]);

/** One INSERT without semicolon, over an older mark of the same partition; to be sent once it is frozen, not before. */
export function renderRememberFrozen(schema: string, mark: FrozenMark): string {
  return (
    `INSERT INTO ${qualify(schema, 'frozen_partition')} (oid, filenode, changes) ` +
    `VALUES (${literal(mark.oid)}, ${literal(mark.filenode)}, ${integer(mark.changes)}) ` +
    'ON CONFLICT (oid) DO UPDATE SET filenode = EXCLUDED.filenode, changes = EXCLUDED.changes, frozen_at = EXCLUDED.frozen_at'
  );
}

/**
 * One INSERT without semicolon, over an older mark of an index of that name on that relation; what begins is committed before it begins.
 * `relation`: SQL of its oid, for one that is made by the same transaction.
 */
export function renderMarkIndex(schema: string, mark: IndexMark, relation: string = literal(mark.relationOid)): string {
  const texts = [mark.tableOid, mark.index.schema, mark.index.name, mark.policyName, mark.definition, mark.state];
  return (
    `INSERT INTO ${qualify(schema, 'index_mark')} ` +
    '(relation_oid, table_oid, index_schema, index_name, policy_name, definition, state, rebuilt_bytes, rebuilt_rows) ' +
    `VALUES (${[relation, ...texts.map(literal), mark.rebuilt?.bytes ?? 'NULL', mark.rebuilt?.rows ?? 'NULL'].join(', ')}) ` +
    'ON CONFLICT (relation_oid, index_schema, index_name) DO UPDATE SET table_oid = EXCLUDED.table_oid, ' +
    'policy_name = EXCLUDED.policy_name, definition = EXCLUDED.definition, state = EXCLUDED.state, rebuilt_bytes = EXCLUDED.rebuilt_bytes, ' +
    'rebuilt_rows = EXCLUDED.rebuilt_rows, marked_at = EXCLUDED.marked_at'
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
 * the catalog shows it. What was begun an hour ago or more, and is valid without anything invalid beside it, was finished by somebody who was killed
 * before the end was written down.
 */
export function renderTrimUpkeepMarks(schema: string): readonly string[] {
  const marks = qualify(schema, 'index_mark');
  const indexOfMark =
    'SELECT FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid ' +
    'JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace ' +
    'WHERE i.indrelid = m.relation_oid AND n.nspname = m.index_schema AND c.relname = m.index_name';
  const invalid = 'SELECT FROM pg_catalog.pg_index AS other WHERE other.indrelid = m.relation_oid AND NOT other.indisvalid';
  return [
    `DELETE FROM ${qualify(schema, 'frozen_partition')} AS f WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = f.oid)`,
    `DELETE FROM ${marks} AS m WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = m.relation_oid) ` +
      `OR (m.marked_at < pg_catalog.clock_timestamp() - interval '1 day' AND NOT EXISTS (${indexOfMark}))`,
    `UPDATE ${marks} AS m SET state = 'built' WHERE m.state = 'failed' AND m.marked_at < pg_catalog.clock_timestamp() - interval '1 day'`,
    `UPDATE ${marks} AS m SET state = 'built' WHERE m.state <> 'built' ` +
      `AND m.state <> 'failed' AND m.marked_at < pg_catalog.clock_timestamp() - interval '1 hour' AND EXISTS (${indexOfMark} AND i.indisvalid) AND NOT EXISTS (${invalid})`,
  ];
}

function integer(value: number): string {
  return Number.isFinite(value) ? String(Math.trunc(value)) : '0';
}

/** One row. There may be a mark for each of 10,000 partitions and more, so that they are not rows of their own. */
function marksSql(schema: string): NamedSql {
  return namedSql(
    'read-upkeep-marks',
    /* sql */ `
    SELECT
      (
        SELECT COALESCE(
          pg_catalog.string_agg(pg_catalog.concat_ws(' ', f.oid::pg_catalog.text, f.filenode::pg_catalog.text, f.changes::pg_catalog.text), ','), ''
        )
        FROM ${qualify(schema, 'frozen_partition')} AS f
      ) AS "frozen",
      (
        SELECT COALESCE(
          pg_catalog.json_agg(
            pg_catalog.json_build_array(
              m.relation_oid::pg_catalog.text, m.table_oid::pg_catalog.text, m.index_schema, m.index_name, m.policy_name, m.definition, m.state, m.rebuilt_bytes,
              m.rebuilt_rows
            )
            ORDER BY m.marked_at, m.relation_oid, m.index_schema, m.index_name
          ),
          '[]'
        )
        FROM ${qualify(schema, 'index_mark')} AS m
      ) AS "indexes"`,
  );
}

const decodeMarks = row<UpkeepMarks>({
  frozen: (value, where) => frozenMarks(text(value, where)),
  indexes: json(indexMarks),
});

function frozenMarks(value: string): ReadonlyMap<string, FrozenMark> {
  const marks = value === '' ? [] : value.split(',').map((mark) => mark.split(' '));
  return new Map(marks.map(([oid = '', filenode = '', changes = '']) => [oid, { oid, filenode, changes: Number(changes) }]));
}

type IndexMarkRow = readonly [
  string,
  string,
  string,
  string,
  string | null,
  string | null,
  IndexMark['state'],
  number | null,
  number | null,
];

function indexMarks(value: unknown): readonly IndexMark[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- built by the query itself
  const rows = value as readonly IndexMarkRow[];
  return rows.map(([relationOid, tableOid, schema, name, policyName, definition, state, bytes, entries]) => ({
    relationOid,
    tableOid,
    index: { schema, name },
    policyName,
    definition,
    state,
    rebuilt: bytes === null || entries === null ? null : { bytes, rows: entries },
  }));
}
