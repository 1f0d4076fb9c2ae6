import { quoteLiteral } from '../../../partition/literal.ts';
import type { Comment } from '../../../partition/migration/definition.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { targetNameOf } from './target-names.ts';

/** COMMENT ON the target's object for each of the source's comments that `isWanted`; those of triggers and foreign keys wait for the switch. */
export function renderComments(spec: MigrationSpec, isWanted: (comment: Comment) => boolean): readonly string[] {
  return spec.definition.comments
    .filter(isWanted)
    .map((comment) => `COMMENT ON ${objectOf(spec, comment)} IS ${quoteLiteral(comment.text)}`);
}

function objectOf(spec: MigrationSpec, { on, name }: Comment): string {
  const table = formatQualifiedName(spec.targetName);
  const { schema } = spec.targetName;
  switch (on) {
    case 'table':
      return `TABLE ${table}`;
    case 'column':
      return `COLUMN ${table}.${quoteIdentifier(name)}`;
    case 'index':
      return `INDEX ${formatQualifiedName({ schema, name: targetNameOf(spec, ['index', 'constraint'], name) })}`;
    case 'constraint':
      return `CONSTRAINT ${quoteIdentifier(targetNameOf(spec, ['constraint', 'index'], name))} ON ${table}`;
    // Both tables call it the same, for its name is the table's own affair.
    case 'not-null':
      return `CONSTRAINT ${quoteIdentifier(name)} ON ${table}`;
    case 'sequence':
      return `SEQUENCE ${formatQualifiedName({ schema, name: targetNameOf(spec, ['sequence'], name) })}`;
    case 'statistics':
      return `STATISTICS ${formatQualifiedName({ schema: statisticsSchema(spec, name), name: targetNameOf(spec, ['statistics'], name) })}`;
    case 'policy':
      return `POLICY ${quoteIdentifier(name)} ON ${table}`;
    case 'trigger':
      return `TRIGGER ${quoteIdentifier(name)} ON ${table}`;
    default:
      return unknownObject(on);
  }
}

function statisticsSchema({ definition, targetName }: MigrationSpec, name: string): string {
  return definition.statistics.find((statistics) => statistics.name.name === name)?.name.schema ?? targetName.schema;
}

function unknownObject(on: never): never {
  throw new TypeError(`unknown kind of comment ${String(on)}`);
}
