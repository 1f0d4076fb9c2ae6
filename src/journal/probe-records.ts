import { StatementError } from '../errors.ts';
import type { ProbeRecord } from '../partition/probe-record.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, list, nullable, number, oneOf, type RowDecoder, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { sqlstates } from '../postgres/sqlstate.ts';
import { qualify, quoteAlways } from './qualify.ts';

/** The first version of the journal that has records of probes. */
export const probeRecordsSince = 7;

/** Of a report, in characters; the plan of a table with 10,000 partitions would else be the largest thing in the journal. */
const longestReport = 100_000;

/** Probes of a table that no run has had for so long are nobody's any more; until then they may be another configuration's. */
const keptDays = 90;

/** A record without the report of its last miss, which may be long. */
export type ProbeSummary = Omit<ProbeRecord, 'lastMiss'> & { readonly lastMissAt: bigint | null };

/**
 * All records there are, of tables that are no longer configured too; none in a journal that is not installed, or of a version before
 * `probeRecordsSince`. Throws `StatementError` (42501, with the GRANT that helps) where the role may not look.
 */
export async function readProbeRecords(session: Session, schema: string, signal: AbortSignal): Promise<readonly ProbeRecord[]> {
  const rows = await readRows(session, schema, 'with reports', signal);
  return rows.map(({ summary: { lastMissAt, ...rest }, report }) => ({
    ...rest,
    lastMiss: lastMissAt === null || report === null ? null : { at: lastMissAt, report },
  }));
}

/** The same without the reports. */
export async function readProbeSummaries(session: Session, schema: string, signal: AbortSignal): Promise<readonly ProbeSummary[]> {
  return (await readRows(session, schema, 'without reports', signal)).map(({ summary }) => summary);
}

/**
 * Writes `records` over older ones of the same probes, whose `lastMiss` stays where a new one is null, and forgets the probes of these tables
 * that are not among them, as well as those that nobody has run for 90 days. A report that is too long is cut, and says so. `guard` is SQL that
 * raises unless this epoch is current. The journal must be installed, in the version that knows them.
 */
export async function writeProbeRecords(
  session: Session,
  schema: string,
  records: readonly ProbeRecord[],
  guard: string,
  signal: AbortSignal,
): Promise<void> {
  const [forget, upsert] = writeSql(schema);
  const written = JSON.stringify(records.map(writtenRecord));
  await session.transaction(async () => {
    await session.execute(guard, signal);
    await session.rows(forget, [written], () => null, signal);
    await session.rows(upsert, [written], () => null, signal);
  }, signal);
}

interface ReadRow {
  readonly summary: ProbeSummary;
  readonly report: string | null;
}

async function readRows(
  session: Session,
  schema: string,
  what: 'with reports' | 'without reports',
  signal: AbortSignal,
): Promise<readonly ReadRow[]> {
  try {
    return await session.rows(readSql(schema, what === 'with reports'), [], decodeReadRow, signal);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    if (isMissing.has(error.sqlstate)) return [];
    if (error.sqlstate !== sqlstates.insufficientPrivilege) throw error;
    const fix = `GRANT USAGE ON SCHEMA ${quoteAlways(schema)} TO <role>; GRANT SELECT ON ALL TABLES IN SCHEMA ${quoteAlways(schema)} TO <role>;`;
    const message = `The role of this connection may not read the results of probes in the journal, schema ${schema}. Run: ${fix}`;
    throw new StatementError('PD502', message, sqlstates.insufficientPrivilege, { cause: error });
  }
}

const isMissing: ReadonlySet<string> = new Set([sqlstates.undefinedTable, sqlstates.invalidSchemaName]);

function readSql(schema: string, hasReports: boolean): NamedSql {
  return namedSql(
    'read-probe-results',
    /* sql */ `
    SELECT
      p.table_schema AS "schema",
      p.table_name AS "name",
      p.probe AS "probe",
      (EXTRACT(epoch FROM p.ran_at) * 1000000)::pg_catalog.int8 AS "ranAt",
      p.outcome AS "outcome",
      p.scanned AS "scanned",
      p.total AS "total",
      p.allowed AS "allowed",
      p.planning_ms AS "planningMs",
      p.execution_ms AS "executionMs",
      p.problems AS "problems",
      (EXTRACT(epoch FROM p.last_miss_at) * 1000000)::pg_catalog.int8 AS "lastMissAt",
      ${hasReports ? 'p.last_miss_report' : 'NULL::pg_catalog.text'} AS "report"
    FROM ${qualify(schema, 'probe_result')} AS p
    ORDER BY p.table_schema, p.table_name, p.probe`,
  );
}

