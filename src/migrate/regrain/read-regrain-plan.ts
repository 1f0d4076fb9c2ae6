import { keyCast, keySource } from '../../catalog/key-source.ts';
import { readCircumstances } from '../../catalog/migration/read-circumstances.ts';
import { readDefinition } from '../../catalog/migration/read-definition.ts';
import { readTables } from '../../catalog/read-tables.ts';
import { renderRangeCondition } from '../../ddl/range-condition.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import type { Circumstances } from '../../partition/migration/circumstances.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { PartitionedTable } from '../../partition/partition.ts';
import { type EpochMicros, isPosition, MINVALUE, type Position } from '../../partition/position.ts';
import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { MigrationPlan } from '../../plan/migration/migration-plan.ts';
import { planRegrain, type RegrainRequest } from '../../plan/migration/regrain/plan-regrain.ts';
import type { RegrainCase } from '../../plan/migration/regrain/regrain-case.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { list, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { MigrationTable, PlannedMigration } from '../run/begin-migration.ts';

/** Plans a re-grain of partitions as they are now; nothing is written. Throws `MigrationError` (PD601) where the table is not partitioned. */
export async function readRegrainPlan(
  session: Session,
  policy: MigrationTable,
  request: RegrainRequest,
  now: EpochMicros,
  signal: AbortSignal,
): Promise<PlannedMigration> {
  const found = await readExchangeCase(session, policy, now, () => request.partitions, signal);
  const oldest = await readOldest(session, found.subject.table, request.partitions, signal);
  return plannedExchange(found, planRegrain(found.subject, { ...request, oldest }));
}

/** The smallest key of the one among `names` that begins at MINVALUE, as the first partition of a table does that was attached. */
async function readOldest(
  session: Session,
  { partitions, key, codec }: PartitionedTable,
  names: readonly QualifiedName[],
  signal: AbortSignal,
): Promise<Position | null> {
  const wanted = new Set(names.map(formatQualifiedName));
  const first = partitions.find(
    ({ name, bound }) => wanted.has(formatQualifiedName(name)) && bound.kind === 'range' && bound.from === MINVALUE,
  );
  if (first === undefined) return null;
  const { relation, keyText, key: column } = keySource(first, key);
  const sql = /* sql */ `SELECT ${keyText} AS "key" FROM ${relation} WHERE ${column} >= $1::${keyCast(key)} ORDER BY ${column} LIMIT 1`;
  const [found] = await session.rows({ ...namedSql('read-oldest-key', sql), timeoutMs: 0 }, [codec.format(codec.min)], decodeKey, signal);
  const oldest = found === undefined ? MINVALUE : codec.parse(found.key);
  return isPosition(oldest) ? oldest : null;
}

const decodeKey = row<{ readonly key: string }>({ key: text });

/** What a plan of partitions that change places is made of. */
export interface ExchangeCase {
  readonly subject: RegrainCase;
  readonly circumstances: Circumstances;
}

/** `choose`: the names of the partitions that leave. Throws `MigrationError` (PD601) where the table is not partitioned. */
export async function readExchangeCase(
  session: Session,
  policy: MigrationTable,
  now: EpochMicros,
  choose: (table: PartitionedTable) => readonly QualifiedName[],
  signal: AbortSignal,
): Promise<ExchangeCase> {
  const [state] = await readTables(session, { policies: [policy], now, detached: [], holds: [] }, signal);
  const definition = await readDefinition(session, policy.table, signal);
  if (state?.kind !== 'partitioned' || definition === null) {
    const name = formatQualifiedName(policy.table);
    throw new MigrationError(
      'PD601',
      `${name} is no partitioned table of a kind that partitiond manages, so it has no partitions to work on. To make an ordinary table a ` +
        'partitioned one, leave out --partitions, --interval and --drain-default.',
    );
  }
  const { table } = state;
  const sources = await readSources(session, choose(table), signal);
  const [facts] = await session.rows(factsSql, [definition.oid, policy.table.schema], decodeFacts, signal);
  if (facts === undefined) throw new InvariantError('PD903', 'read-regrain-facts returned no row');
  const [first] = sources;
  const wanted = { oid: first?.oid ?? definition.oid, partitionKey: table.key.name, names: [] };
  const circumstances = await readCircumstances(session, wanted, signal);
  const subject: RegrainCase = {
    policy,
    table,
    definition,
    sources,
    partitionBy: facts.partitionBy,
    inheritedKeys: facts.inheritedKeys,
    isOwner: circumstances.isOwner,
    serverVersion: circumstances.serverVersion,
    takenNames: new Set(facts.names),
    renderCondition: (range) => renderRangeCondition({ ...keyOf(table), ...range }),
  };
  return { subject, circumstances };
}

export function plannedExchange({ subject, circumstances }: ExchangeCase, plan: MigrationPlan): PlannedMigration {
  const { table, definition } = subject;
  return { plan, definition, circumstances: { ...circumstances, estimatedRows: rowsOf(table, plan) } };
}

/** Null: one of them was never analysed. */
function rowsOf({ partitions }: PartitionedTable, { spec }: MigrationPlan): number | null {
  const sources = new Set(spec?.regrain?.sources.map(({ oid }) => oid));
  const rows = partitions.filter(({ oid }) => sources.has(oid)).map(({ estimatedRows }) => estimatedRows);
  return rows.some((estimated) => estimated < 0) ? null : rows.reduce((sum, estimated) => sum + estimated, 0);
}

/** Of the named partitions those that exist. */
async function readSources(
  session: Session,
  partitions: readonly QualifiedName[],
  signal: AbortSignal,
): Promise<readonly TableDefinition[]> {
  const sources: TableDefinition[] = [];
  for (const name of partitions) {
    const source = await readDefinition(session, name, signal);
    if (source !== null) sources.push(source);
  }
  return sources;
}

function keyOf({ key }: PartitionedTable): { readonly keyColumn: string; readonly keyType: string; readonly keyCollation: string | null } {
  return { keyColumn: key.name, keyType: key.type, keyCollation: key.collation };
}

const factsSql = namedSql(
  'read-regrain-facts',
  /* sql */ `
  SELECT
    pg_catalog.pg_get_partkeydef($1::pg_catalog.oid) AS "partitionBy",
    ARRAY(
      SELECT c.relname::pg_catalog.text
      FROM pg_catalog.pg_class AS c
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE n.nspname = $2::pg_catalog.text
    ) AS "names",
    ARRAY(
      SELECT DISTINCT pg_catalog.format('foreign key %I of %I.%I', up.conname, n.nspname, c.relname)
      FROM pg_catalog.pg_constraint AS k
      JOIN pg_catalog.pg_constraint AS up ON up.oid = k.conparentid
      JOIN pg_catalog.pg_class AS c ON c.oid = up.conrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE k.contype = 'f'
        AND ((k.conrelid = $1::pg_catalog.oid AND up.conrelid <> k.conrelid) OR (k.confrelid = $1::pg_catalog.oid AND up.confrelid <> k.confrelid))
      ORDER BY 1
    ) AS "inheritedKeys"`,
);
const decodeFacts = row<Pick<RegrainCase, 'partitionBy' | 'inheritedKeys'> & { readonly names: readonly string[] }>({
  partitionBy: text,
  names: list(text),
  inheritedKeys: list(text),
});
