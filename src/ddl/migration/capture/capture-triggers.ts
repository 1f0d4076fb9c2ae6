import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type CaptureFunction, captureFunction } from './capture-functions.ts';

/** How a trigger fires once it is on: O as usual, R for logical replication's apply alone, A always. */
export type Firing = 'O' | 'R' | 'A';

export interface CaptureTrigger {
  readonly name: string;
  /** Between the trigger's name and the table's. */
  readonly event: string;
  /** Behind the table's name, up to EXECUTE. */
  readonly scope: string;
  readonly execute: CaptureFunction;
  readonly firing: Firing;
}

/** The name of every trigger of capture begins so. */
export function captureTriggerPrefix(id: string): string {
  return `partitiond_capture_${id}_`;
}

/**
 * Triggers of the source. Statement triggers cost a statement of 10,000 rows a tenth of what row triggers do; logical replication's apply, though,
 * fires row triggers alone, and of those only what is enabled for replicas. A partition (re-grain) has row triggers, as no statement trigger of
 * it sees what is written through its parent.
 */
export function forwardTriggers(spec: MigrationSpec, id: string): readonly CaptureTrigger[] {
  const truncate = truncateTrigger(id);
  if (spec.capture === 'dual') return [rowTrigger(id, 'dual', 'A'), truncate];
  if (spec.subject !== 'table') return [rowTrigger(id, 'row', 'A'), truncate];
  return [
    statementTrigger(id, 'insert', 'NEW TABLE AS new_rows'),
    statementTrigger(id, 'update', 'OLD TABLE AS old_rows NEW TABLE AS new_rows'),
    statementTrigger(id, 'delete', 'OLD TABLE AS old_rows'),
    rowTrigger(id, 'row', 'R'),
    truncate,
  ];
}

/** Triggers of the target, which serve when it is live. PostgreSQL makes the row trigger on each partition, present and future. */
export function reverseTriggers(spec: MigrationSpec, id: string): readonly CaptureTrigger[] {
  return [rowTrigger(id, spec.capture === 'dual' ? 'dual_back' : 'row', 'A'), truncateTrigger(id)];
}

/** On each partition of the target: PostgreSQL clones row triggers only. */
export function truncateTrigger(id: string): CaptureTrigger {
  const name = `${captureTriggerPrefix(id)}truncate`;
  return { name, event: 'AFTER TRUNCATE', scope: 'FOR EACH STATEMENT', execute: 'truncate', firing: 'A' };
}

function statementTrigger(id: string, execute: 'insert' | 'update' | 'delete', transition: string): CaptureTrigger {
  const name = `${captureTriggerPrefix(id)}${execute}`;
  return { name, event: `AFTER ${execute.toUpperCase()}`, scope: `REFERENCING ${transition} FOR EACH STATEMENT`, execute, firing: 'O' };
}

function rowTrigger(id: string, execute: 'row' | 'dual' | 'dual_back', firing: Firing): CaptureTrigger {
  return {
    name: `${captureTriggerPrefix(id)}row`,
    event: 'AFTER INSERT OR UPDATE OR DELETE',
    scope: 'FOR EACH ROW',
    execute,
    firing,
  };
}

/** CREATE TRIGGER, and what brings it into its state (`isOn` false: disabled). SHARE ROW EXCLUSIVE on the table, and on the partitions of a row trigger. */
export function renderCaptureTrigger(
  trigger: CaptureTrigger,
  table: QualifiedName,
  journalSchema: string,
  id: string,
  isOn: boolean,
): readonly string[] {
  const on = formatQualifiedName(table);
  const execute = formatQualifiedName(captureFunction(journalSchema, id, trigger.execute));
  const create = `CREATE TRIGGER ${quoteIdentifier(trigger.name)} ${trigger.event} ON ${on} ${trigger.scope} EXECUTE FUNCTION ${execute}()`;
  return isOn && trigger.firing === 'O' ? [create] : [create, `ALTER TABLE ${on} ${turned(trigger, isOn)}`];
}

/** Brings one that somebody has turned off, or made to fire otherwise, into its state again. */
export function renderTurnOn(trigger: CaptureTrigger, table: QualifiedName): string {
  return `ALTER TABLE ${formatQualifiedName(table)} ${turned(trigger, true)}`;
}

function turned({ name, firing }: CaptureTrigger, isOn: boolean): string {
  const trigger = `TRIGGER ${quoteIdentifier(name)}`;
  if (!isOn) return `DISABLE ${trigger}`;
  return { O: `ENABLE ${trigger}`, R: `ENABLE REPLICA ${trigger}`, A: `ENABLE ALWAYS ${trigger}` }[firing];
}
