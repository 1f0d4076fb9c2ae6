import { type KeySettlement, settleKeys } from '../../../ddl/migration/switch/keys/settle-keys.ts';
import { readSwitchFacts } from '../../switch/read-facts.ts';
import { long } from '../../transactions.ts';
import type { RegrainEngine } from '../regrain-engine.ts';

/**
 * Validates keys of other tables, which an exchange of partitions adds NOT VALID. The table itself is the live side in both directions, and nothing of it
 * changes. `onError` is told what a key cannot be validated for.
 */
export async function settleIncoming(
  engine: RegrainEngine,
  onError: (key: KeySettlement, error: unknown) => void,
  isKnownBroken: (key: KeySettlement) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const { spec, surroundings, session } = engine;
  if (spec.definition.incoming.length === 0) return;
  const facts = await readSwitchFacts(engine, session, signal);
  const settled = { spec, serverVersion: surroundings.serverVersion, facts, live: 'source' as const, liveOid: spec.definition.oid };
  for (const key of settleKeys(settled)) {
    if (isKnownBroken(key)) continue;
    try {
      for (const sql of key.validations) await long(engine, session, `validate foreign key ${key.name}`, [sql], signal);
    } catch (error) {
      onError(key, error);
    }
  }
}
