import { type ConnectionError, StatementError } from '../../errors.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { CreateIndex, Reindex, UpkeepStep } from '../../plan/step.ts';
import { sqlstates } from '../../postgres/sqlstate.ts';
import { doing } from '../step-run.ts';
import type { Sight } from './look.sql.ts';

/** VACUUM and ANALYZE say it as a warning and go on. */
export function mayNotMaintain(step: UpkeepStep, { role, owner }: Sight): StatementError {
  const partition = formatQualifiedName(step.partition);
  const message =
    `Could not ${doing(step)}: the role ${role} may not maintain it. PostgreSQL 17 and later: GRANT MAINTAIN ON ${partition} TO ` +
    `${quoteIdentifier(role)}; before, only the owner of the table${owner === null ? '' : ` (${owner})`} and of the database may.`;
  return new StatementError('PD520', message, sqlstates.insufficientPrivilege, { context: { partition } });
}

/** A unique index that the rows do not allow. `isRemoved`: the half-made index is gone again. `isValid`: the one that was to be rebuilt. */
export function notUnique(
  step: CreateIndex | Reindex,
  { isRemoved, isValid }: { readonly isRemoved: boolean; readonly isValid: boolean },
  cause: StatementError,
): StatementError {
  const [index, partition] = [formatQualifiedName(step.index), formatQualifiedName(step.partition)];
  const what = whatIsLeft(step, index, isRemoved, isValid);
  const message = `Could not ${doing(step)}: rows of ${partition} are not unique in the columns of ${index} (SQLSTATE 23505). ${what}`;
  return new StatementError('PD521', message, sqlstates.uniqueViolation, { cause, context: { partition, index } });
}

/**
 * The session of a worker was lost, or could not be had. No `ConnectionError`: whoever sees that takes the connection of the whole run for lost,
 * and repeats it.
 */
export function workerLost(step: UpkeepStep, cause: ConnectionError): StatementError {
  const message = `Could not ${doing(step)} on a session of its own: ${cause.message} The other steps go on; the next run looks again.`;
  return new StatementError('PD523', message, '08006', { cause, context: { partition: formatQualifiedName(step.partition) } });
}

function whatIsLeft({ kind }: CreateIndex | Reindex, index: string, isRemoved: boolean, isValid: boolean): string {
  if (kind === 'create-index' && isRemoved) {
    return 'The index was removed again. Remove the duplicates, or take `unique` out of the policy.';
  }
  if (isValid) {
    return 'The index is as it was, though it should have refused them: check it (amcheck), and remove the duplicates. It is tried again after a day.';
  }
  return `The index is there, invalid, and refuses further duplicates; remove them, or the index: DROP INDEX CONCURRENTLY ${index};`;
}

/** The command said nothing, but the catalog shows something else; `found` is the rest of a sentence. */
export function notConfirmed(step: UpkeepStep, found: string): StatementError {
  const message = `${doing(step)} was done, but ${found}. Somebody else changed it at the same time; the next run plans afresh.`;
  return new StatementError('PD522', message, '55000', { context: { partition: formatQualifiedName(step.partition) } });
}
