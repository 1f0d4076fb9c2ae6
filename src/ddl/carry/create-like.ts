import { quoteLiteral } from '../../partition/literal.ts';
import type { PartitionTemplate } from '../../partition/partition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { Statement } from '../statement.ts';

/**
 * Not IDENTITY: 17 and later refuse it on ATTACH and give the partition the parent's; 14 to 16 use the parent's on insert.
 * Not INDEXES: ATTACH makes them, as partitions of the parent's indexes, and clones foreign keys and triggers too.
 */
const included = ['DEFAULTS', 'CONSTRAINTS', 'GENERATED', 'STORAGE', 'COMPRESSION', 'COMMENTS', 'STATISTICS'];

/** `CREATE TABLE ... (LIKE parent ...)` with access method, storage parameters (`storage` over the template's) and tablespace. */
export function renderCreateLike(
  partition: QualifiedName,
  parent: QualifiedName,
  template: PartitionTemplate,
  storage: Readonly<Record<string, string>>,
): Statement {
  const like = `LIKE ${formatQualifiedName(parent)} ${included.map((name) => `INCLUDING ${name}`).join(' ')}`;
  const method = template.accessMethod === null ? '' : ` USING ${quoteIdentifier(template.accessMethod)}`;
  const tablespace = template.tablespace === null ? '' : ` TABLESPACE ${quoteIdentifier(template.tablespace)}`;
  return {
    sql: `CREATE TABLE ${formatQualifiedName(partition)} (${like})${method}${renderStorage({ ...template.storage, ...storage })}${tablespace}`,
    locks: [{ relation: formatQualifiedName(parent), mode: 'AccessShareLock' }],
    reason: 'a table of its own first: CREATE TABLE ... PARTITION OF would lock the parent exclusively',
  };
}

function renderStorage(storage: Readonly<Record<string, string>>): string {
  const entries = Object.entries(storage).map(([name, value]) => `${renderParameterName(name)} = ${quoteLiteral(value)}`);
  return entries.length === 0 ? '' : ` WITH (${entries.join(', ')})`;
}

/** `toast.` is a namespace, not part of the name. */
function renderParameterName(name: string): string {
  return name.startsWith('toast.') ? `toast.${quoteIdentifier(name.slice('toast.'.length))}` : quoteIdentifier(name);
}
