import { type MigrationSpec, sidesOf } from '../../../partition/migration/spec.ts';
import { formatQualifiedName } from '../../../partition/qualified-name.ts';

/** What keeps the source's file as it is for the rest of a transaction: whoever rewrites it (VACUUM FULL, CLUSTER, TRUNCATE) waits. */
export function renderLockSource(spec: MigrationSpec): string {
  return `LOCK TABLE ONLY ${formatQualifiedName(sidesOf(spec, 'source').live.name)} IN ACCESS SHARE MODE`;
}
