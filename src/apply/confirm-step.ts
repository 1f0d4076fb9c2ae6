import { unknownStep } from '../ddl/unknown-step.ts';
import { StatementError } from '../errors.ts';
import { formatQualifiedName, type QualifiedName } from '../partition/qualified-name.ts';
import type { Step } from '../plan/step.ts';
import type { ApplyContext } from './apply-context.ts';

/**
 * Success is what the catalog says: reads the partition again and throws `StatementError` PD510 when it is not as the step left it. A drop of
 * a guard needs no word of confirmation: the next snapshot lists leftover guards anyway.
 */
export async function confirmStep(step: Step, context: ApplyContext): Promise<void> {
  const contradiction = await findContradiction(step, context);
  if (contradiction === null) return;
  const message = `${step.kind} was committed, but ${contradiction}. Somebody else changed it at the same time; the next run plans afresh.`;
  throw new StatementError('PD510', message, '55000', { context: { partition: formatQualifiedName(step.partition) } });
}

async function findContradiction(step: Step, context: ApplyContext): Promise<string | null> {
  const read = (name: QualifiedName): ReturnType<ApplyContext['readPartitionState']> => context.readPartitionState(step.tableOid, name);
  const [partition, table] = [formatQualifiedName(step.partition), formatQualifiedName(step.table)];
  switch (step.kind) {
    case 'create-partition':
    case 'create-default':
    case 'drain-default': {
      const state = await read(step.partition);
      return state?.parentOid === step.tableOid && !state.isDetachPending
        ? null
        : `the catalog does not show ${partition} as a partition of ${table}`;
    }
    case 'detach-partition':
    case 'finalize-detach': {
      const state = await read(step.moveTo ?? step.partition);
      return state?.parentOid === step.tableOid ? `the catalog still shows ${partition} as a partition of ${table}` : null;
    }
    case 'drop-table': {
      const state = await read(step.partition);
      return state?.oid === step.partitionOid ? `the catalog still shows ${partition}` : null;
    }
    case 'drop-guard':
    case 'vacuum':
    case 'analyze':
    case 'reindex':
    case 'create-index':
    case 'attach-index':
    case 'drop-index':
      return null;
    default:
      return unknownStep(step);
  }
}
