import type { MigrationSpec, Sides } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { sourceOf } from './apply-entries.ts';

/**
 * What a TRUNCATE of the live table does to the follower. `condition`: on the follower's columns, of the partition that was emptied; null: all of
 * it. `refills`: what the live table has there by now comes too, which under `dual` no log tells. Begins with ACCESS EXCLUSIVE on the follower:
 * whoever wrote it in a transaction of his own has ended then, and whoever will write it has not begun.
 */
export function renderEmptyFollower(spec: MigrationSpec, sides: Sides, condition: string | null, refills: boolean): readonly string[] {
  const follower = formatQualifiedName(sides.follower.name);
  const names = spec.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const where = condition === null ? '' : ` WHERE ${condition}`;
  return [
    condition === null
      ? `TRUNCATE TABLE ${sourceOf(sides.follower)}`
      : `LOCK TABLE ${sourceOf(sides.follower)} IN ${refills ? 'ACCESS EXCLUSIVE' : 'ROW EXCLUSIVE'} MODE`,
    ...(condition === null ? [] : [`DELETE FROM ${sourceOf(sides.follower)}${where}`]),
    ...(refills ? [`INSERT INTO ${follower} (${names}) OVERRIDING SYSTEM VALUE SELECT ${names} FROM ${sourceOf(sides.live)}${where}`] : []),
  ];
}
