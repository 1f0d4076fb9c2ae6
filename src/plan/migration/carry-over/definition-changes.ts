import type { TableDefinition } from '../../../partition/migration/definition.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/** Triggers and constraints of our own begin so; who looks after them tells of them. */
const own = /^partitiond_/;

/**
 * What somebody has changed about a table since `before` was read, a clause each: `column note was added`, `index i was changed`; empty when it is
 * something that definitions do not tell of, or not by name. Constraints that are indexes come as indexes. Pure.
 */
export function definitionChanges(before: TableDefinition, after: TableDefinition): readonly string[] {
  return [
    ...compare('column', entries(before.columns, columnText), entries(after.columns, columnText)),
    ...compare('index', indexes(before), indexes(after)),
    ...compare('constraint', constraints(before), constraints(after)),
    ...compare('foreign key', incoming(before), incoming(after)),
    ...compare('trigger', triggers(before), triggers(after)),
    ...compare('policy', policies(before), policies(after)),
    ...changed('its owner', before.template.owner, after.template.owner),
    ...changed('row security', flags(before), flags(after)),
    ...changed('its replica identity', before.template.replicaIdentity, after.template.replicaIdentity),
  ];
}

/** What tells one from another, by the name that people know. */
type Named = ReadonlyMap<string, string>;

function compare(what: string, before: Named, after: Named): readonly string[] {
  const clause = (name: string, how: string): string => `${what} ${name} was ${how}`;
  const gone = [...before.keys()].filter((name) => !after.has(name));
  const came = [...after.keys()].filter((name) => !before.has(name));
  const other = [...before].filter(([name, text]) => after.has(name) && after.get(name) !== text);
  return [
    ...gone.map((name) => clause(name, 'removed')),
    ...came.map((name) => clause(name, 'added')),
    ...other.map(([name]) => clause(name, 'changed')),
  ];
}

function changed(what: string, before: unknown, after: unknown): readonly string[] {
  return JSON.stringify(before) === JSON.stringify(after) ? [] : [`${what} was changed`];
}

function entries<T extends { readonly name: string }>(things: readonly T[], text: (thing: T) => unknown): Named {
  return new Map(things.filter(({ name }) => !own.test(name)).map((thing) => [quoteIdentifier(thing.name), JSON.stringify(text(thing))]));
}

function columnText(column: TableDefinition['columns'][number]): unknown {
  const { type, collation, isNotNull, expression, generated, identity } = column;
  return [type, collation, isNotNull, expression, generated, identity];
}

/** One that is not valid is another process's, which makes it just now or has failed to. */
function indexes({ indexes: all }: TableDefinition): Named {
  return entries(
    all.filter(({ isValid }) => isValid),
    ({ tail, constraintDefinition, isUnique }) => [tail, constraintDefinition, isUnique],
  );
}

function constraints({ checks, outgoing }: TableDefinition): Named {
  const text = ({
    definition,
    isValid,
    isEnforced,
  }: {
    readonly definition: string;
    readonly isValid: boolean;
    readonly isEnforced: boolean;
  }) => [definition, isValid, isEnforced];
  return new Map([...entries(checks, text), ...entries(outgoing, text)]);
}

function incoming({ incoming: keys }: TableDefinition): Named {
  return new Map(
    keys.map(({ name, table, definition }) => [`${quoteIdentifier(name)} of ${formatQualifiedName(table)}`, definition] as const),
  );
}

function triggers({ triggers: all }: TableDefinition): Named {
  return entries(all, ({ definition, enabled }) => [definition, enabled]);
}

function policies({ template }: TableDefinition): Named {
  return entries(template.rowSecurity.policies, (policy) => policy);
}

function flags({ template }: TableDefinition): unknown {
  return [template.rowSecurity.enabled, template.rowSecurity.forced];
}
