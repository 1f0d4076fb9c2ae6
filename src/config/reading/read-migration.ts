import { parseSpan, type Span } from '../../partition/interval.ts';
import type { DailyWindow, MigrationPolicy, SwitchPolicy } from '../../partition/migration/policy.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import {
  brakesSection,
  copySection,
  dailyWindowSection,
  migrationSection,
  readSchemasSection,
  switchSection,
  verifySection,
} from '../declaration/migration-keys.ts';
import { isUnset, type MapNode, type Report } from '../document/config-node.ts';
import { asMap, completeValues, isNone, readMap, readOptionalList, readSection, reportValue } from './read-section.ts';

export type ReadMigration = { readonly isRead: true; readonly value: MigrationPolicy | null } | { readonly isRead: false };

const failed: ReadMigration = { isRead: false };
const sevenDays: Span = { kind: 'calendar', months: 0, days: 7, micros: 0n };
const noTime: Span = { kind: 'calendar', months: 0, days: 0, micros: 0n };

/** The migration of a table, null when it has none. `name`: of the table, whose own schema is none to read from. Problems are reported. */
export function readMigration(table: MapNode, name: QualifiedName | null, report: Report): ReadMigration {
  const node = table.entries.get('migration');
  if (node === undefined || isNone(node)) return { isRead: true, value: null };
  const map = asMap(node, table, report);
  if (node.kind !== 'map') return failed;
  const values = completeValues(migrationSection, readSection(migrationSection, map, report));
  const work = readWork(map, report);
  const window = readWindows(map, report);
  const switchover = readSwitch(readMap(map, 'switch', report), report);
  const readSchemas = readReadSchemas(map, name, report);
  const keepOld = readKeepOld(map, report);
  if (values === null || work === null || window === null || switchover === null) return failed;
  if (readSchemas === undefined || keepOld === null || !areSections(map)) return failed;
  return {
    isRead: true,
    value: {
      partitionKey: values.partitionKey,
      strategy: values.strategy,
      capture: values.capture,
      ...work,
      window,
      switchover,
      readSchemas,
      runner: values.runner,
      keepOld,
      waive: values.waive,
    },
  };
}

/** How batches are copied, held back and compared. */
function readWork(map: MapNode, report: Report): Pick<MigrationPolicy, 'copy' | 'brakes' | 'verify'> | null {
  const copy = completeValues(copySection, readSection(copySection, readMap(map, 'copy', report), report));
  const brakes = completeValues(brakesSection, readSection(brakesSection, readMap(map, 'brakes', report), report));
  const verify = completeValues(verifySection, readSection(verifySection, readMap(map, 'verify', report), report));
  if (copy === null || brakes === null || verify === null) return null;
  const { workers, batchTime: batchTimeMs, pace, maxBacklog, diskFree: diskFreeBytes } = copy;
  const { replicaLag: replicaLagMs, slotWal: slotWalBytes, commitLatencyFactor } = brakes;
  return {
    copy: { workers, batchTimeMs, pace, maxBacklog, diskFreeBytes },
    brakes: { replicaLagMs, slotWalBytes, commitLatencyFactor },
    verify: { eachBatch: verify.eachBatch, maxAgeMs: verify.maxAge },
  };
}

/** Something else than a map where one belongs has been reported by `readMap`, which then answers with an empty one. */
function areSections(map: MapNode): boolean {
  return ['copy', 'brakes', 'verify', 'switch'].every((name) => {
    const node = map.entries.get(name);
    return isUnset(node) || node.kind === 'map';
  });
}

function readWindows(parent: MapNode, report: Report): readonly DailyWindow[] | null {
  const items = readOptionalList(parent, 'window', report);
  const windows = items?.map((item) => completeValues(dailyWindowSection, readSection(dailyWindowSection, item, report))) ?? [];
  const complete = windows.filter((window) => window !== null);
  if (items === null || complete.length < items.length) return null;
  return complete.map(({ days, from, to }) => ({ days, fromMinute: from, toMinute: to }));
}

function readSwitch(map: MapNode, report: Report): SwitchPolicy | null {
  const values = completeValues(switchSection, readSection(switchSection, map, report));
  const window = readWindows(map, report);
  if (values === null || window === null) return null;
  const { maxLock: maxLockMs, drain: drainMs, deadline: deadlineMs, oldSnapshots } = values;
  if (drainMs > maxLockMs) {
    const node = map.entries.get('drain') ?? map.entries.get('maxLock') ?? map;
    report(
      node,
      `the locks are held for ${maxLockMs}ms at most (maxLock), of which draining cannot take ${drainMs}ms (drain); make drain less`,
    );
    return null;
  }
  return { maxLockMs, drainMs, deadlineMs, window, oldSnapshots };
}

/** Undefined when it cannot be read (reported). */
function readReadSchemas(parent: MapNode, table: QualifiedName | null, report: Report): MigrationPolicy['readSchemas'] | undefined {
  const node = parent.entries.get('readSchemas');
  if (node === undefined || isNone(node)) return null;
  const map = asMap(node, parent, report);
  if (node.kind !== 'map') return undefined;
  const values = completeValues(readSchemasSection, readSection(readSchemasSection, map, report));
  if (values === null) return undefined;
  if (values.old === values.new) {
    report(map, `both views would be ${values.old}.${table?.name ?? 'the table'}; name two schemas`);
    return undefined;
  }
  const own = (['old', 'new'] as const).find((key) => values[key] === table?.schema);
  if (own === undefined) return values;
  report(
    map.entries.get(own) ?? map,
    `the table itself has its name in ${values[own]}; name another schema, and let it be before this one in search_path`,
  );
  return undefined;
}

function readKeepOld(map: MapNode, report: Report): Span | null {
  const node = map.entries.get('keepOld');
  if (isUnset(node)) return sevenDays;
  if (node.kind !== 'scalar' || node.isBroken || (typeof node.value !== 'string' && typeof node.value !== 'number')) return null;
  try {
    const span = parseSpan(node.value);
    if (span.kind === 'calendar') return span;
    if (span.distance === 0n) return noTime;
    throw new RangeError(`it is a bare number; write its unit, for example ${span.distance} days`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reportValue(node, error.message, 'calendar time such as 7 days, or 0 to drop at once', false, report);
    return null;
  }
}
