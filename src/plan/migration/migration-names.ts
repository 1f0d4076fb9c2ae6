import { byteLength, cutToBytes, maxIdentifierBytes } from '../../partition/identifier.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { Strategy } from '../../partition/migration/policy.ts';
import type { NamePair } from '../../partition/migration/spec.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';

/** What both sides call themselves and their objects while the other has the name that the application knows. */
export interface MigrationNames {
  readonly targetName: QualifiedName;
  readonly oldName: QualifiedName;
  /** Of everything with a name of its own in a schema, or of a constraint with an index; the order is that of the definition. */
  readonly names: readonly NamePair[];
}

const targetSuffix = '_partitioned';
/** With attach the source is a partition then, from MINVALUE on, which no template can name. */
const oldSuffixes: Readonly<Record<Strategy, string>> = { copy: '_unpartitioned', attach: '_first' };

/**
 * The names of a migration. CHECKs, foreign keys, triggers and policies need none: their names belong to their table, and both may have the
 * same. A serial column's sequence passes from one table to the other and needs none either. Pure: the same definition has the same names.
 */
export function migrationNames(definition: TableDefinition, strategy: Strategy = 'copy'): MigrationNames {
  const { schema, name } = definition.name;
  const spellings = new Map<NamePair['kind'], Suffixed>();
  const pair = (kind: NamePair['kind'], known: string): NamePair => {
    const space = kind === 'statistics' ? 'statistics' : 'index';
    const suffixed = spellings.get(space) ?? new Suffixed();
    spellings.set(space, suffixed);
    return { kind, name: known, targetName: suffixed.spell(known, targetSuffix), oldName: suffixed.spell(known, oldSuffixes[strategy]) };
  };
  const table = pair('index', name);
  return {
    targetName: { schema, name: table.targetName },
    oldName: { schema, name: table.oldName },
    names: [
      ...definition.indexes.map((index) => pair(index.constraint === null ? 'index' : 'constraint', index.name)),
      ...definition.sequences.filter(({ kind }) => kind === 'identity').map((sequence) => pair('sequence', sequence.name.name)),
      ...definition.statistics.map((statistics) => pair('statistics', statistics.name.name)),
    ],
  };
}

/** All names that must be free in the table's schema. */
export function wantedNames(definition: TableDefinition, strategy: Strategy = 'copy'): readonly string[] {
  const { targetName, oldName, names } = migrationNames(definition, strategy);
  return [targetName.name, oldName.name, ...names.flatMap((pair) => [pair.targetName, pair.oldName])];
}

/** What `readCircumstances` is to ask about, before the strategy is chosen. */
export function possibleNames(definition: TableDefinition): readonly string[] {
  return [...new Set([...wantedNames(definition, 'copy'), ...wantedNames(definition, 'attach')])];
}

/** Cuts names where the suffix needs room, and never spells two of them alike. */
class Suffixed {
  readonly #spelled = new Set<string>();

  spell(name: string, suffix: string): string {
    for (let ordinal = 1; ; ordinal += 1) {
      const end = `${ordinal === 1 ? '' : `_${ordinal}`}${suffix}`;
      const spelled = cutToBytes(name, maxIdentifierBytes - byteLength(end)) + end;
      if (this.#spelled.has(spelled)) continue;
      this.#spelled.add(spelled);
      return spelled;
    }
  }
}
