import { readEvidence } from '../../catalog/read-evidence.ts';
import { readTables } from '../../catalog/read-tables.ts';
import { renderCaptureFunctions } from '../../ddl/migration/capture/capture-functions.ts';
import { captureLog, renderCreateLog } from '../../ddl/migration/capture/capture-log.ts';
import {
  type CaptureTrigger,
  forwardTriggers,
  renderCaptureTrigger,
  reverseTriggers,
} from '../../ddl/migration/capture/capture-triggers.ts';
import { renderAddBoundCheck, renderValidateBoundCheck } from '../../ddl/migration/regrain/bound-check.ts';
import { guardTriggerName, renderGuard } from '../../ddl/migration/target/guard.ts';
import { renderAnalyzeParent } from '../../ddl/migration/target/index-marks.ts';
import type { LockMode } from '../../ddl/statement.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import type { RegrainRange } from '../../partition/migration/spec.ts';
import type { PartitionedTable, PartitionTemplate } from '../../partition/partition.ts';
import { MAXVALUE, MINVALUE } from '../../partition/position.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { boolean, row } from '../../postgres/row-decoder.ts';
import { backfill } from '../copy/backfill.ts';
import { openSource } from '../copy/open-source.ts';
import { createTarget } from '../prepare/create-target.ts';
import type { ProvisionStep } from '../prepare/provision/plan-partitions.ts';
import { applySteps } from '../prepare/provision-target.ts';
import { brief, long } from '../transactions.ts';
import { engineOfSource, type Member, type RegrainEngine, readMembers, stagingOidOf } from './regrain-engine.ts';

/** Steps 1 to 3 for partitions: the table beside with its partitions, the CHECK of every bound, capture on both sides, the sources' files. */
export async function prepareRegrain(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  await createTarget(engine, signal);
  await makeTargets(engine, signal);
  await checkBounds(engine, signal);
  await capture(engine, signal);
  for (const source of engine.spec.regrain.sources) await openSource(engineOfSource(engine, source), signal);
}

/** Step 4, one source after the other. */
export async function backfillRegrain(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  for (const source of engine.spec.regrain.sources) await backfill(engineOfSource(engine, source), signal);
}

/** What the planner knows of the new partitions when they take the queries. */
export async function analyzeTargets(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  for (const { name } of engine.spec.regrain.targets) {
    const relation = formatQualifiedName(name);
    await long(engine, engine.session, `analyze ${relation}`, [renderAnalyzeParent(name, 0)], signal);
  }
}

async function makeTargets(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  const { session, spec } = engine;
  const { targets } = await readMembers(engine, session, signal);
  const staging = stagingOidOf(engine);
  const stranger = targets.find(({ parentOid }) => parentOid !== staging);
  if (stranger !== undefined) {
    const what = `${formatQualifiedName(stranger.name)} exists already, and this migration did not make it`;
    throw new MigrationError('PD620', `${what}. Rename or drop it, then run ${migrateCommand('start', spec.table)} again.`);
  }
  const missing = spec.regrain.targets.filter(({ name }) => !targets.some((found) => found.name.name === name.name));
  if (missing.length === 0) return;
  const { table, template } = await readTemplate(engine, signal);
  const steps = missing.map((range) => stepOf(engine, table, template, range));
  await applySteps(engine, steps, signal);
}

function stepOf(engine: RegrainEngine, table: PartitionedTable, template: PartitionTemplate, target: RegrainRange): ProvisionStep {
  const { spec, policy } = engine;
  const { name, from, to, rest } = target;
  const made = {
    table: spec.targetName,
    tableOid: stagingOidOf(engine),
    partition: name,
    template,
    storage: policy.storage,
    references: [],
    referencedBy: [],
    reason: `it takes its part of the rows of ${spec.regrain.sources.map((source) => formatQualifiedName(source.name)).join(', ')}`,
    task: 'provision' as const,
  };
  if (rest !== undefined) return { ...made, kind: 'create-default', range: null };
  const { codec, key } = table;
  return {
    ...made,
    kind: 'create-partition',
    range: { from: from === null ? MINVALUE : codec.parse(from), to: to === null ? MAXVALUE : codec.parse(to) },
    from,
    to,
    keyColumn: key.name,
    keyType: key.type,
    keyCollation: key.collation,
    indexes: [],
    guard: null,
  };
}

