import { formatQualifiedName, type QualifiedName } from '../../../partition/qualified-name.ts';

/** Where the ladder's own `lock_timeout` waits until the first lock is there. */
const keptSetting = 'partitiond.lock_timeout';

/**
 * The first statements of a transaction that then wants stronger locks on an ordinary table. SHARE UPDATE EXCLUSIVE hinders neither readers nor
 * writers while it is waited for, hence up to 3 s; after `deadlock_timeout` (1 s) the server cancels an autovacuum that is in the way (not one
 * against wraparound), and no other begins before this transaction ends. Source: postgresql.org/docs/18/routine-vacuuming.html (24.1.6).
 */
export function renderYieldAutovacuum(table: QualifiedName): readonly string[] {
  return [
    `SELECT pg_catalog.set_config('${keptSetting}', pg_catalog.current_setting('lock_timeout'), true)`,
    "SET LOCAL lock_timeout = '3s'",
    `LOCK TABLE ONLY ${formatQualifiedName(table)} IN SHARE UPDATE EXCLUSIVE MODE`,
    `SELECT pg_catalog.set_config('lock_timeout', pg_catalog.current_setting('${keptSetting}'), true)`,
  ];
}
