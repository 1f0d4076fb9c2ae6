import { isWidened } from '../../../partition/migration/carry-over.ts';
import type { Stray } from '../../../partition/migration/definition.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type Judgement, type MigrationCase, refuse, refuseUnlessWaived } from '../migration-case.ts';

const fixes: Readonly<Record<Stray['kind'], string>> = {
  matview: 'drop it, and make it again after the switch',
  rule: 'drop it, or let a trigger do what it does',
  policy: 'drop it, and make it again after the switch',
  'row-type': 'let the column have a type of its own',
};

/** What hangs on the table by its oid and would stay with the old one. */
export function judgeDependents({ definition, strategy, partitionKey }: MigrationCase): Judgement {
  const strays = definition.strays.map(({ kind, description }) =>
    refuseUnlessWaived(
      'keep-on-old',
      description,
      `${sentenceCase(description)} hangs on the table itself and would stay with the old one: ${fixes[kind]}; or accept that.`,
      strategy === 'attach'
        ? `${sentenceCase(description)} stays with the first partition alone, and sees no row of the others.`
        : `${sentenceCase(description)} stays with the old table, which is as current as the new one until finish; finish waits until it is gone.`,
    ),
  );
  const unknown = definition.unknownDependents.map((description) =>
    refuse(
      description,
      `${sentenceCase(description)} depends on the table in a way that nothing here can carry over: drop it, and make it again after the switch.`,
    ),
  );
  const primary = definition.indexes.find(({ constraint }) => constraint === 'primary');
  const isKept = primary === undefined || !isWidened(primary, partitionKey);
  const grouping = definition.views
    .filter(({ groupsByKey }) => groupsByKey && !isKept)
    .map(({ name }) => {
      const view = `view ${formatQualifiedName(name)}`;
      const message =
        `${sentenceCase(view)} groups by the primary key and selects other columns besides, and the new key has ${quoteIdentifier(partitionKey)} too: ` +
        'make the view anew with all columns that it selects in its GROUP BY.';
      return refuse(view, message);
    });
  const hasViews = definition.views.length > 0;
  const note =
    'Views are made again over the new table in the switch, by CREATE OR REPLACE: they keep oid, owner and grants. The role needs to own them.';
  return { refusals: [...strays, ...unknown, ...grouping], notes: hasViews ? [note] : [] };
}

function sentenceCase(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
