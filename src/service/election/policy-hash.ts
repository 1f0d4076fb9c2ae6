import { createHash } from 'node:crypto';
import type { DatabasePolicy } from '../../partition/policy.ts';

/**
 * The first 48 bits of SHA-256 over what a database's policy asks for, as 12 hexadecimal digits. How to connect is left out: replicas may
 * reach the same database by different addresses, and a password must not be guessable from a hash.
 */
export function policyHash(policy: DatabasePolicy): string {
  const { name, journalSchema, tables } = policy;
  const text = JSON.stringify({ name, journalSchema, tables }, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
