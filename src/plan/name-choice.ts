import { cutToBytes, maxIdentifierBytes } from '../partition/identifier.ts';
import type { Partition } from '../partition/partition.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import { type Finding, warning } from './finding.ts';

/** Spells a wanted name (ordinal 1) and its alternatives (2, 3, ...); all different. */
export type Spelling = (ordinal: number) => string;

/** A name that is free as far as is known, and a finding when a stranger has the wanted one. */
export interface ChosenName {
  readonly name: QualifiedName;
  readonly finding: Finding | null;
}

/**
 * Chooses names in one schema, one after the other: each is free of the siblings there, of what the catalog said is taken, and of the names
 * chosen before. A name that nobody asked about counts as free; should it be taken after all, its step fails and says so.
 */
export interface NameChoice {
  choose(spell: Spelling): ChosenName;
}

const candidates = 9;
const crowd = 100;

export function nameChoice(schema: string, siblings: readonly Partition[], taken: ReadonlySet<string>): NameChoice {
  const ours = new Set<string>();
  for (const { name } of siblings) if (name.schema === schema) ours.add(name.name);
  return {
    choose(spell) {
      const wanted = spell(1);
      let name = wanted;
      for (let ordinal = 2; ours.has(name) || taken.has(name); ordinal++) name = spell(ordinal);
      const isStranger = taken.has(wanted) && !ours.has(wanted);
      ours.add(name);
      return { name: { schema, name }, finding: isStranger ? nameTaken({ schema, name: wanted }, { schema, name }) : null };
    },
  };
}

/**
 * The names to ask about before `choose` is called with the same spellings: each wanted one with its alternatives up to `_9`. In a crowd only
 * the wanted ones, for spelling ten names per partition would cost more than all the rest of a plan; should the `_2` chosen blindly then be
 * taken too, that step fails, and the next plan, no longer a crowd, asks for more.
 */
export function candidateNames(schema: string, spellings: readonly Spelling[]): readonly QualifiedName[] {
  const length = spellings.length > crowd ? 1 : candidates;
  return spellings.flatMap((spell) => Array.from({ length }, (_, index) => ({ schema, name: spell(index + 1) })));
}

/** `name`, `name_2`, `name_3`, ..., cut before the suffix to fit. */
export function numbered(name: string): Spelling {
  return (ordinal) => {
    if (ordinal === 1) return name;
    const suffix = `_${ordinal}`;
    return cutToBytes(name, maxIdentifierBytes - suffix.length) + suffix;
  };
}

function nameTaken(wanted: QualifiedName, chosen: QualifiedName): Finding {
  const what = `The name ${formatQualifiedName(wanted)} is taken by something that is no partition of this table`;
  return warning('name-taken', `${what}, so ${formatQualifiedName(chosen)} is used instead.`, chosen);
}
