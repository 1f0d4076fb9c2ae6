import type { StatementError } from '../../errors.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { UpkeepStep } from '../../plan/step.ts';
import type { Sight } from './look.sql.ts';
import { notConfirmed } from './upkeep-errors.ts';

/** Success is what the catalog says: null, or the error (PD522) of a step after which `sight` is not as it left it. */
export function contradiction(step: UpkeepStep, sight: Sight): StatementError | null {
  const found = findContradiction(step, sight);
  return found === null ? null : notConfirmed(step, found);
}

function findContradiction(step: UpkeepStep, sight: Sight): string | null {
  switch (step.kind) {
    case 'vacuum':
    case 'analyze':
      return null;
    case 'reindex':
    case 'create-index': {
      if (sight.indexOid === null) return `the catalog does not show ${formatQualifiedName(step.index)}`;
      // Of a partitioned table it is valid once every partition has attached its own.
      const mayBeInvalid = step.kind === 'create-index' && step.how === 'only';
      return sight.isIndexValid || mayBeInvalid ? null : `the catalog shows ${formatQualifiedName(step.index)} as invalid`;
    }
    case 'attach-index':
      return sight.isAttached
        ? null
        : `the catalog does not show ${formatQualifiedName(step.index)} as part of ${formatQualifiedName(step.parentIndex)}`;
    case 'drop-index':
      return sight.indexOid === step.indexOid ? `the catalog still shows ${formatQualifiedName(step.index)}` : null;
  }
}
