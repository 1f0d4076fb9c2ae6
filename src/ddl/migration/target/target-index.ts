import { isWidened } from '../../../partition/migration/carry-over.ts';
import type { IndexDefinition } from '../../../partition/migration/definition.ts';
import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { appendColumn } from './append-column.ts';
import { targetIndexName } from './target-names.ts';

/** The index on a target without partitions, so that each that is attached gets its own; or, where nothing can be attached, on all that there are. */
export function renderWholeIndex(spec: MigrationSpec, index: IndexDefinition): readonly string[] {
  return renderOn(spec, index, { how: 'whole', relation: spec.targetName, name: targetIndexName(spec, index) });
}

/** An entry in the catalog, invalid until every partition's index is attached. ShareLock on the target, for a constraint AccessExclusiveLock. */
export function renderParentIndex(spec: MigrationSpec, index: IndexDefinition): readonly string[] {
  return renderOn(spec, index, { how: 'only', relation: spec.targetName, name: targetIndexName(spec, index) });
}

/** What scans one partition: a plain index, also where it is to serve a constraint. Never for what is built as a constraint. */
export function renderPartitionIndex(
  spec: MigrationSpec,
  index: IndexDefinition,
  partition: QualifiedName,
  name: string,
): readonly string[] {
  return renderOn(spec, { ...index, constraint: null }, { how: 'whole', relation: partition, name });
}

/** The same for writers of the partition who must not wait; in no transaction, and it may leave an invalid index. Never for what is built as a constraint. */
export function renderPartitionIndexConcurrently(
  spec: MigrationSpec,
  index: IndexDefinition,
  partition: QualifiedName,
  name: string,
): string {
  return renderCreateIndex(spec, index, { how: 'concurrently', relation: partition, name });
}

/** The constraint takes the index, then the parent's index takes both: brief, AccessExclusiveLock on the partition or its index. */
export function renderAttach(spec: MigrationSpec, index: IndexDefinition, partition: QualifiedName, name: string): readonly string[] {
  const { schema } = partition;
  const child = formatQualifiedName({ schema, name });
  const parent = formatQualifiedName({ schema: spec.targetName.schema, name: targetIndexName(spec, index) });
  return [
    ...(index.constraint !== null
      ? [
          `ALTER TABLE ${formatQualifiedName(partition)} ADD CONSTRAINT ${quoteIdentifier(name)} ` +
            `${index.constraint === 'primary' ? 'PRIMARY KEY' : 'UNIQUE'} USING INDEX ${quoteIdentifier(name)}${deferrable(index)}`,
        ]
      : []),
    `ALTER INDEX ${parent} ATTACH PARTITION ${child}`,
  ];
}

/** Exclusion and WITHOUT OVERLAPS: PostgreSQL makes no constraint of an index for those, and attaches none to another. */
export function isBuiltAsConstraint(index: IndexDefinition): boolean {
  return index.constraint === 'exclusion' || (index.constraint !== null && index.isTemporal);
}

interface Place {
  readonly how: 'whole' | 'only' | 'concurrently';
  readonly relation: QualifiedName;
  readonly name: string;
}

/** The deparser names no tablespace, so the transaction's default says it. */
function renderOn(spec: MigrationSpec, index: IndexDefinition, place: Place): readonly string[] {
  const sql = index.constraint === null ? renderCreateIndex(spec, index, place) : renderConstraint(spec, index, place);
  return index.tablespace === null
    ? [sql]
    : [`SET LOCAL default_tablespace = ${quoteIdentifier(index.tablespace)}`, sql, 'SET LOCAL default_tablespace = DEFAULT'];
}

function renderCreateIndex(spec: MigrationSpec, index: IndexDefinition, { how, relation, name }: Place): string {
  const words = ['CREATE', ...(index.isUnique ? ['UNIQUE'] : []), 'INDEX', ...(how === 'concurrently' ? ['CONCURRENTLY'] : [])];
  const on = how === 'only' ? 'ON ONLY' : 'ON';
  return `${words.join(' ')} ${quoteIdentifier(name)} ${on} ${formatQualifiedName(relation)} ${withKey(spec, index, index.tail)}`;
}

function renderConstraint(spec: MigrationSpec, index: IndexDefinition, { how, relation, name }: Place): string {
  const only = how === 'only' ? 'ONLY ' : '';
  const definition = withKey(spec, index, index.constraintDefinition ?? '');
  const parts = /^(.*?)((?: NOT DEFERRABLE| DEFERRABLE)?(?: INITIALLY (?:DEFERRED|IMMEDIATE))?)$/s.exec(definition);
  const [, head = definition, timing = ''] = parts ?? [];
  return `ALTER TABLE ${only}${formatQualifiedName(relation)} ADD CONSTRAINT ${quoteIdentifier(name)} ${head}${storageOf(index)}${timing}`;
}

/** ` WITH (fillfactor='70')` of the index, which `pg_get_constraintdef` leaves out; an exclusion's predicate would have to follow it. */
function storageOf({ tail, constraint }: IndexDefinition): string {
  if (constraint === 'exclusion') return '';
  return / WITH \((?:[^()']|'(?:[^']|'')*')*\)/.exec(tail)?.[0] ?? '';
}

function deferrable({ isDeferrable, isDeferred }: IndexDefinition): string {
  return isDeferrable ? ` DEFERRABLE INITIALLY ${isDeferred ? 'DEFERRED' : 'IMMEDIATE'}` : '';
}

/** Unique over all partitions only with the partition key in it: own columns first. */
function withKey({ partitionKey }: MigrationSpec, index: IndexDefinition, definition: string): string {
  return isWidened(index, partitionKey.name) ? appendColumn(definition, partitionKey.name) : definition;
}
