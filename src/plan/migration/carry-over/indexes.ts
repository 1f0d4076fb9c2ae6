import { identifiesRows, isWidened } from '../../../partition/migration/carry-over.ts';
import type { IndexDefinition } from '../../../partition/migration/definition.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { comparesNotEqual } from '../../obstacle-wording.ts';
import { chooseKey } from '../choice/choose-key.ts';
import { holdsPartitionKey } from '../choice/choose-strategy.ts';
import { type Judgement, joinJudgements, type MigrationCase, refuse, refuseUnlessWaived } from '../migration-case.ts';

/** Exclusion constraints of partitioned tables came with 17: postgresql.org/docs/17/release-17.html. */
const exclusionsSince = 170_000;

/** Whether rows can be told apart, and what becomes of indexes and of the constraints that they serve. */
export function judgeIndexes(subject: MigrationCase): Judgement {
  return joinJudgements([
    judgeKey(subject),
    judgeAttach(subject),
    ...subject.definition.indexes.map((index) => judgeIndex(subject, index)),
  ]);
}

function judgeKey({ definition, table, strategy }: MigrationCase): Judgement {
  if (strategy === 'attach' || chooseKey(definition) !== null) return { refusals: [], notes: [] };
  const nearly = definition.indexes.flatMap((index) => almostKey(index, definition, table));
  const otherwise = `ALTER TABLE ${table} ADD PRIMARY KEY (...); of columns that tell its rows apart`;
  const message =
    `No key tells its rows apart at any moment, so changes could not be carried over: it needs a unique one without expression, condition and ` +
    `nulls that is checked at once. ${[...nearly, otherwise].join('; or ')}.`;
  return { refusals: [refuse(table, message)], notes: [] };
}

/** What an index lacks when it is one thing alone: half a sentence with the statement. */
function almostKey(index: IndexDefinition, definition: MigrationCase['definition'], table: string): readonly string[] {
  const name = quoteIdentifier(index.name);
  const foreign = definition.columns.filter((column) => index.columns.includes(column.name) && column.equalityIn !== null);
  const [first] = foreign;
  if (first !== undefined && identifiesRows(index, { columns: definition.columns.map((column) => ({ ...column, equalityIn: null })) })) {
    const names = foreign.map((column) => quoteIdentifier(column.name)).join(', ');
    const where = quoteIdentifier(first.equalityIn ?? '');
    return [
      `Index ${name} would serve if its column ${names} were of a type of PostgreSQL's own: what is equal in ${first.type} is told by an operator in ` +
        `schema ${where}; add a unique index of other columns, such as a bigint that is GENERATED ALWAYS AS IDENTITY`,
    ];
  }
  const columns = definition.columns.map((column) => ({ ...column, isNotNull: true }));
  if (identifiesRows(index, { columns })) {
    const nullable = definition.columns.filter((column) => index.columns.includes(column.name) && !column.isNotNull);
    const list = nullable.map((column) => `ALTER COLUMN ${quoteIdentifier(column.name)} SET NOT NULL`).join(', ');
    return [`Index ${name} would serve: ALTER TABLE ${table} ${list};`];
  }
  if (identifiesRows({ ...index, isDeferrable: false }, definition)) {
    return [`Constraint ${name} would serve if it were not DEFERRABLE: drop it and add it again without`];
  }
  return identifiesRows({ ...index, isValid: true }, definition) ? [`Index ${name} would serve: REINDEX INDEX CONCURRENTLY ${name};`] : [];
}

function judgeAttach({ definition, partitionKey, strategy, table }: MigrationCase): Judgement {
  if (strategy === 'copy' || holdsPartitionKey(definition, partitionKey)) return { refusals: [], notes: [] };
  const lacking = definition.indexes.filter((index) => isWidened(index, partitionKey)).map(({ name }) => quoteIdentifier(name));
  const message =
    `As it is it cannot become a partition: ${lacking.join(', ')} would have to hold ${quoteIdentifier(partitionKey)}, as every unique key of a ` +
    'partitioned table must. With migration.strategy: copy the new table has them so.';
  return { refusals: [refuse(table, message)], notes: [] };
}

