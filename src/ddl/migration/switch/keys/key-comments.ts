import { quoteLiteral } from '../../../../partition/literal.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';
import type { Turn } from '../turn.ts';
import { keysOf, placesOf } from './foreign-keys.ts';

/** A key that was dropped and made again has lost its comment. One that the new table could not have was away for a whole soak: the plan knows its own. */
export function renderKeyComments(turn: Turn): readonly string[] {
  const { spec, fresh, facts } = turn;
  const { outgoing, incoming } = keysOf(spec, fresh.is);
  const own = placesOf(turn, { oid: fresh.oid, name: spec.table, isPartitioned: fresh.is === 'target' });
  return [
    ...outgoing.flatMap(({ name }) => own.flatMap((table) => renderKeyComment(table, name, plannedComment(turn, name)))),
    ...incoming.flatMap((key) => {
      const text = facts.foreignKeys.find(({ tableOid, name }) => tableOid === key.tableOid && name === key.name)?.comment ?? key.comment;
      const places = placesOf(turn, { oid: key.tableOid, name: key.table, isPartitioned: key.isTablePartitioned });
      return places.flatMap((table) => renderKeyComment(table, key.name, text));
    }),
  ];
}

export function plannedComment({ spec }: Pick<Turn, 'spec'>, constraint: string): string | null {
  return spec.definition.comments.find(({ on, name }) => on === 'constraint' && name === constraint)?.text ?? null;
}

export function renderKeyComment(table: QualifiedName, name: string, text: string | null): readonly string[] {
  return text === null ? [] : [`COMMENT ON CONSTRAINT ${quoteIdentifier(name)} ON ${formatQualifiedName(table)} IS ${quoteLiteral(text)}`];
}
