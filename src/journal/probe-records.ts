import type { ProbeRecord } from '../partition/probe-record.ts';
import type { Session } from '../postgres/session.ts';

/** All records there are, of tables that are no longer configured too; none in a journal that is not installed, or that is older. */
export async function readProbeRecords(_session: Session, _schema: string, _signal: AbortSignal): Promise<readonly ProbeRecord[]> {
  return await Promise.resolve([]);
}

/**
 * Writes `records` over older ones of the same probes, whose `lastMiss` stays where a new one is null, and forgets the probes of these tables
 * that are not among them. `guard` is SQL that raises unless this epoch is current.
 */
export async function writeProbeRecords(
  _session: Session,
  _schema: string,
  _records: readonly ProbeRecord[],
  _guard: string,
  _signal: AbortSignal,
): Promise<void> {
  await Promise.reject(new Error('not yet'));
}