function judgeIndex(subject: MigrationCase, index: IndexDefinition): Judgement {
  const name = quoteIdentifier(index.name);
  if (index.isValid) return joinJudgements([judgeDual(subject, index), judgeTargets(subject, index)]);
  const message = `Index ${name} is invalid and answers no query; it is not made for the new table. To have it there: REINDEX INDEX CONCURRENTLY ${name};`;
  return { refusals: [], notes: [message] };
}

/** What its like on the new table would be. */
function judgeTargets(subject: MigrationCase, index: IndexDefinition): Judgement {
  const { partitionKey, circumstances, strategy } = subject;
  const name = quoteIdentifier(index.name);
  if (index.constraint === 'exclusion') return judgeExclusion(index, partitionKey, circumstances.serverVersion);
  if (strategy === 'attach' || !isWidened(index, partitionKey)) return { refusals: [], notes: [] };
  const key = quoteIdentifier(partitionKey);
  if (index.isTemporal) {
    const message = `${kindOf(index)} ${name} is WITHOUT OVERLAPS and lacks ${key}, which every unique key of a partitioned table must hold: make it again with that column before the period.`;
    return { refusals: [refuse(name, message)], notes: [] };
  }
  const columns = describeColumns(index);
  const message =
    `${kindOf(index)} ${name} ${columns} lacks ${key}, which every unique key of a partitioned table must hold, and becomes ` +
    `${columns.slice(0, -1)}, ${key}): let it hold ${key} already, or accept that.`;
  const consequence =
    `The same ${columns} may then come twice, with another ${key}: nothing but the application keeps ${columns} unique. Two such rows written after ` +
    'the switch cannot both be in the old table: it follows no further, and there is no rollback, until one of them is deleted; `finish` stays with the new one.';
  return { refusals: [refuseUnlessWaived('unique-without-key', name, message, consequence)], notes: [] };
}

/** A trigger writes the follower row by row, and there may be rows side by side in between that the source never held at a time. */
function judgeDual({ policy, strategy }: MigrationCase, { name, constraint, isDeferrable }: IndexDefinition): Judgement {
  const isExclusion = constraint === 'exclusion';
  if (policy.migration.capture === 'log' || strategy === 'attach' || !(isExclusion || isDeferrable)) return { refusals: [], notes: [] };
  const quoted = quoteIdentifier(name);
  const fails =
    'with migration.capture: dual it would fail writes of the application that the table itself allows: write capture: log, or drop it';
  const what = isExclusion ? `Exclusion constraint ${quoted}` : `Constraint ${quoted} is DEFERRABLE`;
  return { refusals: [refuse(quoted, `${what}: ${fails}.`)], notes: [] };
}

function judgeExclusion({ name, equalColumns }: IndexDefinition, partitionKey: string, serverVersion: number): Judgement {
  const quoted = quoteIdentifier(name);
  if (serverVersion < exclusionsSince) {
    const message = `Exclusion constraint ${quoted}: partitioned tables have none before PostgreSQL 17; upgrade first, or drop it.`;
    return { refusals: [refuse(quoted, message)], notes: [] };
  }
  const refusals = equalColumns.includes(partitionKey) ? [] : [refuse(quoted, comparesNotEqual(name, partitionKey))];
  return { refusals, notes: [] };
}

function kindOf({ constraint }: IndexDefinition): string {
  return constraint === 'primary' ? 'Primary key' : constraint === 'unique' ? 'Unique constraint' : 'Unique index';
}

function describeColumns({ columns }: IndexDefinition): string {
  return `(${columns.map((column) => (column === null ? '<expression>' : quoteIdentifier(column))).join(', ')})`;
}
