import type { IndexDefinition } from '../../../partition/migration/definition.ts';
import type { NamePair } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import type { Turn, TurningSide } from './turn.ts';

/**
 * The table's name and those of its objects pass to the side that becomes live. First everything of the old side gives its name away, then the
 * other takes it. Foreign keys are left out, for they are dropped and made anew.
 */
export function renderRenames(turn: Turn): readonly string[] {
  return [turn.old, turn.fresh].flatMap((side) => [renderTable(side), ...turn.spec.names.flatMap((pair) => renderPair(turn, side, pair))]);
}

function renderTable({ before, after }: TurningSide): string {
  return `ALTER TABLE ${formatQualifiedName(before)} RENAME TO ${quoteIdentifier(after.name)}`;
}

function renderPair(turn: Turn, side: TurningSide, pair: NamePair): readonly string[] {
  const aside = side.is === 'source' ? pair.oldName : pair.targetName;
  const [from, to] = side === turn.old ? [pair.name, aside] : [aside, pair.name];
  return from === to ? [] : renderRename(turn, side, pair, from, to);
}

function renderRename(turn: Turn, side: TurningSide, pair: NamePair, from: string, to: string): readonly string[] {
  const { definition, table } = turn.spec;
  const within = (schema: string): string => formatQualifiedName({ schema, name: from });
  const index = definition.indexes.find(({ name }) => name === pair.name);
  // The target has no counterpart of an index that was never finished.
  if (pair.kind === 'index' && side.is === 'target' && index?.isValid === false) return [];
  // A constraint has the name of its index, and follows it.
  if (isIndexName(pair, index)) return [`ALTER INDEX ${within(table.schema)} RENAME TO ${quoteIdentifier(to)}`];
  switch (pair.kind) {
    case 'constraint': {
      if (definition.outgoing.some(({ name }) => name === pair.name)) return [];
      return [`ALTER TABLE ${formatQualifiedName(side.after)} RENAME CONSTRAINT ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}`];
    }
    case 'sequence':
      return renderSequence(turn, side, from, to);
    case 'statistics': {
      const schema = definition.statistics.find(({ name }) => name.name === pair.name)?.name.schema ?? table.schema;
      return [`ALTER STATISTICS ${within(schema)} RENAME TO ${quoteIdentifier(to)}`];
    }
    case 'index':
      return [];
    default:
      return unknownKind(pair.kind);
  }
}

function isIndexName({ kind }: NamePair, index: IndexDefinition | undefined): boolean {
  return kind === 'index' || (kind === 'constraint' && index !== undefined && index.constraint !== null);
}

function renderSequence({ facts }: Turn, side: TurningSide, from: string, to: string): readonly string[] {
  const own = facts.identities.find(({ tableOid, sequence }) => tableOid === side.oid && sequence.name === from);
  return own === undefined ? [] : [`ALTER SEQUENCE ${formatQualifiedName(own.sequence)} RENAME TO ${quoteIdentifier(to)}`];
}

function unknownKind(kind: never): never {
  throw new TypeError(`unknown kind of object ${String(kind)}`);
}
