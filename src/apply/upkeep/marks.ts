import { unknownStep } from '../../ddl/unknown-step.ts';
import { renderBeginReindex, renderEndReindex } from '../../journal/reindex-marks.ts';
import { renderForgetIndex, renderMarkIndex } from '../../journal/upkeep-marks.ts';
import { spellIndex } from '../../partition/index-definition.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { IndexMark } from '../../partition/upkeep.ts';
import type { CreateIndex, CreatePartition, DrainDefault, NamedIndex, Step } from '../../plan/step.ts';
import { literal } from '../../postgres/literal.ts';

/** What the journal must know of a step before it begins, so that the next run knows what a killed one left; statements, often none. */
export function marksBefore(step: Step, schema: string): readonly string[] {
  if (step.kind === 'create-index') return [renderMarkIndex(schema, mark(step, 'building'))];
  if (step.kind !== 'reindex') return [];
  const { partitionOid, tableOid, index, task } = step;
  const state = task === 'index' ? 'building' : 'reindexing';
  return [renderBeginReindex(schema, { relationOid: partitionOid, tableOid, index, state })];
}

/** What it must know of a step that is done. What a VACUUM froze is the caller's to remember, as only the catalog tells whether it did. */
export function marksAfter(step: Step, schema: string): readonly string[] {
  switch (step.kind) {
    case 'create-partition':
    case 'drain-default':
      return step.indexes.map((named) => markOfNew(step, named, schema));
    case 'create-index':
      return [renderMarkIndex(schema, mark(step, 'built'))];
    case 'reindex':
      return [renderEndReindex(schema, step.partitionOid, step.index)];
    case 'drop-index':
      return [renderForgetIndex(schema, step.partitionOid, step.index)];
    case 'create-default':
    case 'finalize-detach':
    case 'detach-partition':
    case 'drop-table':
    case 'drop-guard':
    case 'vacuum':
    case 'analyze':
    case 'attach-index':
      return [];
    default:
      return unknownStep(step);
  }
}

function mark(step: CreateIndex, state: IndexMark['state']): IndexMark {
  const { partitionOid, tableOid, index, definition } = step;
  return {
    relationOid: partitionOid,
    tableOid,
    index,
    policyName: definition.name,
    definition: spellIndex(definition),
    state,
    rebuilt: null,
  };
}

/** An index that came with a new partition goes like any other when the partition leaves its subset. In the transaction that makes both. */
function markOfNew({ partition, tableOid }: CreatePartition | DrainDefault, { index, definition }: NamedIndex, schema: string): string {
  const made: IndexMark = {
    relationOid: '',
    tableOid,
    index,
    policyName: definition.name,
    definition: spellIndex(definition),
    state: 'built',
    rebuilt: null,
  };
  return renderMarkIndex(schema, made, `${literal(formatQualifiedName(partition))}::pg_catalog.regclass`);
}
