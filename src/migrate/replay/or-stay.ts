import type { QualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';

/** The end of a sentence about an old table that can follow no further. */
export function orStay(table: QualifiedName): string {
  return ` Or stay without the old table: \`${migrateCommand('finish --yes', table)}\`, where both were equal after the switch.`;
}
