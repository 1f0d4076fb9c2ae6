import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { believableBacklog } from '../../provision.ts';
import { enumerate, formatCount } from '../../wording.ts';
import { firstNewBound, type KeyLineup, type KeyMisfit, shownBound } from '../extent/key-lineup.ts';
import { type Judgement, type MigrationCase, refuse } from '../migration-case.ts';
import type { Refusal } from '../migration-plan.ts';

/** As many columns are read at a glance. */
const listedColumns = 20;

/** Whether the table can be cut into intervals of the partition key, and each row has its place. */
export function judgePartitionKey(subject: MigrationCase, lineup: KeyLineup | KeyMisfit | null): Judgement {
  const { definition, table, partitionKey } = subject;
  const key = quoteIdentifier(partitionKey);
  const column = definition.columns.find(({ name }) => name === partitionKey);
  if (column === undefined || lineup === null) {
    const names = definition.columns.map(({ name }) => quoteIdentifier(name));
    const columns = names.length <= listedColumns ? names.join(', ') : enumerate(names);
    return only(`${table} has no column ${key} (migration.partitionKey); its columns are ${columns}.`, key);
  }
  if (column.generated !== null) {
    return only(
      `Column ${key} is generated, which a partition key cannot be: ALTER TABLE ${table} ALTER COLUMN ${key} DROP EXPRESSION; or name another.`,
      key,
    );
  }
  const nulls = judgeNulls(subject, column.isNotNull, key);
  if ('problem' in lineup) return { refusals: [refuse(key, sentence(lineup.problem)), ...nulls.refusals], notes: nulls.notes };
  return { refusals: [...nulls.refusals, ...places(subject, lineup, key)], notes: nulls.notes };
}

function judgeNulls({ table, circumstances }: MigrationCase, isNotNull: boolean, key: string): Judgement {
  const { nullKeys } = circumstances;
  const setNotNull = `ALTER TABLE ${table} ALTER COLUMN ${key} SET NOT NULL;`;
  if (nullKeys > 0) {
    const rows = nullKeys === 1 ? '1 row has' : `${formatCount(nullKeys)} rows have`;
    const message = `${rows} no ${key}, and so no partition: UPDATE ${table} SET ${key} = ... WHERE ${key} IS NULL; then ${setNotNull}`;
    return { refusals: [refuse(key, message)], notes: [] };
  }
  if (isNotNull) return { refusals: [], notes: [] };
  const message = `${key} has no NOT NULL: no row lacks it now, but one that is written without it could not be carried over, and the migration would stop there. Before it: ${setNotNull}`;
  return { refusals: [], notes: [message] };
}

/** Rows for which no partition would be made. */
function places({ policy, table, strategy }: MigrationCase, lineup: KeyLineup, key: string): readonly Refusal[] {
  if (strategy === 'attach') return placesBesideRows(lineup, key);
  // The target has one for rows far ahead with `keep` as well.
  const hasDefault = policy.defaultPartition !== 'none';
  const fix = 'correct those rows, or give them a place: defaultPartition: managed';
  const refusals: Refusal[] = [];
  if (lineup.count === null) {
    const from = shownBound(lineup, lineup.from);
    refusals.push(
      refuse(
        key,
        `From the least ${key}, ${from}, to ${shownBound(lineup, lineup.to)} there would be more than ${formatCount(believableBacklog)} partitions: choose a wider ` +
          `interval, or see whether that row is a mistake (SELECT min(${key}) FROM ${table};).`,
      ),
    );
  }
  if (hasDefault) return refusals;
  for (const end of lineup.endless) refusals.push(refuse(key, `Rows have the ${key} ${end}, which lies in no partition: ${fix}.`));
  if (lineup.outlier !== null) {
    refusals.push(refuse(key, `The greatest ${key} is ${lineup.outlier}, too far ahead of now for partitions up to there: ${fix}.`));
  }
  return refusals;
}

/** The rows stay in one partition, which reaches from the least key to two intervals after the present; what lies beyond would have to move. */
function placesBesideRows(lineup: KeyLineup, key: string): readonly Refusal[] {
  const far = [...lineup.endless.filter((end) => !end.startsWith('-')), ...(lineup.outlier === null ? [] : [lineup.outlier])];
  const beyond = far.map((end) =>
    refuse(
      key,
      `Rows have the ${key} ${end}, too far ahead for the partition that the table becomes: correct them, or migration.strategy: copy.`,
    ),
  );
  if (firstNewBound(lineup) <= lineup.codec.max) return beyond;
  const full = `No partition can follow: the type of ${key} ends within two intervals of its greatest value, ${shownBound(lineup, lineup.anchor)}.`;
  return [...beyond, refuse(key, `${full} Change the type first, or migration.strategy: copy.`)];
}

function only(message: string, subject: string): Judgement {
  return { refusals: [refuse(subject, message)], notes: [] };
}

function sentence(problem: string): string {
  return `${problem.charAt(0).toUpperCase()}${problem.slice(1)}.`;
}
