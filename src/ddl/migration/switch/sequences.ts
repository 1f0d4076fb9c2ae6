import { quoteLiteral } from '../../../partition/literal.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { Turn } from './turn.ts';

/** Values that sessions may still hold of the other sequence are well below what the new one gives. */
const margin = 1000;

/**
 * After the renames. A serial's sequence goes on, and belongs to the live table from now on. Each side has an identity's sequence of its own: the
 * new one goes on beyond the old one's value. `setval` is not rolled back with the switch, which only leaves a gap.
 */
export function renderSequences(turn: Turn): readonly string[] {
  const { spec, facts, old, fresh } = turn;
  return spec.definition.sequences.flatMap((sequence) => {
    if (sequence.kind === 'serial') {
      const column = `${formatQualifiedName(spec.table)}.${quoteIdentifier(sequence.column)}`;
      return [`ALTER SEQUENCE ${formatQualifiedName(sequence.name)} OWNED BY ${column}`];
    }
    const of = (oid: string): QualifiedName | undefined =>
      facts.identities.find((one) => one.tableOid === oid && one.column === sequence.column)?.sequence;
    const [from, to] = [of(old.oid), of(fresh.oid)];
    if (from === undefined || to === undefined) return [];
    return [renderAdvance(renamed(turn, from, 'old'), renamed(turn, to, 'fresh'), sequence.increment)];
  });
}

/** By the names after the turn. */
function renamed({ spec, old, fresh }: Turn, sequence: QualifiedName, which: 'old' | 'fresh'): QualifiedName {
  const side = which === 'old' ? old : fresh;
  const pair = spec.names.find((one) => {
    const aside = side.is === 'source' ? one.oldName : one.targetName;
    return one.kind === 'sequence' && sequence.name === (which === 'old' ? one.name : aside);
  });
  if (pair === undefined) return sequence;
  const aside = side.is === 'source' ? pair.oldName : pair.targetName;
  return { schema: sequence.schema, name: which === 'old' ? aside : pair.name };
}

/** Not beyond the sequence's bounds: there it goes on from where the other one stands. */
function renderAdvance(from: QualifiedName, to: QualifiedName, increment: string): string {
  const next = `f.last_value::pg_catalog.numeric + ${margin} * ${increment}`;
  return (
    `SELECT pg_catalog.setval(s.seqrelid::pg_catalog.regclass, CASE WHEN ${next} BETWEEN s.seqmin AND s.seqmax THEN (${next})::pg_catalog.int8 ` +
    `ELSE f.last_value END) FROM ${formatQualifiedName(from)} AS f, pg_catalog.pg_sequence AS s ` +
    `WHERE s.seqrelid = ${quoteLiteral(formatQualifiedName(to))}::pg_catalog.regclass`
  );
}
