import { nearestWord } from '../../config/document/nearest-word.ts';
import { UsageError } from '../../errors.ts';
import type { DatabasePolicy } from '../../partition/policy.ts';
import { probeNames } from '../../partition/probe-names.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { Selection } from './selection.ts';

/**
 * The selections with nothing in them but the tables and probes that are asked for: those of the selected tables that `--probe` names, all of
 * them without it. A database that has none is left out. Throws `UsageError` (PD005) for a name that no selected table has a probe of.
 */
export function selectProbes(selections: readonly Selection[], names: readonly string[]): readonly Selection[] {
  const all = selections.map((selection) => cutDown(selection, () => true));
  const known = [...new Set(all.flatMap(({ database }) => database.tables.flatMap(probeNames)))];
  for (const name of names) if (!known.includes(name)) throw new UsageError('PD005', unknownProbe(name, known));
  if (names.length === 0) return all;
  return all.map((selection) => cutDown(selection, (name) => names.includes(name))).filter(({ database }) => database.tables.length > 0);
}

/** Whether a database that was cut down still has this probe. */
export function hasProbe({ tables }: DatabasePolicy, table: QualifiedName, probe: string): boolean {
  const name = formatQualifiedName(table);
  return tables.some((policy) => formatQualifiedName(policy.table) === name && probeNames(policy).includes(probe));
}

function cutDown({ database, tables }: Selection, isWanted: (probe: string) => boolean): Selection {
  const names = tables?.map(formatQualifiedName) ?? null;
  const kept = database.tables
    .filter((policy) => names?.includes(formatQualifiedName(policy.table)) ?? true)
    // A table whose probes are all left out must go too: without probes it would get the automatic one.
    .filter((policy) => probeNames(policy).some(isWanted))
    .map((policy) => ({ ...policy, probes: policy.probes.filter(({ name }) => isWanted(name)) }));
  return { database: { ...database, tables: kept }, tables: kept.map(({ table }) => table) };
}

function unknownProbe(name: string, known: readonly string[]): string {
  const nearest = nearestWord(name, known);
  const some = `${known.slice(0, 10).join(', ')}${known.length > 10 ? ', ...' : ''}`;
  return `The selected tables have no probe ${JSON.stringify(name)}; ${nearest === null ? `there are ${some}.` : `did you mean ${nearest}?`}`;
}
