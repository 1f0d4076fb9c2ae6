import { StatementError } from '../../errors.ts';
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

/** A unique index that the rows do not allow. `isLeft`: the invalid index could not be removed again. */
export function notUnique(step: CreateIndex | Reindex, isLeft: boolean, cause: StatementError): StatementError {
  const [index, partition] = [formatQualifiedName(step.index), formatQualifiedName(step.partition)];
  const what =
    step.kind === 'reindex' || isLeft
      ? `The index is there, invalid, and refuses further duplicates; remove them, or the index: DROP INDEX CONCURRENTLY ${index};`
      : 'The index was removed again. Remove the duplicates, or take `unique` out of the policy.';
  const message = `Could not ${doing(step)}: rows of ${partition} are not unique in the columns of ${index} (SQLSTATE 23505). ${what}`;
  return new StatementError('PD521', message, sqlstates.uniqueViolation, { cause, context: { partition, index } });
}

/** The command said nothing, but the catalog shows something else; `found` is the rest of a sentence. */
export function notConfirmed(step: UpkeepStep, found: string): StatementError {
  const message = `${doing(step)} was done, but ${found}. Somebody else changed it at the same time; the next run plans afresh.`;
  return new StatementError('PD522', message, '55000', { context: { partition: formatQualifiedName(step.partition) } });
}
