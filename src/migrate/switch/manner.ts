import type { LockOrder, SwitchLock } from '../../ddl/migration/switch/locks.ts';
import type { Turn } from '../../ddl/migration/switch/turn.ts';
import type { Engine } from '../engine.ts';

/** In what the switches of the strategies differ; the frame of locks, limits, attempts and the journal is one. */
export interface SwitchManner {
  locks(turn: Turn, order: LockOrder): readonly SwitchLock[];
  /** Before the exclusive locks, in the transaction: the statements, or what forbids the switch. */
  prepare(engine: Engine, turn: Turn, signal: AbortSignal): Promise<readonly string[]>;
  /** What a rehearsal calls the work of `settleRows`. */
  readonly rows: string;
  /** Under the locks, before the statements: nobody writes any more. Throws `GivenUp` when another attempt may do better. */
  settleRows(engine: Engine, turn: Turn, signal: AbortSignal): Promise<void>;
}
