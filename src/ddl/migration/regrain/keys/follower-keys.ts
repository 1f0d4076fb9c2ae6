import { quoteLiteral } from '../../../../partition/literal.ts';
import type { ForeignKeyDefinition } from '../../../../partition/migration/definition.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../../partition/qualified-name.ts';

type Key = Pick<ForeignKeyDefinition, 'name' | 'definition' | 'isEnforced'>;

const endOfDefinition = /( DEFERRABLE)?( INITIALLY DEFERRED)?( NOT ENFORCED)?$/;

/**
 * The table's foreign keys on a partition that follows and will be attached to it; NOT VALID, to be validated by themselves. ATTACH takes a valid key
 * for the table's own without looking at a row. Until then it must do nothing to the application that the table's own key does not:
 *
 * - It is checked at the end of the transaction: within a statement that deletes what references and what is referenced (`WITH`), triggers write the
 *   follower after the check of a key that is not deferred.
 * - Its actions do nothing, by rules on the partition's own name; the follower changes with the live row. Triggers of keys fire in the order of their
 *   names, which end in numbers compared as text: the follower's might come first, and lock its row before the live one, as no writer does.
 *
 * ShareRowExclusiveLock on both tables, AccessExclusiveLock on the partition for the rules.
 */
export function renderAddFollowerKeys(partition: QualifiedName, keys: readonly Key[]): readonly string[] {
  const additions = keys.map((key) => {
    const validity = key.isEnforced ? ' NOT VALID' : '';
    return `ADD CONSTRAINT ${quoteIdentifier(key.name)} ${deferred(key)}${validity}`;
  });
  return additions.length === 0 ? [] : [`ALTER TABLE ${formatQualifiedName(partition)} ${additions.join(', ')}`];
}

/** The rules that keep the actions of keys from a partition. Who writes it by the name of the table beside, as engine and triggers do, meets none. */
export function renderHoldActions(id: string, partition: QualifiedName): readonly string[] {
  const condition = `pg_catalog.current_setting('partitiond.migration', true) IS DISTINCT FROM ${quoteLiteral(id)}`;
  return holdRules(id).map(
    ({ name, event }) =>
      `CREATE OR REPLACE RULE ${quoteIdentifier(name)} AS ON ${event} TO ${formatQualifiedName(partition)} WHERE ${condition} DO INSTEAD NOTHING`,
  );
}

function holdRules(id: string): readonly { readonly name: string; readonly event: string }[] {
  return ['DELETE', 'UPDATE'].map((event) => ({ name: `${holdRulePrefix(id)}${event.toLowerCase()}`, event }));
}

export function holdRulePrefix(id: string): string {
  return `partitiond_hold_${id}_`;
}

/** Scans under ShareUpdateExclusiveLock, and RowShareLock on what is referenced. */
export function renderValidateFollowerKey(partition: QualifiedName, { name }: Pick<Key, 'name'>): string {
  return `ALTER TABLE ${formatQualifiedName(partition)} VALIDATE CONSTRAINT ${quoteIdentifier(name)}`;
}

/** Before ATTACH, which takes only a key that is checked when the table's own is. */
export function renderAlignKeys(partition: QualifiedName, keys: readonly Key[]): readonly string[] {
  return keys.flatMap((key) => {
    const [, isDeferrable, isDeferred] = endOfDefinition.exec(key.definition) ?? [];
    if (!key.isEnforced || isDeferred !== undefined) return [];
    const wanted = isDeferrable === undefined ? 'NOT DEFERRABLE' : 'DEFERRABLE INITIALLY IMMEDIATE';
    return [`ALTER TABLE ${formatQualifiedName(partition)} ALTER CONSTRAINT ${quoteIdentifier(key.name)} ${wanted}`];
  });
}

/** One statement; AccessExclusiveLock on both tables. */
export function renderDropFollowerKeys(partition: QualifiedName, names: readonly string[]): readonly string[] {
  const drops = names.map((name) => `DROP CONSTRAINT ${quoteIdentifier(name)}`);
  return drops.length === 0 ? [] : [`ALTER TABLE ${formatQualifiedName(partition)} ${drops.join(', ')}`];
}

export function renderDropRules(partition: QualifiedName, rules: readonly string[]): readonly string[] {
  return rules.map((rule) => `DROP RULE ${quoteIdentifier(rule)} ON ${formatQualifiedName(partition)}`);
}

function deferred({ definition, isEnforced }: Key): string {
  return isEnforced ? definition.replace(endOfDefinition, ' DEFERRABLE INITIALLY DEFERRED') : definition;
}