type FlatRow = Omit<ProbeSummary, 'table'> & { readonly schema: string; readonly name: string; readonly report: string | null };

const decodeFlatRow = row<FlatRow>({
  schema: text,
  name: text,
  probe: text,
  ranAt: bigint,
  outcome: oneOf('met', 'missed', 'failed'),
  scanned: nullable(number),
  total: nullable(number),
  allowed: nullable(number),
  planningMs: nullable(number),
  executionMs: nullable(number),
  problems: list(text),
  lastMissAt: nullable(bigint),
  report: nullable(text),
});

const decodeReadRow: RowDecoder<ReadRow> = (values, queryName) => {
  const { schema, name, report, ...rest } = decodeFlatRow(values, queryName);
  return { summary: { table: { schema, name }, ...rest }, report };
};

/** `$1` of both: a JSON array of what `writtenRecord` makes. */
function writeSql(schema: string): readonly [forget: NamedSql, upsert: NamedSql] {
  const results = qualify(schema, 'probe_result');
  const written = 'pg_catalog.json_to_recordset($1::pg_catalog.json) AS w';
  const forget = /* sql */ `
    DELETE FROM ${results} AS p
    WHERE p.ran_at < pg_catalog.clock_timestamp() - pg_catalog.make_interval(days => ${keptDays})
      OR (
        EXISTS (SELECT FROM ${written} (schema text, name text) WHERE w.schema = p.table_schema AND w.name = p.table_name)
        AND NOT EXISTS (
          SELECT FROM ${written} (schema text, name text, probe text)
          WHERE w.schema = p.table_schema AND w.name = p.table_name AND w.probe = p.probe
        )
      )`;
  const upsert = /* sql */ `
    INSERT INTO ${results} AS p (
      table_schema, table_name, probe, ran_at, outcome, scanned, total, allowed, planning_ms, execution_ms, problems, last_miss_at, last_miss_report
    )
    SELECT
      w.schema, w.name, w.probe, ${instant('w.ran_at')}, w.outcome, w.scanned, w.total, w.allowed, w.planning_ms, w.execution_ms,
      ARRAY(SELECT t.problem FROM pg_catalog.json_array_elements_text(w.problems) WITH ORDINALITY AS t (problem, place) ORDER BY t.place),
      ${instant('w.last_miss_at')}, w.last_miss_report
    FROM ${written} (
      schema text, name text, probe text, ran_at int8, outcome text, scanned int8, total int8, allowed int8, planning_ms float8, execution_ms float8,
      problems json, last_miss_at int8, last_miss_report text
    )
    ON CONFLICT (table_schema, table_name, probe) DO UPDATE SET
      ran_at = EXCLUDED.ran_at,
      outcome = EXCLUDED.outcome,
      scanned = EXCLUDED.scanned,
      total = EXCLUDED.total,
      allowed = EXCLUDED.allowed,
      planning_ms = EXCLUDED.planning_ms,
      execution_ms = EXCLUDED.execution_ms,
      problems = EXCLUDED.problems,
      last_miss_at = COALESCE(EXCLUDED.last_miss_at, p.last_miss_at),
      last_miss_report = COALESCE(EXCLUDED.last_miss_report, p.last_miss_report)`;
  return [namedSql('forget-probe-results', forget), namedSql('write-probe-results', upsert)];
}

/** SQL of a moment from microseconds since 1970. */
function instant(micros: string): string {
  return `'epoch'::timestamptz + ${micros} * interval '1 microsecond'`;
}

/** Microseconds fit a double until the year 2255. */
function writtenRecord({ table, lastMiss, ...record }: ProbeRecord): Readonly<Record<string, unknown>> {
  return {
    schema: table.schema,
    name: table.name,
    probe: record.probe,
    ran_at: Number(record.ranAt),
    outcome: record.outcome,
    scanned: record.scanned,
    total: record.total,
    allowed: record.allowed,
    planning_ms: record.planningMs,
    execution_ms: record.executionMs,
    problems: record.problems.map(storable),
    last_miss_at: lastMiss === null ? null : Number(lastMiss.at),
    last_miss_report: lastMiss === null ? null : storable(cut(lastMiss.report)),
  };
}

/** PostgreSQL has no text with the character 0, which a parameter of the configuration may hold, nor with half of a pair, which a cut leaves. */
function storable(value: string): string {
  return value.replaceAll(/\0|\p{Surrogate}/gu, '\uFFFD');
}

function cut(report: string): string {
  if (report.length <= longestReport) return report;
  const note = `\n... cut here, the report has ${report.length} characters; \`partitiond probe\` prints all of a new run.`;
  return `${report.slice(0, longestReport - note.length)}${note}`;
}
