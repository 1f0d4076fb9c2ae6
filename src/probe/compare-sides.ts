import { StatementError } from '../errors.ts';
import type { ProbePolicy, Safety, TablePolicy } from '../partition/policy.ts';
import { quoteIdentifier } from '../partition/qualified-name.ts';
import type { Clock } from '../postgres/clock.ts';
import { namedSql } from '../postgres/named-sql.ts';
import { row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { ProbeTransactions } from './explain-probe.ts';
import { judgeStatement } from './probe-statement.ts';
import { readQueryPlan } from './query-plan.ts';
import { readProbedTables } from './read-probed-tables.ts';
import { decodeRoleSetting, type RoleSetting, roleSettingsSql } from './role-settings.sql.ts';
import { loadParser } from './syntax/postgres-parser.ts';
import { isPlanned, touchedPartitions } from './touched-partitions.ts';

/** One probe on one side. */
export interface SideResult {
  /** Partitions that the plan reads, of how many there are; null where the side has none, or the probe failed. */
  readonly scanned: number | null;
  readonly partitions: number | null;
  readonly planningMs: number | null;
  /** Only of one with `analyze`. */
  readonly executionMs: number | null;
  /** Blocks of 8 kB, likewise. */
  readonly blocks: number | null;
  /** Why it failed. */
  readonly error: string | null;
}

export interface ComparedProbe {
  readonly probe: string;
  readonly old: SideResult;
  readonly new: SideResult;
}

export interface SidesRequest {
  /** Schemas whose views of the table's name read the old and the new table. */
  readonly readSchemas: { readonly old: string; readonly new: string };
  /** As whom probes are planned; null: the session's own role. */
  readonly probeRole: string | null;
  readonly safety: Safety;
  readonly clock: Clock;
}

/**
 * Explains each configured probe of a table twice, with the one and the other schema first in `search_path`, each in a read-only transaction that
 * is rolled back. The table's name must mean the partitioned one. Probes that write the table's schema read the same one either way: they are
 * left out. What is wrong with a probe is its result. Throws `ConnectionError`, also when a probe takes the connection with it.
 */
export async function compareSides(
  session: Session,
  policy: TablePolicy,
  request: SidesRequest,
  signal: AbortSignal,
): Promise<readonly ComparedProbe[]> {
  if (policy.probes.length === 0) return [];
  const { readSchemas, probeRole } = request;
  const [state] = await readProbedTables(session, [policy], signal);
  if (state?.kind !== 'partitioned') return [];
  const settings = probeRole === null ? [] : await session.rows(roleSettingsSql, [probeRole], decodeRoleSetting, signal);
  const usual = settings.find(({ name }) => name === 'search_path')?.value ?? (await readUsualPath(session, signal));
  const on = (schema: string): ProbeTransactions => {
    const path: RoleSetting = { name: 'search_path', value: `${quoteIdentifier(schema)}, ${usual}` };
    const identity = { role: probeRole, settings: [...settings.filter(({ name }) => name !== 'search_path'), path] };
    const { safety, clock } = request;
    return new ProbeTransactions(session, { identity, safety, clock, giveWay: (body, own) => body(own) });
  };
  const parser = await loadParser();
  const compared: ComparedProbe[] = [];
  for (const probe of policy.probes) {
    const problem = judgeStatement(parser, probe.sql, probe.params.length);
    if (problem !== null) continue;
    const old = await explainSide(on(readSchemas.old), probe, signal);
    if (typeof old !== 'string' && isPlanned(touchedPartitions(old, state.table))) continue;
    const fresh = await explainSide(on(readSchemas.new), probe, signal);
    compared.push({ probe: probe.name, old: resultOf(old, null), new: resultOf(fresh, state.table) });
  }
  return compared;
}

type Explained = ReturnType<typeof readQueryPlan>;

/** The plan, or why there is none. */
async function explainSide(transactions: ProbeTransactions, probe: ProbePolicy, signal: AbortSignal): Promise<Explained | string> {
  try {
    const plan = await transactions.explain(probe, false, signal);
    return readQueryPlan(plan);
  } catch (error) {
    if (!(error instanceof StatementError) || transactions.isLost) throw error;
    return error.message;
  } finally {
    await transactions.finish(signal);
  }
}

function resultOf(explained: Explained | string, table: Parameters<typeof touchedPartitions>[1] | null): SideResult {
  if (typeof explained === 'string') {
    return { scanned: null, partitions: null, planningMs: null, executionMs: null, blocks: null, error: explained };
  }
  const touched = table === null ? null : touchedPartitions(explained, table);
  const { planningMs, executionMs, buffers } = explained;
  return {
    scanned: touched?.scanned.length ?? null,
    partitions: table?.partitions.length ?? null,
    planningMs,
    executionMs,
    blocks: buffers === null ? null : buffers.hit + buffers.read,
    error: null,
  };
}

const pathSql = namedSql('read-usual-path', `SELECT s.reset_val AS "path" FROM pg_catalog.pg_settings AS s WHERE s.name = 'search_path'`);

/** What the session's own role has without the pin. */
async function readUsualPath(session: Session, signal: AbortSignal): Promise<string> {
  const [found] = await session.rows(pathSql, [], row<{ readonly path: string }>({ path: text }), signal);
  return found?.path ?? 'public';
}
