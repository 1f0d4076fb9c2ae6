import { renderAddUntilCheck, renderDropUntilCheck, renderValidateUntilCheck } from '../../ddl/migration/attach/until-check.ts';
import { renderYieldAutovacuum } from '../../ddl/migration/capture/yield-autovacuum.ts';
import type { LockMode } from '../../ddl/statement.ts';
import { StatementError } from '../../errors.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import { type Alteration, alterLive } from '../alter-live.ts';
import type { Engine } from '../engine.ts';
import { buildIndexes } from '../prepare/build-indexes.ts';
import { createTarget } from '../prepare/create-target.ts';
import { keepPartitions, type Until } from './keep-partitions.ts';
import { readUntilCheck } from './read-until-check.ts';
import { refuseBeyond } from './refuse-beyond.ts';

/**
 * All that can be done before the switch: the new table with the partitions from the bound on and an equal of each index, then the CHECK on the
 * source, last, since from then on rows at or beyond the bound are refused. Makes what is missing. Throws `MigrationError` PD650 where a row lies
 * beyond, and takes the CHECK away again.
 */
export async function prepareAttach(engine: Engine, signal: AbortSignal): Promise<void> {
  await createTarget(engine, signal);
  const until = await keepPartitions(engine, signal);
  await buildIndexes(engine, signal);
  await proveUntil(engine, until, signal);
}

async function proveUntil(engine: Engine, { key, literal, shown }: Until, signal: AbortSignal): Promise<void> {
  const { spec, id } = engine;
  const table = formatQualifiedName(spec.table);
  const found = await readUntilCheck(engine, signal);
  if (found === 'absent') {
    const add = [...renderYieldAutovacuum(spec.table), renderAddUntilCheck(spec.table, id, key, literal)];
    await alterLive(engine, changing(`refuse rows of ${table} at or after ${shown}`, 'AccessExclusiveLock'), add, signal);
  }
  if (found === 'valid') return;
  const validate = changing(`prove that all rows of ${table} lie before ${shown}`, 'ShareUpdateExclusiveLock');
  try {
    await alterLive(engine, validate, [renderValidateUntilCheck(spec.table, id)], signal);
  } catch (error) {
    if (!(error instanceof StatementError) || error.sqlstate !== sqlstates.checkViolation) throw error;
    await dropUntilCheck(engine, signal);
    await refuseBeyond(engine, `${table} holds rows at or after ${shown}, where the first new partition begins`, signal);
  }
}

/** Gives the application back what it may write; where the CHECK is not there, nothing. */
export async function dropUntilCheck(engine: Engine, signal: AbortSignal): Promise<void> {
  if ((await readUntilCheck(engine, signal)) === 'absent') return;
  const { spec, id } = engine;
  const doing = `let ${formatQualifiedName(spec.table)} take all rows again`;
  const statements = [...renderYieldAutovacuum(spec.table), renderDropUntilCheck(spec.table, id)];
  await alterLive(engine, changing(doing, 'AccessExclusiveLock'), statements, signal);
}

function changing(doing: string, mode: LockMode): Alteration {
  return { doing, mode, whatIsLeft: 'Nothing was changed; the next run tries again.' };
}
