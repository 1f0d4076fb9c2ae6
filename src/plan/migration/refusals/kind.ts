import { hasHeirs, inheritsFrom, isTyped } from '../../obstacle-wording.ts';
import { type Judgement, type MigrationCase, refuse } from '../migration-case.ts';
import type { Refusal } from '../migration-plan.ts';

const kinds: ReadonlyMap<string, string> = new Map([
  ['f', 'a foreign table, whose rows are somewhere else: migrate it there, or load it into an ordinary table first'],
  ['v', 'a view: name the table that it reads'],
  ['m', 'a materialized view: name a table, or let it be made again as a partitioned one'],
]);

/** Whether it is an ordinary table that rows can be taken out of; of anything else nothing more is worth saying. */
export function judgeKind({ definition, table }: MigrationCase): Judgement {
  const { relkind, persistence, name, ofType, belongsTo, parents, heirs } = definition;
  if (relkind === 'p') {
    const message =
      'It is partitioned already, and its entry manages it; the block migration means nothing any more. Partitions are split and merged with ' +
      '--partitions and --interval.';
    return { refusals: [refuse(table, message)], notes: [] };
  }
  if (relkind !== 'r') return { refusals: [refuse(table, `${table} is ${kinds.get(relkind) ?? 'no table'}.`)], notes: [] };
  const refusals: Refusal[] = [];
  if (belongsTo !== null)
    refusals.push(refuse(table, `It belongs to ${belongsTo}, which manages it: use what that offers for partitioning.`));
  if (persistence === 'temporary')
    refusals.push(refuse(table, 'It is a temporary table, seen by one session alone: make an ordinary one.'));
  if (persistence === 'unlogged') {
    const message = `It is UNLOGGED, which partitioned tables do not hand on, and a crash empties it: ALTER TABLE ${table} SET LOGGED;`;
    refusals.push(refuse(table, message));
  }
  if (ofType !== null) refusals.push(refuse(table, isTyped(name, ofType)));
  if (parents.length > 0) refusals.push(refuse(table, inheritsFrom(name, parents)));
  if (heirs.length > 0) refusals.push(refuse(table, hasHeirs(heirs)));
  return { refusals, notes: [] };
}
