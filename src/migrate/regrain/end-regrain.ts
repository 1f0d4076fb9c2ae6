import { randomUUID } from 'node:crypto';
import { type Equipment, renderTakeAway } from '../../ddl/migration/regrain/take-away.ts';
import { renderDropOwnObjects, renderDropSide } from '../../ddl/migration/switch/removal.ts';
import { renderRecordDetached } from '../../journal/detached-tables.ts';
import { renderForgetProgress } from '../../journal/migration/forget.ts';
import { renderChangeMigration } from '../../journal/migration/records.ts';
import { addSpan } from '../../partition/calendar.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { reloadRecord } from '../save.ts';
import { readRemains } from '../switch/read-remains.ts';
import { brief } from '../transactions.ts';
import { ensureLoose } from './keys/loosen-keys.ts';
import { type Member, type RegrainEngine, readMembers } from './regrain-engine.ts';

/** The table's own partitions stay, without what the migration has put on them; the others go with the table beside. */
export async function abortRegrain(engine: RegrainEngine, signal: AbortSignal): Promise<void> {
  const { session, id, spec, surroundings } = engine;
  // Keys that a killed switch has left would fail deletes of what stale rows reference, once capture is gone.
  await ensureLoose(engine, signal);
  const { table, sources } = await readMembers(engine, session, signal);
  for (const equipped of [ofTable(engine, table), ...sources.map(equipment)]) {
    const statements = renderTakeAway(equipped);
    const relation = formatQualifiedName(equipped.name);
    const wanted = [{ relation, mode: 'AccessExclusiveLock' as const }];
    if (statements.length > 0) await brief(engine, `take capture off ${relation}`, statements, wanted, signal);
  }
  const { target, functions, log } = await readRemains(engine, signal);
  const ending = [
    ...(target === null ? [] : [renderDropSide(target.name)]),
    ...renderDropOwnObjects(functions, log),
    ...renderForgetProgress(surroundings.journalSchema, id),
    renderChangeMigration(surroundings.journalSchema, id, { phase: 'aborted', paused: null }),
  ];
  const relation = formatQualifiedName(spec.targetName);
  await brief(engine, `drop ${relation}`, ending, [{ relation, mode: 'AccessExclusiveLock' }], signal);
  await reloadRecord(engine, signal);
}

/** The former partitions become detached tables with a date (`isDroppedNow`: they are dropped), the table beside goes; one transaction. */
export async function finishRegrain(engine: RegrainEngine, isDroppedNow: boolean, signal: AbortSignal): Promise<void> {
  const { session, id, spec, surroundings } = engine;
  const { journalSchema } = surroundings;
  // Replay sees to that; where the log is gone nothing was replayed, and the tables that are kept would keep keys and rules.
  await ensureLoose(engine, signal);
  const { table, sources, targets } = await readMembers(engine, session, signal);
  const { functions, log, now } = await readRemains(engine, signal);
  const beside = formatQualifiedName(spec.targetName);
  const old = isDroppedNow
    ? []
    : sources.flatMap((source) => [
        `ALTER TABLE ${beside} DETACH PARTITION ${formatQualifiedName(source.name)}`,
        ...renderTakeAway(equipment(source)),
        renderRecordDetached(journalSchema, detached(engine, source, BigInt(now))),
      ]);
  const statements = [
    ...renderTakeAway(ofTable(engine, table)),
    ...targets.flatMap((target) => renderTakeAway(equipment(target))),
    ...old,
    renderDropSide(spec.targetName),
    ...renderDropOwnObjects(functions, log),
    ...renderForgetProgress(journalSchema, id),
    renderChangeMigration(journalSchema, id, { phase: 'finished', paused: null }),
  ];
  const wanted = [spec.table, ...[...targets, ...sources].map(({ name }) => name)].map((name) => ({
    relation: formatQualifiedName(name),
    mode: 'AccessExclusiveLock' as const,
  }));
  await brief(engine, `finish the migration of ${formatQualifiedName(spec.table)}`, statements, wanted, signal);
  await reloadRecord(engine, signal);
}

function ofTable({ spec }: RegrainEngine, { triggers }: Pick<Equipment, 'triggers'>): Equipment {
  return { name: spec.table, triggers, check: null };
}

function equipment({ name, triggers, check }: Member): Equipment {
  return { name, triggers, check };
}

function detached(
  { spec, policy }: RegrainEngine,
  { oid, name, from, to }: Member,
  now: bigint,
): Parameters<typeof renderRecordDetached>[1] {
  const { keepOld } = policy.migration;
  return {
    runId: randomUUID(),
    parent: spec.table,
    parentOid: spec.definition.oid,
    oid,
    name,
    from,
    to,
    state: 'detached',
    dropAfter: keepOld.kind === 'calendar' ? addSpan(now, keepOld, policy.timezone, 1) : null,
  };
}
