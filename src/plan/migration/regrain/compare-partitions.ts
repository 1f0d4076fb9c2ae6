import type { SideCatalog } from '../../../partition/migration/side-catalog.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/**
 * What the old partitions have and a new one lacks, as sentences, and indexes of new ones that are not valid; empty when all is well. New ones are
 * made like any partition of the table, so that they may have more: what grants or row security the table has and old ones never got. A CHECK on
 * the partition key alone is of a range, and each partition has its own. Pure.
 */
export function comparePartitions(
  spec: Pick<MigrationSpec, 'definition' | 'partitionKey'>,
  sources: readonly SideCatalog[],
  targets: readonly SideCatalog[],
): readonly string[] {
  const others = spec.definition.columns.map(({ name }) => name).filter((name) => name !== spec.partitionKey.name);
  const found = targets.flatMap((target) => {
    const name = formatQualifiedName(target.name);
    const there = new Set(partsOf(target, others));
    const missing = sources.flatMap((source) =>
      partsOf(source, others).flatMap((part) =>
        there.has(part) ? [] : [`${name} lacks ${part}, which ${formatQualifiedName(source.name)} has`],
      ),
    );
    const invalid = target.indexes.filter(({ isValid }) => !isValid).map((index) => `index ${index.name} of ${name} is invalid`);
    return [...missing, ...invalid];
  });
  return [...new Set(found)];
}

/** All that must be there again; an index that a concurrent build has left behind answers nothing. */
function partsOf({ indexes, constraints, grants, policies }: SideCatalog, others: readonly string[]): readonly string[] {
  return [
    ...indexes.filter(({ isValid }) => isValid).map(({ description }) => `the index ${description}`),
    ...constraints.filter(({ kind, definition }) => kind !== 'check' || isAbout(definition, others)).map(({ definition }) => definition),
    ...grants,
    ...policies,
  ];
}

function isAbout(definition: string, columns: readonly string[]): boolean {
  const words = new Set(definition.match(/"(?:[^"]|"")+"|[\p{L}_][\p{L}\p{N}_$]*/gu));
  return columns.some((column) => words.has(quoteIdentifier(column)));
}
