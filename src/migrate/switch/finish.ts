import { randomUUID } from 'node:crypto';
import { readDefinition } from '../../catalog/migration/read-definition.ts';
import { renderDropOwnObjects, renderDropOwnTriggers, renderDropSide } from '../../ddl/migration/switch/removal.ts';
import { MigrationError } from '../../errors.ts';
import { renderRecordDetached } from '../../journal/detached-tables.ts';
import { renderForgetProgress } from '../../journal/migration/forget.ts';
import { renderChangeMigration } from '../../journal/migration/records.ts';
import { addSpan } from '../../partition/calendar.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Engine } from '../engine.ts';
import { finishRegrain } from '../regrain/end-regrain.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { catchUp } from '../replay/catch-up.ts';
import { reloadRecord } from '../save.ts';
import { brief, emit } from '../transactions.ts';
import { liveOidOf, readSwitchFacts } from './read-facts.ts';
import { readRemains } from './read-remains.ts';
import { dropReadSchemas, readSchemaNames } from './read-schemas.ts';

/**
 * Step 11, the end of the soak and of every way back: triggers, functions, log, guards and read schemas go; the old table becomes a detached one that
 * the policy's `keepOld` dates (`isDroppedNow`: it is dropped at once). Everything is one transaction. Throws `MigrationError` PD645 without a
 * verification after the switch, PD646 while something depends on the old table, PD654 for a drop of what is a partition: with attach nothing is left
 * but the journal's own.
 */
export async function finish(engine: Engine, isDroppedNow: boolean, signal: AbortSignal): Promise<void> {
  const { record, spec, id, surroundings } = engine;
  if (record.phase === 'finished') return;
  assertVerified(engine);
  const isPartition = spec.strategy === 'attach';
  if (isPartition && isDroppedNow) throw nothingToDrop(engine);
  // Without its log there is nothing left to follow, and this is the only way out.
  if ((await readRemains(engine, signal)).log !== null) await catchUp(engine, signal).catch((error: unknown) => tellBehind(engine, error));
  if (isRegrain(engine)) return await finishRegrain(engine, isDroppedNow, signal);
  if (!isPartition) await assertNoDependents(engine, signal);
  await dropReadSchemas(engine, signal);
  const facts = await readSwitchFacts(engine, engine.session, signal);
  const { functions, log, now } = await readRemains(engine, signal);
  const { journalSchema } = surroundings;
  const old = (): string =>
    isDroppedNow ? renderDropSide(spec.oldName) : renderRecordDetached(journalSchema, oldTable(engine, BigInt(now)));
  const statements = [
    ...renderDropOwnTriggers(facts, id, () => true),
    ...renderDropOwnObjects(functions, log),
    ...(isPartition ? [] : [old()]),
    ...renderForgetProgress(journalSchema, id),
    renderChangeMigration(journalSchema, id, { phase: 'finished', paused: null }),
  ];
  const wanted = (isPartition ? [] : [spec.table, spec.oldName]).map((name) => ({
    relation: formatQualifiedName(name),
    mode: 'AccessExclusiveLock' as const,
  }));
  await brief(engine, `finish the migration of ${formatQualifiedName(spec.table)}`, statements, wanted, signal);
  await reloadRecord(engine, signal);
}

/** Rows and columns that the new table alone may have or lack keep nobody from staying with it: the old one was equal after the switch. */
function tellBehind(engine: Engine, error: unknown): void {
  if (!(error instanceof MigrationError && (error.code === 'PD625' || error.code === 'PD629'))) throw error;
  const key = String(error.context['constraint'] ?? 'a unique key');
  const why = error.code === 'PD625' ? `${key} refuses rows that only the new table may hold` : 'the new table lacks one of its columns';
  const explanation = `${formatQualifiedName(engine.spec.oldName)} lacks what was written last: ${why}.`;
  emit(engine, { kind: 'migration-warning', explanation });
}

function oldTable({ record, spec, policy }: Engine, now: EpochMicros): Parameters<typeof renderRecordDetached>[1] {
  const { keepOld } = policy.migration;
  return {
    runId: randomUUID(),
    parent: spec.table,
    parentOid: liveOidOf(record),
    oid: record.sourceOid,
    name: spec.oldName,
    from: null,
    to: null,
    state: 'detached',
    dropAfter: keepOld.kind === 'calendar' ? addSpan(now, keepOld, policy.timezone, 1) : null,
  };
}

function nothingToDrop({ spec }: Engine): MigrationError {
  const [table, old] = [formatQualifiedName(spec.table), formatQualifiedName(spec.oldName)];
  return new MigrationError(
    'PD654',
    `There is no old table of ${table} to drop: ${old} is its first partition and holds its rows. Leave --drop-now out.`,
  );
}

function assertVerified({ record, spec }: Engine): void {
  const table = formatQualifiedName(spec.table);
  const { verdict, lastSwitch } = record;
  if (record.phase !== 'switched') {
    throw new MigrationError('PD645', `Could not finish the migration of ${table}: it is in phase ${record.phase}, not switched.`);
  }
  if (verdict === null || verdict.live !== 'target' || (lastSwitch !== null && verdict.at <= lastSwitch.at)) {
    const fix = `Run \`partitiond migrate verify --table ${table}\``;
    throw new MigrationError('PD645', `Could not finish the migration of ${table}: nothing was verified since the switch. ${fix} first.`);
  }
  if (verdict.mismatches > 0 || verdict.differences.length > 0) {
    const found = [`${verdict.mismatches} rows differ`, ...verdict.differences].join('; ');
    throw new MigrationError('PD645', `Could not finish the migration of ${table}: its last verification found differences (${found}).`);
  }
}

/** What still reads or names the old table would go with it, or keep it from going. */
async function assertNoDependents(engine: Engine, signal: AbortSignal): Promise<void> {
  const { session, spec } = engine;
  const old = await readDefinition(session, spec.oldName, signal);
  if (old === null) return;
  const ours = new Set(readSchemaNames(engine).map((schema) => formatQualifiedName({ schema, name: spec.table.name })));
  const dependents = [
    ...old.views
      .map(({ name }) => formatQualifiedName(name))
      .filter((view) => !ours.has(view))
      .map((view) => `view ${view}`),
    ...old.functions.map(({ signature }) => `function ${signature}`),
    ...old.strays.map(({ description }) => description),
    ...old.incoming
      .filter(({ tableOid }) => tableOid !== old.oid)
      .map((key) => `foreign key ${key.name} of ${formatQualifiedName(key.table)}`),
    ...old.unknownDependents,
  ];
  if (dependents.length === 0) return;
  const what = `${formatQualifiedName(spec.oldName)} is still used by ${dependents.join(', ')}`;
  throw new MigrationError(
    'PD646',
    `Could not finish the migration of ${formatQualifiedName(spec.table)}: ${what}. Make them anew on the new table, or drop them.`,
  );
}
