import { ConfigError, StatementError } from '../errors.ts';
import { namedSql } from '../postgres/named-sql.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import {
  decodeJournalPlace,
  decodeJournalVersion,
  type JournalPlaceRow,
  type JournalVersionRow,
  journalPlaceSql,
  journalVersionSql,
} from './journal-version.sql.ts';
import { migrations } from './migrations.ts';
import { qualify, quoteAlways } from './qualify.ts';

/**
 * The journal remembers what was done and which tables were detached; nothing that is attached is ever decided from it (docs/adr/0002).
 * This file makes its schema and brings it forward; the room knows neither plans nor how a step is run.
 */

/** Two instances may arrive together: one installs, the other waits here. Any key will do that no other program is likely to use. */
const installLock = '0x706172746974696f';
/** The advisory lock blocks nobody but another installer, so it may be waited for longer than a lock on the user's tables. */
const installWaitMs = 15_000;

/**
 * Creates the journal's schema and tables, or upgrades them, in one transaction; two short reads when there is nothing to do. Safe when
 * several instances start together. Throws `StatementError` (42501, with the GRANT that helps) where the role may not create it, and
 * `ConfigError` when a newer partitiond has upgraded the journal beyond what this one understands.
 */
export async function installJournal(session: Session, schema: string, signal: AbortSignal): Promise<void> {
  const place = await readJournalPlace(session, schema, signal);
  const version = place.isInstalled ? await readJournalVersion(session, schema, signal) : null;
  if (version !== null && version.version >= migrations.length) return assertReadable(version, schema);
  if (!place.canCreate) throw mayNotCreate(place, schema);
  await session.transaction(async () => {
    const now = await lockAndLook(session, schema, signal);
    if (!now.hasSchema)
      await session.execute(`CREATE SCHEMA ${quoteAlways(schema)}; REVOKE ALL ON SCHEMA ${quoteAlways(schema)} FROM PUBLIC`, signal);
    const from = now.isInstalled ? ((await readJournalVersion(session, schema, signal))?.version ?? 0) : 0;
    for (const [index, migration] of migrations.entries()) {
      if (index < from) continue;
      const entry = `INSERT INTO ${qualify(schema, 'version')} (version, oldest_reader) VALUES (${index + 1}, ${migration.oldestReader})`;
      await session.execute(`${migration.sql(schema)}; ${entry}`, signal);
    }
  }, signal);
}

/** One read; says whether there is a journal and what the role could do about it. */
export async function readJournalPlace(session: Session, schema: string, signal: AbortSignal): Promise<JournalPlaceRow> {
  const [place] = await session.rows(journalPlaceSql, [schema], decodeJournalPlace, signal);
  if (place === undefined) throw new TypeError('read-journal-place returned no row');
  return place;
}

/** Null when the table exists but is empty. */
export async function readJournalVersion(session: Session, schema: string, signal: AbortSignal): Promise<JournalVersionRow | null> {
  const [version] = await session.rows(journalVersionSql(schema), [], decodeJournalVersion, signal);
  return version ?? null;
}

/** Throws `ConfigError` unless this program (which knows `migrations.length` versions) can read the journal. */
export function assertReadable(version: JournalVersionRow, schema: string): void {
  if (version.oldestReader <= migrations.length) return;
  const message =
    `The journal in schema ${schema} has version ${version.version}, made by a newer partitiond; this one understands up to ${migrations.length + 1}. ` +
    'Run the newer version.';
  throw new ConfigError('PD120', message);
}

async function lockAndLook(session: Session, schema: string, signal: AbortSignal): Promise<JournalPlaceRow> {
  const wait = namedSql('wait-for-installers', `SELECT pg_catalog.set_config('lock_timeout', $1, true) AS "set"`);
  await session.rows(wait, [`${installWaitMs}ms`], () => null, signal);
  const lock = namedSql('lock-installers', 'SELECT pg_catalog.pg_advisory_xact_lock($1::pg_catalog.int8) AS "locked"');
  await session.rows(lock, [BigInt(installLock).toString()], () => null, signal);
  return await readJournalPlace(session, schema, signal);
}

/** What keeps the role from making or using the journal, as a sentence with the GRANT; null: nothing. Rights on its tables are not looked at. */
export function journalProblem(place: JournalPlaceRow, schema: string): string | null {
  if (place.isInstalled && place.canUse) return null;
  if (!place.isInstalled && place.canCreate) return null;
  if (!place.isInstalled) return mayNotCreate(place, schema).message;
  return `Role ${place.role} may not use schema ${quoteAlways(schema)} of the journal. Run: GRANT USAGE ON SCHEMA ${quoteAlways(schema)} TO ${place.role};`;
}

function mayNotCreate(place: JournalPlaceRow, schema: string): StatementError {
  const quoted = quoteAlways(schema);
  const fix = place.hasSchema
    ? `GRANT USAGE, CREATE ON SCHEMA ${quoted} TO ${place.role};`
    : `GRANT CREATE ON DATABASE ${place.database} TO ${place.role}; (or CREATE SCHEMA ${quoted} AUTHORIZATION ${place.role};)`;
  const what = place.hasSchema ? `create tables in schema ${quoted}` : `create schema ${quoted} for the journal`;
  return new StatementError('PD502', `Role ${place.role} may not ${what}. Run: ${fix}`, sqlstates.insufficientPrivilege);
}
