import type { SideCatalog, SideConstraint, SideIndex } from '../../partition/migration/side-catalog.ts';
import type { Live, MigrationSpec } from '../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';

/**
 * In what the target is not what the plan makes of the source, as sentences; empty when all is well. Names of indexes and constraints do not count,
 * as each side has its own. A unique index of the target ends with the partition key. Foreign keys are the live side's alone, and come to
 * the other one in the switch. The target may have NOT NULL for its keys, and once it is live indexes of its own. Pure.
 */
export function compareCatalogs(
  spec: Pick<MigrationSpec, 'partitionKey' | 'key' | 'definition' | 'table'>,
  live: Live,
  source: SideCatalog,
  target: SideCatalog,
): readonly string[] {
  const names = { source: formatQualifiedName(source.name), target: formatQualifiedName(target.name) };
  return [
    ...compareIndexes(spec, live, source, target),
    ...compareConstraints(spec, source, target),
    ...compareForeignKeys(spec, live, source, target),
    ...compareTexts(names, source.grants, target.grants),
    ...compareTexts(names, source.policies, target.policies),
  ];
}

function compareIndexes(
  { partitionKey }: Pick<MigrationSpec, 'partitionKey'>,
  live: Live,
  source: SideCatalog,
  target: SideCatalog,
): readonly string[] {
  const name = formatQualifiedName(target.name);
  const left = target.indexes.map((index) => ({ index, text: descriptionOf(index) }));
  const missing: string[] = [];
  const invalid: string[] = [];
  for (const index of source.indexes) {
    // An index that a concurrent build has left behind answers nothing, and is not carried over.
    if (!index.isValid) continue;
    const wanted = descriptionOf(ofTarget(index, quoteIdentifier(partitionKey.name)));
    const place = left.findIndex(({ text }) => text === wanted);
    const [found] = place === -1 ? [] : left.splice(place, 1);
    if (found === undefined) missing.push(`${name} lacks an index ${wanted} for ${index.name}`);
    else if (!found.index.isValid) invalid.push(`index ${found.index.name} of ${name} is invalid`);
  }
  // One more may slow writes down; one more that is unique refuses rows that the source took.
  const extra = left.filter(({ index }) => live === 'source' || index.isUnique || index.constraint !== null);
  return [...missing, ...invalid, ...extra.map(({ text }) => `${name} has an index that the source lacks: ${text}`)];
}

/** What becomes of an index of the source: if it is unique, the partition key is one of its keys. */
function ofTarget(index: SideIndex, partitionKey: string): SideIndex {
  const isThere = index.keys.some((key) => key === partitionKey || key.startsWith(`${partitionKey} `));
  if (!index.isUnique || isThere) return index;
  return { ...index, keys: [...index.keys, partitionKey], included: index.included.filter((column) => column !== partitionKey) };
}

/** All that two indexes must share, for people too; the name and validity are their own. */
function descriptionOf({ constraint, isUnique, method, keys, included, rest }: SideIndex): string {
  return [
    ...(constraint === null ? [] : [`${constraint} constraint`]),
    ...(isUnique && constraint === null ? ['unique'] : []),
    `${method} (${keys.join(', ')})`,
    ...(included.length === 0 ? [] : [`INCLUDE (${included.join(', ')})`]),
    ...rest,
  ].join(' ');
}

function compareConstraints(
  { key, partitionKey }: Pick<MigrationSpec, 'key' | 'partitionKey'>,
  source: SideCatalog,
  target: SideCatalog,
): readonly string[] {
  const names = { source: formatQualifiedName(source.name), target: formatQualifiedName(target.name) };
  const own = (side: SideCatalog): readonly SideConstraint[] => side.constraints.filter(({ kind }) => kind !== 'foreign-key');
  const implied = new Set([...key, partitionKey].map(({ name }) => `NOT NULL ${quoteIdentifier(name)}`));
  const definitions = (side: SideCatalog): readonly string[] => own(side).map(({ definition }) => definition);
  const texts = compareTexts(
    names,
    definitions(source).filter((one) => !implied.has(one)),
    definitions(target).filter((one) => !implied.has(one)),
  );
  const proved = new Set(own(source).flatMap(({ isValid, definition }) => (isValid ? [definition] : [])));
  const doubtful = own(target).filter(({ isValid, definition }) => !isValid && proved.has(definition));
  return [...texts, ...doubtful.map(({ name, definition }) => `constraint ${name} of ${names.target} is not validated: ${definition}`)];
}

function compareForeignKeys(
  { definition, table }: Pick<MigrationSpec, 'definition' | 'table'>,
  live: Live,
  source: SideCatalog,
  target: SideCatalog,
): readonly string[] {
  const [leader, follower] = live === 'source' ? [source, target] : [target, source];
  const keysOf = (side: SideCatalog): readonly SideConstraint[] => side.constraints.filter(({ kind }) => kind === 'foreign-key');
  const planned = definition.outgoing.map((key) =>
    key.definition.replace(`REFERENCES ${formatQualifiedName(table)}(`, 'REFERENCES <table>('),
  );
  const missing = without(
    planned,
    keysOf(leader).map((key) => key.definition),
  );
  return [
    ...missing.map((text) => `${formatQualifiedName(leader.name)} lacks ${text}`),
    ...keysOf(follower).map(({ name }) => `${formatQualifiedName(follower.name)} has a foreign key, ${name}, though it only follows`),
  ];
}

function compareTexts(
  names: { readonly source: string; readonly target: string },
  source: readonly string[],
  target: readonly string[],
): readonly string[] {
  return [
    ...without(source, target).map((text) => `${names.target} lacks ${text}`),
    ...without(target, source).map((text) => `${names.target} has ${text}, which ${names.source} has not`),
  ];
}

/** `all` less one of each that is in `taken`. */
function without(all: readonly string[], taken: readonly string[]): readonly string[] {
  const left = [...taken];
  return all.filter((text) => {
    const place = left.indexOf(text);
    if (place === -1) return true;
    left.splice(place, 1);
    return false;
  });
}
