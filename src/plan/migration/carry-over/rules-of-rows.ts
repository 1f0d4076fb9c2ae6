import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { hasTransitionTables, mayNotMoveRows } from '../../obstacle-wording.ts';
import { type Judgement, type MigrationCase, refuse } from '../migration-case.ts';

/** What checks or changes rows as they are written: triggers and CHECKs. */
export function judgeRulesOfRows({ definition, strategy, table }: MigrationCase): Judgement {
  const transitions = definition.triggers.filter((trigger) => trigger.isForEachRow && trigger.hasTransitionTables);
  const before = definition.triggers.filter((trigger) => trigger.isForEachRow && trigger.isBeforeRow && !trigger.hasTransitionTables);
  const alone = definition.checks.filter(({ isNoInherit }) => isNoInherit);
  return {
    refusals: [
      ...transitions.map(({ name }) => refuse(quoteIdentifier(name), hasTransitionTables(name))),
      // A parent's constraint of that name cannot be merged with one that is nobody's to inherit.
      ...(strategy === 'copy' ? [] : alone.map((check) => refuse(quoteIdentifier(check.name), again(check, table)))),
    ],
    notes: [
      ...before.map(({ name }) => mayNotMoveRows(name)),
      ...(strategy === 'attach'
        ? []
        : alone.map(
            ({ name }) =>
              `Check constraint ${quoteIdentifier(name)} is NO INHERIT, which a partitioned table cannot have: the new table has it without, which holds for as many rows.`,
          )),
    ],
  };
}

function again({ name, definition }: { readonly name: string; readonly definition: string }, table: string): string {
  const constraint = quoteIdentifier(name);
  return (
    `Check constraint ${constraint} is NO INHERIT, which a partitioned table cannot have: ALTER TABLE ${table} DROP CONSTRAINT ${constraint}, ` +
    `ADD CONSTRAINT ${constraint} ${definition} NOT VALID; then VALIDATE CONSTRAINT ${constraint}; or migration.strategy: copy.`
  );
}
