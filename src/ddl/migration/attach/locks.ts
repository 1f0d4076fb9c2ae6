import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import { type LockOrder, renderSwitchLocks, type SwitchLock } from '../switch/locks.ts';
import type { Turn } from '../switch/turn.ts';

/**
 * As for copy on the way forward, where nobody writes the new table. On the way back the old table is a partition: the application locks its parent
 * first, and so does this, with all partitions; the other order would end in a deadlock.
 */
export function renderAttachLocks(turn: Turn, order: LockOrder): readonly SwitchLock[] {
  const locks = renderSwitchLocks(turn, order);
  if (turn.fresh.is === 'target') return locks;
  const [partition, parent] = [formatQualifiedName(turn.fresh.before), formatQualifiedName(turn.old.before)];
  return locks.flatMap((lock) => {
    if (lock.relation === partition) return [];
    return lock.relation === parent ? [{ ...lock, sql: `LOCK TABLE ${parent} IN ACCESS EXCLUSIVE MODE` }] : [lock];
  });
}
