import { fingerprint } from '../../../partition/fingerprint.ts';

/**
 * coordinator: who runs a migration. workers: shared by its sessions. asking: shared by commands of people that want it. yielding: held by a
 * coordinator that gives way to those.
 */
export type LeasePart = 'coordinator' | 'workers' | 'asking' | 'yielding';

/** The same for every partitiond with that journal in that database, and for nobody else. */
export function leaseKey(schema: string, id: string, part: LeasePart): bigint {
  const text = JSON.stringify(['partitiond-migration', schema, id, part]);
  return BigInt.asIntN(64, BigInt(`0x${fingerprint(text, 16)}`));
}
