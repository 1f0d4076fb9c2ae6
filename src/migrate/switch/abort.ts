import { renderDropUntilCheck } from '../../ddl/migration/attach/until-check.ts';
import { renderYieldAutovacuum } from '../../ddl/migration/capture/yield-autovacuum.ts';
import { renderDropOwnObjects, renderDropOwnTriggers, renderDropSide } from '../../ddl/migration/switch/removal.ts';
import { MigrationError } from '../../errors.ts';
import { renderForgetProgress } from '../../journal/migration/forget.ts';
import { renderChangeMigration } from '../../journal/migration/records.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { readUntilCheck } from '../attach/read-until-check.ts';
import type { Engine } from '../engine.ts';
import { abortRegrain } from '../regrain/end-regrain.ts';
import { isRegrain } from '../regrain/regrain-engine.ts';
import { reloadRecord } from '../save.ts';
import { brief } from '../transactions.ts';
import { readSwitchFacts } from './read-facts.ts';
import { readRemains } from './read-remains.ts';
import { dropReadSchemas } from './read-schemas.ts';

/**
 * Before the switch, from every phase: triggers, target, functions and log go, in this order, so that from the first transaction on the application
 * writes as it did before; the source is as it was. May be called again after anything. Throws `MigrationError` PD644 while the target is live,
 * and once the migration has finished.
 */
export async function abort(engine: Engine, signal: AbortSignal): Promise<void> {
  const { record, spec, id, surroundings } = engine;
  const table = formatQualifiedName(spec.table);
  if (record.phase === 'aborted') return;
  if (record.live === 'target' || record.phase === 'finished') {
    const fix = record.phase === 'finished' ? 'It has finished' : `Run \`partitiond migrate rollback --table ${table}\` first`;
    throw new MigrationError('PD644', `Could not abort the migration of ${table}: the partitioned table takes the writes. ${fix}.`);
  }
  if (isRegrain(engine)) return await abortRegrain(engine, signal);
  const facts = await readSwitchFacts(engine, engine.session, signal);
  const ofSource = [
    ...renderDropOwnTriggers(facts, id, ({ tableOid }) => tableOid === record.sourceOid),
    ...((await readUntilCheck(engine, signal)) === 'absent' ? [] : [renderDropUntilCheck(spec.table, id)]),
  ];
  if (ofSource.length > 0) {
    const wanted = [{ relation: table, mode: 'AccessExclusiveLock' as const }];
    await brief(
      engine,
      `give ${table} back its triggers and constraints`,
      [...renderYieldAutovacuum(spec.table), ...ofSource],
      wanted,
      signal,
    );
  }
  await dropReadSchemas(engine, signal);
  const { target, functions, log } = await readRemains(engine, signal);
  const gone = target === null ? [] : [renderDropSide(target.name)];
  const relation = formatQualifiedName(spec.targetName);
  const ending = [
    ...gone,
    ...renderDropOwnObjects(functions, log),
    ...renderForgetProgress(surroundings.journalSchema, id),
    renderChangeMigration(surroundings.journalSchema, id, { phase: 'aborted', paused: null }),
  ];
  await brief(engine, `drop ${relation}`, ending, [{ relation, mode: 'AccessExclusiveLock' }], signal);
  await reloadRecord(engine, signal);
}
