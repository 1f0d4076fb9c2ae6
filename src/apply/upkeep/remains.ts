import { renderForgetIndex } from '../../journal/upkeep-marks.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { isLeftoverOf } from '../../plan/leftover.ts';
import type { UpkeepStep } from '../../plan/step.ts';
import { conflictingModes } from '../lock-conflicts.ts';
import type { AloneRun } from './alone-run.ts';
import { decodeRemains, remainsSql } from './remains.sql.ts';
import type { CommandSettings } from './upkeep-worker.ts';

/** A drop waits for every transaction that might use the index, though nobody needs it gone at once. */
const settings: CommandSettings = { statement_timeout: '60s', lock_timeout: '0', vacuum_cost_delay: null, vacuum_cost_limit: null };

/**
 * Removes what a build that did not end well leaves: our invalid index, or the second one of a REINDEX. It serves no query, slows every
 * write, and, if unique, refuses rows. Whether nothing is left; what is, the marks tell the next run. Never throws.
 */
export async function removeRemains({ worker, step, context, cancel, signal }: AloneRun): Promise<boolean> {
  if (step.kind !== 'create-index' && step.kind !== 'reindex') return true;
  // Whoever has stopped the command may still stop this.
  const until = cancel.aborted ? signal : cancel;
  const { schema } = step.index;
  try {
    const parameters = [step.partitionOid, schema, conflictingModes('ShareUpdateExclusiveLock')];
    const remains = (await worker.session.rows(remainsSql, parameters, decodeRemains, until)).filter(({ name }) => isOf(step, name));
    const ours = remains.filter(({ isInUse }) => !isInUse);
    if (ours.length > 0) await worker.begin([], settings, context, until);
    for (const { name } of ours) {
      const sql = `/* partitiond:${step.kind} */ DROP INDEX CONCURRENTLY ${formatQualifiedName({ schema, name })}`;
      await worker.session.execute(sql, until);
    }
    if (ours.length < remains.length) return false;
    if (step.kind === 'create-index') worker.owe([renderForgetIndex(context.journal.schema, step.partitionOid, step.index)]);
    return true;
  } catch {
    return false;
  }
}

function isOf(step: UpkeepStep & { readonly kind: 'create-index' | 'reindex' }, name: string): boolean {
  return step.kind === 'reindex' ? isLeftoverOf(name, step.index.name) : name === step.index.name;
}
