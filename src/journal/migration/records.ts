import { InvariantError } from '../../errors.ts';
import { type MigrationSpec, migrationPhases, type Regrain } from '../../partition/migration/spec.ts';
import type { BrakeReason, LastSwitch, MigrationRecord, Verdict } from '../../partition/migration/status.ts';
import { literal } from '../../postgres/literal.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { bigint, json, list, nullable, number, oneOf, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import { assertReadable, readJournalPlace, readJournalVersion } from '../install.ts';
import { migrations } from '../migrations.ts';
import { qualify } from '../qualify.ts';
import { migrationTables } from './tables.ts';

/** What is written of a migration; keys that are absent stay as they are. */
export type MigrationChange = Partial<Pick<MigrationRecord, 'phase' | 'live' | 'targetOid' | 'paused' | 'verdict' | 'lastSwitch'>> & {
  /** Of the source's definition, see catalog/migration; null: to be read anew, which another `live` means by itself. */
  readonly fingerprint?: string | null;
  /** Sets `progress_at` to now. */
  readonly hasProgressed?: true;
};

/** A record with what only the engine and its status ask for. */
export interface StoredMigration extends MigrationRecord {
  /** Of the source since capture was installed; null before, and from a switch or rollback to the next look. */
  readonly fingerprint: string | null;
  /** When it was planned; null: never analysed. */
  readonly rowsEstimated: number | null;
  /** What held the copy back when its process last said. */
  readonly brakes: readonly BrakeReason[];
}

/** What a plan says of a migration that is about to begin. */
export interface NewMigration {
  readonly spec: MigrationSpec;
  readonly planHash: string;
  readonly rowsEstimated: number | null;
  /** Who began it, for example `partitiond:migrate host/4711`. */
  readonly who: string;
}

/** The version of the journal that has these tables first. */
export const migrationsSince: number = migrations.findIndex(({ sql }) => sql === migrationTables) + 1;

/** All migrations that were ever planned, the newest first; none where the journal is older or not there. */
export async function readMigrations(session: Session, schema: string, signal: AbortSignal): Promise<readonly StoredMigration[]> {
  const place = await readJournalPlace(session, schema, signal);
  if (!place.isInstalled) return [];
  const version = await readJournalVersion(session, schema, signal);
  if (version === null || version.version < migrationsSince) return [];
  assertReadable(version, schema);
  return await session.rows(recordsSql(schema, 'ORDER BY m.id DESC'), [], decodeMigration, signal);
}

/** Those that are not over; the journal must be there, with these tables. */
export async function readUnfinished(session: Session, schema: string, signal: AbortSignal): Promise<readonly StoredMigration[]> {
  return await session.rows(recordsSql(schema, "WHERE m.phase NOT IN ('finished', 'aborted') ORDER BY m.id"), [], decodeMigration, signal);
}

/** One by its id; the journal must be there. Throws `InvariantError` when it is not. */
export async function readMigration(session: Session, schema: string, id: string, signal: AbortSignal): Promise<StoredMigration> {
  const [record] = await session.rows(recordsSql(schema, 'WHERE m.id = $1::pg_catalog.int8'), [id], decodeMigration, signal);
  if (record === undefined) throw new InvariantError('PD903', `The journal in schema ${schema} has no migration ${id}`);
  return record;
}

export async function readSpec(session: Session, schema: string, id: string, signal: AbortSignal): Promise<MigrationSpec> {
  const query = namedSql(
    'read-migration-spec',
    `SELECT m.spec AS "spec" FROM ${qualify(schema, 'migration')} AS m WHERE m.id = $1::pg_catalog.int8`,
  );
  const [found] = await session.rows(query, [id], row<{ spec: MigrationSpec }>({ spec: json(parseSpec) }), signal);
  if (found === undefined) throw new InvariantError('PD903', `The journal in schema ${schema} has no migration ${id}`);
  return found.spec;
}

/**
 * One INSERT without semicolon; it returns `id`. A second unfinished migration of the same table violates the journal's unique index (23505).
 * The spec must be plain data: it is stored as JSON and read again by every later process.
 */
