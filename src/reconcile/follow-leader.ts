import { StatementError } from '../errors.ts';
import { followingSince, readStanding, takeSlot } from '../journal/following.ts';
import { assertReadable, readJournalPlace, readJournalVersion } from '../journal/install.ts';
import type { Session } from '../postgres/session.ts';

/** What a daemon that does not lead learns from the journal. */
export interface Following {
  /** Of its own configuration; 0 when another one leads, or nobody knows. */
  readonly generation: bigint;
  /** It must not lead: a configuration that was loaded later has led since. */
  readonly isOutdated: boolean;
  /**
   * When to try again: milliseconds until a turn drawn for it alone; `later` when it is no use to come soon, as many others do or as it must
   * not lead; `unknown` where the journal cannot be asked.
   */
  readonly turn: number | 'later' | 'unknown';
}

const unknown: Following = { generation: 0n, isOutdated: false, turn: 'unknown' };

/**
 * Asks the journal how a configuration stands, and draws a turn to try again. Throws `ConnectionError`, and `ConfigError` (PD120) when a
 * newer partitiond made a journal this one cannot understand; no journal, an old one or a lack of privileges is no error.
 */
export async function followLeader(
  session: Session,
  schema: string,
  configuration: { readonly hash: string; readonly loadedAgoMs: number },
  signal: AbortSignal,
): Promise<Following> {
  try {
    const place = await readJournalPlace(session, schema, signal);
    const version = place.isInstalled ? await readJournalVersion(session, schema, signal) : null;
    if (version === null) return unknown;
    assertReadable(version, schema);
    if (version.version < followingSince) return unknown;
    const standing = await readStanding(session, schema, configuration, signal);
    const { generation, mayLead } = standing ?? { generation: 0n, mayLead: true };
    if (!mayLead) return { generation, isOutdated: true, turn: 'later' };
    return { generation, isOutdated: false, turn: (await takeSlot(session, schema, signal)) ?? 'later' };
  } catch (error) {
    if (error instanceof StatementError) return unknown;
    throw error;
  }
}