/** As a partition of the table itself would be made. */
async function readTemplate(
  { session, policy, spec }: RegrainEngine,
  signal: AbortSignal,
): Promise<{ readonly table: PartitionedTable; readonly template: PartitionTemplate }> {
  const [state] = await readTables(session, { policies: [policy], now: BigInt(Date.now()) * 1000n, detached: [], holds: [] }, signal);
  if (state?.kind !== 'partitioned') {
    throw new MigrationError(
      'PD623',
      `${formatQualifiedName(spec.table)} cannot be given partitions: it is no partitioned table any more.`,
    );
  }
  const questions = { defaultRanges: [], referencedOids: [], names: [], needsTemplate: true };
  const [evidence] = await readEvidence(session, [{ table: state.table, questions }], signal);
  if (evidence === undefined || evidence.template === null)
    throw new InvariantError('PD904', 'A partition is to be made without a template');
  return { table: state.table, template: evidence.template };
}

/** NOT VALID and then validated, so that no writer of a source waits for a scan. */
async function checkBounds(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  const { sources, targets } = await readMembers(engine, engine.session, signal);
  for (const member of [...targets, ...sources]) {
    const relation = formatQualifiedName(member.name);
    if (member.check === null) {
      await brief(engine, `add the bound of ${relation}`, [renderAddBoundCheck(engine.spec, engine.id, member)], exclusive(member), signal);
    }
    if (!member.isCheckValid) {
      await long(engine, engine.session, `validate the bound of ${relation}`, [renderValidateBoundCheck(engine.id, member)], signal);
    }
  }
}

async function capture(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  const { id, spec, surroundings, session } = engine;
  const { journalSchema } = surroundings;
  const log = formatQualifiedName(captureLog(journalSchema, id));
  const [found] = await session.rows(logSql, [log], row<{ exists: boolean }>({ exists: boolean }), signal);
  const functions = renderCaptureFunctions(spec, journalSchema, id);
  const create = found?.exists === true ? [] : renderCreateLog(spec, journalSchema, id);
  await brief(engine, 'create the log of captured positions', [...create, ...functions], [], signal);
  const { sources, targets } = await readMembers(engine, session, signal);
  const missing = ({ triggers }: Member, wanted: readonly CaptureTrigger[]): readonly CaptureTrigger[] =>
    wanted.filter(({ name }) => !triggers.includes(name));
  for (const target of targets) {
    const guard = target.triggers.includes(guardTriggerName(id)) ? [] : renderGuard(journalSchema, id, target.name);
    const triggers = missing(target, reverseTriggers(spec, id)).flatMap((one) =>
      renderCaptureTrigger(one, target.name, journalSchema, id, false),
    );
    const statements = [...guard, ...triggers];
    if (statements.length > 0) await brief(engine, `guard ${formatQualifiedName(target.name)}`, statements, writers(target), signal);
  }
  for (const source of sources) {
    const wanted = missing(source, forwardTriggers(spec, id));
    const statements = wanted.flatMap((trigger) => renderCaptureTrigger(trigger, source.name, journalSchema, id, true));
    if (statements.length > 0)
      await brief(engine, `capture the writes of ${formatQualifiedName(source.name)}`, statements, writers(source), signal);
  }
}

const logSql = namedSql('has-capture-log', 'SELECT pg_catalog.to_regclass($1::pg_catalog.text) IS NOT NULL AS "exists"');

function exclusive({ name }: Member): readonly { readonly relation: string; readonly mode: LockMode }[] {
  return [{ relation: formatQualifiedName(name), mode: 'AccessExclusiveLock' }];
}

function writers({ name }: Member): readonly { readonly relation: string; readonly mode: LockMode }[] {
  return [{ relation: formatQualifiedName(name), mode: 'ShareRowExclusiveLock' }];
}