export function renderNewMigration(schema: string, { spec, planHash, rowsEstimated, who }: NewMigration): string {
  const { table, definition, strategy, capture } = spec;
  const values = [table.schema, table.name, definition.oid, strategy, capture, JSON.stringify(spec), planHash, 'planned', who];
  return (
    `INSERT INTO ${qualify(schema, 'migration')} ` +
    '(table_schema, table_name, source_oid, strategy, capture, spec, plan_hash, phase, who, rows_estimated) VALUES ' +
    `(${values.map(literal).join(', ')}, ${rowsEstimated ?? 'NULL'}) RETURNING id::pg_catalog.text AS "id"`
  );
}

/** Writes that INSERT and answers the id. */
export async function insertMigration(session: Session, schema: string, migration: NewMigration, signal: AbortSignal): Promise<string> {
  const insert = namedSql('insert-migration', renderNewMigration(schema, migration));
  const [inserted] = await session.rows(insert, [], row<{ id: string }>({ id: text }), signal);
  if (inserted === undefined) throw new InvariantError('PD903', 'insert-migration returned no id');
  return inserted.id;
}

/** One UPDATE without semicolon, to travel in the transaction of what it tells of. Sets `phase_at`, `ready_at`, ... with the phase. */
export function renderChangeMigration(schema: string, id: string, change: MigrationChange): string {
  const { phase, hasProgressed } = change;
  const sets = [
    ...(phase === undefined ? [] : phaseSets(phase)),
    ...(hasProgressed === undefined || phase !== undefined ? [] : ['progress_at = pg_catalog.clock_timestamp()']),
    ...texts(change).flatMap(([column, value]) => (value === undefined ? [] : [`${column} = ${literal(value)}`])),
  ];
  const changed = sets.length === 0 ? ['phase = phase'] : sets;
  return `UPDATE ${qualify(schema, 'migration')} SET ${changed.join(', ')} WHERE id = ${literal(id)}`;
}

/** Columns with what they become; undefined: they stay. */
function texts(change: MigrationChange): readonly (readonly [string, string | null | undefined])[] {
  const { live, targetOid, paused, verdict, lastSwitch, fingerprint } = change;
  return [
    ['live', live],
    ['target_oid', targetOid],
    ['paused_kind', paused === null ? null : paused?.kind],
    ['paused_reason', paused === null ? null : paused?.reason],
    ['verdict', stored(verdict)],
    ['last_switch', stored(lastSwitch)],
    // A switch renames, and turns triggers off.
    ['fingerprint', live === undefined ? fingerprint : (fingerprint ?? null)],
  ];
}

/** The same for what holds the copy back, which is written every few seconds and by nobody else. */
export function renderBrakes(schema: string, id: string, brakes: readonly BrakeReason[]): string {
  const words = `ARRAY[${brakes.map(literal).join(', ')}]::pg_catalog.text[]`;
  return `UPDATE ${qualify(schema, 'migration')} SET brakes = ${words} WHERE id = ${literal(id)}`;
}

function phaseSets(phase: MigrationRecord['phase']): readonly string[] {
  const now = 'pg_catalog.clock_timestamp()';
  const milestones: Partial<Record<MigrationRecord['phase'], string>> = {
    ready: 'ready_at',
    switched: 'switched_at',
    finished: 'finished_at',
    aborted: 'finished_at',
  };
  const milestone = milestones[phase];
  const sets = [`phase = ${literal(phase)}`, "brakes = '{}'", `phase_at = ${now}`, `progress_at = ${now}`];
  return milestone === undefined ? sets : [...sets, `${milestone} = ${now}`];
}

/** Instants are bigints, which JSON has not: they travel as texts. */
function stored(value: Verdict | LastSwitch | null | undefined): string | null | undefined {
  return value === null || value === undefined ? value : JSON.stringify({ ...value, at: value.at.toString() });
}

