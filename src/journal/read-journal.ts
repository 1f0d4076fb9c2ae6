import { StatementError } from '../errors.ts';
import type { HoldRecord } from '../partition/partition.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { nullable, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import { decodeDetachedTable, detachedTablesSql, type JournalledTable } from './detached-tables.ts';
import { assertReadable, readJournalPlace, readJournalVersion } from './install.ts';
import { migrationsSince, readUnfinished, type StoredMigration } from './migration/records.ts';
import { decodePause, type Pause, pauseSql } from './pause.ts';
import { qualify, quoteAlways } from './qualify.ts';

/** What a run has to know of the past. */
export interface JournalContents {
  readonly isInstalled: boolean;
  /** Null when it is not installed. */
  readonly version: number | null;
  /** Tables detached by partitiond that nobody has reported as dropped; oldest first. */
  readonly detached: readonly JournalledTable[];
  readonly holds: readonly HoldRecord[];
  readonly pause: Pause | null;
  /** Those that are not over. */
  readonly migrations: readonly StoredMigration[];
}

const empty: JournalContents = { isInstalled: false, version: null, detached: [], holds: [], pause: null, migrations: [] };

/**
 * Reads the journal in six short queries and never writes; a missing schema is an empty journal. Throws `StatementError` (42501, with the
 * GRANT that helps) where the role may not look, and `ConfigError` when a newer partitiond made a journal this one cannot understand.
 */
export async function readJournal(session: Session, schema: string, signal: AbortSignal): Promise<JournalContents> {
  const place = await readJournalPlace(session, schema, signal);
  if (!place.isInstalled) return empty;
  if (!place.canUse) {
    const fix = `GRANT USAGE ON SCHEMA ${quoteAlways(schema)} TO ${place.role}; GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteAlways(schema)} TO ${place.role};`;
    throw new StatementError(
      'PD502',
      `Role ${place.role} may not read the journal in schema ${schema}. Run: ${fix}`,
      sqlstates.insufficientPrivilege,
    );
  }
  const version = await readJournalVersion(session, schema, signal);
  if (version === null) return empty;
  assertReadable(version, schema);
  const hasMigrations = version.version >= migrationsSince;
  const detached = await session.rows(detachedTablesSql(schema, hasMigrations), [], decodeDetachedTable, signal);
  const holds = await session.rows(holdsSql(schema), [], decodeHold, signal);
  const [pause] = await session.rows(pauseSql(schema), [], decodePause, signal);
  const migrations = hasMigrations ? await readUnfinished(session, schema, signal) : [];
  return { isInstalled: true, version: version.version, detached, holds, pause: pause ?? null, migrations };
}

function holdsSql(schema: string): NamedSql {
  return namedSql(
    'read-holds',
    /* sql */ `
    SELECT
      h.table_schema AS "schema",
      h.table_name AS "name",
      h.range_from AS "from",
      h.range_to AS "to",
      h.reason AS "reason"
    FROM ${qualify(schema, 'hold')} AS h
    ORDER BY h.id`,
  );
}

interface HoldRow {
  readonly schema: string;
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
}

const decodeHoldRow = row<HoldRow>({ schema: text, name: text, from: nullable(text), to: nullable(text), reason: text });

function decodeHold(values: Readonly<Record<string, string | null>>, queryName: string): HoldRecord {
  const { schema, name, ...rest } = decodeHoldRow(values, queryName);
  return { table: { schema, name }, ...rest };
}
