import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import type { QualifiedName } from '../../../partition/qualified-name.ts';
import { forwardTriggers, renderTurnTriggers, reverseTriggers } from './capture-triggers.ts';

/** In the switch, once the target has the table's name (`target`: what it is called at that moment). Under the locks that the switch holds. */
export function renderEnableReverseCapture(spec: MigrationSpec, id: string, target: QualifiedName = spec.table): readonly string[] {
  return [renderTurnTriggers(reverseTriggers(spec, id), target, true)];
}

/** In the switch, while the source still has the table's name. */
export function renderDisableForwardCapture(spec: MigrationSpec, id: string, source: QualifiedName = spec.table): readonly string[] {
  return [renderTurnTriggers(forwardTriggers(spec, id), source, false)];
}

/** In a rollback, while the target still has the table's name. */
export function renderDisableReverseCapture(spec: MigrationSpec, id: string, target: QualifiedName = spec.table): readonly string[] {
  return [renderTurnTriggers(reverseTriggers(spec, id), target, false)];
}

/** In a rollback, once the source has the table's name again. */
export function renderEnableForwardCapture(spec: MigrationSpec, id: string, source: QualifiedName = spec.table): readonly string[] {
  return [renderTurnTriggers(forwardTriggers(spec, id), source, true)];
}
