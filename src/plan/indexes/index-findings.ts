import { spellIndex } from '../../partition/index-definition.ts';
import type { IndexPolicy } from '../../partition/policy.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { IndexFacts } from '../../partition/upkeep.ts';
import { type Finding, failure, warning } from '../finding.ts';
import { enumerateNames } from '../wording.ts';
import type { Inventory, Place } from './inventory.ts';

/** `by`: the index that has the name; null: something that is no index of this table. */
export interface TakenName {
  readonly name: QualifiedName;
  readonly by: IndexFacts | null;
}

/** At most one finding for an entry, however many of its names are taken; none without any. */
export function explainTaken(inventory: Inventory, wanted: IndexPolicy, [first, ...others]: readonly TakenName[]): readonly Finding[] {
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : ` (likewise ${enumerateNames(others)})`;
  const taken = `The name ${formatQualifiedName(first.name)} is taken by ${describe(inventory, first.by)}${more}`;
  const fix = 'Give that of the policy another name, or drop or rename what has it';
  const what = `${taken}, and the policy asks for ${spellIndex(wanted)}`;
  return [report(inventory, 'name-taken', `${what}. ${fix}: until then index ${quoteIdentifier(wanted.name)} is not made there.`)];
}

/** What no roll-out to all partitions gets past; null: nothing. */
export function explainObstacle(inventory: Inventory, wanted: IndexPolicy): Finding | null {
  const { name: tableName, key } = inventory.subject.table;
  const index = quoteIdentifier(wanted.name);
  const name = formatQualifiedName(tableName);
  if (wanted.isUnique && !wanted.keys.some((one) => one.kind === 'column' && one.column === key.name)) {
    const column = quoteIdentifier(key.name);
    const what = `Unique index ${index} of ${name} cannot be made without the partition key: PostgreSQL checks each partition for itself`;
    return report(inventory, 'unsupported-key', `${what}. Add ${column} to its columns, or ask for it on some partitions only.`);
  }
  const foreign = inventory.facts.relations.filter((one) => one.kind === 'foreign' && !inventory.leaving.has(one.rootOid));
  if (foreign.length === 0) return null;
  const what = `Index ${index} of ${name} is not made: ${enumerateNames(foreign)} ${foreign.length === 1 ? 'is' : 'are'} foreign and cannot have it`;
  const why = 'PostgreSQL calls an index that is rolled out invalid for as long as one partition lacks it';
  return report(
    inventory,
    'foreign-partition',
    `${what}, and ${why}. Detach what is foreign, or ask for the index on some partitions only.`,
  );
}

/** One finding for all that is not done for want of the owner's rights; none without any. */
export function explainLacking(inventory: Inventory, lacking: readonly Place[]): readonly Finding[] {
  const { table } = inventory;
  const [first] = lacking;
  if (first === undefined) return [];
  const isTable = lacking.includes(table);
  const what = isTable ? formatQualifiedName(table.name) : enumerateNames(lacking);
  const owner = quoteIdentifier(inventory.subject.table.owner);
  const fix = isTable ? `GRANT ${owner} TO it` : `make it a member of their owner, or ALTER TABLE ... OWNER TO ${owner}`;
  const message = `partitiond's role may not make and drop indexes of ${what}, so that is not done. It takes the owner's rights: ${fix}.`;
  return [{ ...report(inventory, 'missing-privilege', message), partition: isTable ? null : first.name }];
}

function describe({ subject, place, markOf }: Inventory, by: IndexFacts | null): string {
  if (by === null) return `something that is no index of ${formatQualifiedName(subject.table.name)} or below`;
  const where = formatQualifiedName((place(by.relationOid) ?? subject.table).name);
  return `an index of ${where} (${markOf(by)?.definition ?? spellFacts(by)})`;
}

/** Like `spellIndex`, in the words of the catalog. */
function spellFacts({ isUnique, method, keys, include, where }: IndexFacts): string {
  return [
    ...(isUnique ? ['UNIQUE'] : []),
    `USING ${quoteIdentifier(method)} (${keys.join(', ')})`,
    ...(include.length === 0 ? [] : [`INCLUDE (${include.map(quoteIdentifier).join(', ')})`]),
    ...(where === null ? [] : [`WHERE ${where}`]),
  ].join(' ');
}

/** Maintenance is not hindered by an index that cannot be made. */
function report({ subject }: Inventory, kind: Finding['kind'], message: string): Finding {
  return subject.context.tasks.includes('index') ? failure(kind, message) : warning(kind, message);
}
