import { ConfigError, StatementError } from '../errors.ts';
import type { ServerFacts } from '../partition/partition.ts';

const oldestSupported = 140000;

/**
 * Throws when this server cannot be worked on at all: `ConfigError` below PostgreSQL 14 (the first with DETACH ... CONCURRENTLY),
 * `StatementError` when something shall be changed on a standby. Planning on a standby is fine: it only reads.
 */
export function assertUsableServer(facts: ServerFacts, mode: 'plan' | 'apply', database: string): void {
  if (facts.version < oldestSupported) {
    const major = Math.floor(facts.version / 10_000);
    throw new ConfigError(
      'PD110',
      `Database ${database} runs PostgreSQL ${major}; partitiond needs 14 or newer. Upgrade the server or remove it.`,
    );
  }
  if (mode === 'apply' && facts.isInRecovery) {
    const message = `Database ${database} is a read-only standby; point \`url\` at the primary.`;
    throw new StatementError('PD503', message, '25006');
  }
}