function recordsSql(schema: string, which: string): NamedSql {
  const micros = (column: string): string => `(EXTRACT(epoch FROM m.${column}) * 1000000)::pg_catalog.int8`;
  return namedSql(
    'read-migrations',
    /* sql */ `
    SELECT
      m.id::pg_catalog.text AS "id",
      m.table_schema AS "schema",
      m.table_name AS "name",
      m.source_oid::pg_catalog.text AS "sourceOid",
      m.target_oid::pg_catalog.text AS "targetOid",
      m.strategy AS "strategy",
      m.capture AS "capture",
      m.plan_hash AS "planHash",
      m.phase AS "phase",
      m.live AS "live",
      m.paused_kind AS "pausedKind",
      m.paused_reason AS "pausedReason",
      m.verdict AS "verdict",
      m.last_switch AS "lastSwitch",
      m.rows_estimated AS "rowsEstimated",
      m.fingerprint AS "fingerprint",
      m.brakes AS "brakes",
      m.spec -> 'regrain' AS "regrain",
      ${micros('started_at')} AS "startedAt",
      ${micros('phase_at')} AS "phaseAt",
      ${micros('progress_at')} AS "progressAt",
      ${micros('ready_at')} AS "readyAt",
      ${micros('switched_at')} AS "switchedAt",
      ${micros('finished_at')} AS "finishedAt"
    FROM ${qualify(schema, 'migration')} AS m
    ${which}`,
  );
}

type RecordRow = Omit<StoredMigration, 'table' | 'paused' | 'regrain'> & {
  readonly regrain: Regrain | null;
  readonly schema: string;
  readonly name: string;
  readonly pausedKind: NonNullable<MigrationRecord['paused']>['kind'] | null;
  readonly pausedReason: string | null;
};

const decodeRow = row<RecordRow>({
  id: text,
  schema: text,
  name: text,
  sourceOid: text,
  targetOid: nullable(text),
  strategy: oneOf('copy', 'attach'),
  capture: oneOf('log', 'dual'),
  planHash: text,
  phase: oneOf(...migrationPhases),
  live: oneOf('source', 'target'),
  pausedKind: nullable(oneOf('definition', 'far-future', 'mismatch', 'disk', 'duplicates')),
  pausedReason: nullable(text),
  verdict: nullable(json(parseVerdict)),
  lastSwitch: nullable(json(parseLastSwitch)),
  rowsEstimated: nullable(number),
  fingerprint: nullable(text),
  brakes: list(oneOf('replication-lag', 'load', 'lock', 'window')),
  regrain: nullable(json(parseRegrain)),
  startedAt: bigint,
  phaseAt: bigint,
  progressAt: bigint,
  readyAt: nullable(bigint),
  switchedAt: nullable(bigint),
  finishedAt: nullable(bigint),
});

const decodeMigration: RowDecoder<StoredMigration> = (values, queryName) => {
  const { schema, name, pausedKind, pausedReason, regrain, ...rest } = decodeRow(values, queryName);
  const paused = pausedKind === null ? null : { kind: pausedKind, reason: pausedReason ?? '' };
  return { ...rest, table: { schema, name }, paused, ...(regrain === null ? {} : { regrain }) };
};

/** What only this file writes is believed, but for a look at whether it is one at all. */
function parseSpec(value: unknown): MigrationSpec {
  if (!isSpec(value)) throw new InvariantError('PD902', 'The journal holds a migration whose plan cannot be read');
  return value;
}

function isSpec(value: unknown): value is MigrationSpec {
  return isObject(value) && isObject(value['table']) && isObject(value['definition']) && Array.isArray(value['key']);
}

function parseRegrain(value: unknown): Regrain {
  if (!isRegrain(value)) throw new InvariantError('PD902', 'The journal holds a migration of partitions whose plan cannot be read');
  return value;
}

function isRegrain(value: unknown): value is Regrain {
  return isObject(value) && Array.isArray(value['sources']) && Array.isArray(value['targets']);
}

function parseVerdict(value: unknown): Verdict {
  const verdict = withInstant(value);
  if (!isVerdict(verdict)) throw new InvariantError('PD902', 'The journal holds a verdict that cannot be read');
  return verdict;
}

function isVerdict(value: unknown): value is Verdict {
  return isObject(value) && typeof value['rows'] === 'number' && typeof value['mismatches'] === 'number';
}

function parseLastSwitch(value: unknown): LastSwitch {
  const found = withInstant(value);
  if (!isLastSwitch(found)) throw new InvariantError('PD902', 'The journal holds a switch that cannot be read');
  return found;
}

function isLastSwitch(value: unknown): value is LastSwitch {
  return isObject(value) && typeof value['lockMs'] === 'number' && typeof value['attempts'] === 'number';
}

function withInstant(value: unknown): unknown {
  return isObject(value) && typeof value['at'] === 'string' ? { ...value, at: BigInt(value['at']) } : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
