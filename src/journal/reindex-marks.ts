import type { QualifiedName } from '../partition/qualified-name.ts';
import { literal } from '../postgres/literal.ts';
import { qualify } from './qualify.ts';

/** An index that is about to be rebuilt. `state`: building for the end of a build of ours that was interrupted, reindexing for any other. */
export interface ReindexedIndex {
  readonly relationOid: string;
  readonly tableOid: string;
  readonly index: QualifiedName;
  readonly state: 'building' | 'reindexing';
}

/** One INSERT without semicolon. Of an index that partitiond made, what the policy asked for stays in the mark. */
export function renderBeginReindex(schema: string, { relationOid, tableOid, index, state }: ReindexedIndex): string {
  const texts = [relationOid, tableOid, index.schema, index.name, state];
  return (
    `INSERT INTO ${qualify(schema, 'index_mark')} (relation_oid, table_oid, index_schema, index_name, state) ` +
    `VALUES (${texts.map(literal).join(', ')}) ON CONFLICT (relation_oid, index_schema, index_name) ` +
    'DO UPDATE SET state = EXCLUDED.state, marked_at = EXCLUDED.marked_at'
  );
}

/** Two statements without semicolons: an index that partitiond made is as built as before, of any other nothing is remembered. */
export function renderEndReindex(schema: string, relationOid: string, index: QualifiedName): readonly string[] {
  const marks = qualify(schema, 'index_mark');
  const mark = `relation_oid = ${literal(relationOid)} AND index_schema = ${literal(index.schema)} AND index_name = ${literal(index.name)}`;
  return [
    `DELETE FROM ${marks} WHERE ${mark} AND policy_name IS NULL`,
    `UPDATE ${marks} SET state = 'built' WHERE ${mark} AND state <> 'built'`,
  ];
}
