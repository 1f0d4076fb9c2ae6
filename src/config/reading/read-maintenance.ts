import type { MaintenancePolicy, MaintenanceWindow } from '../../partition/policy.ts';
import { maintenanceSection, windowSection } from '../declaration/maintenance-keys.ts';
import type { MapNode, Report } from '../document/config-node.ts';
import { asMap, completeValues, isNone, readMap, readSection } from './read-section.ts';

export type ReadMaintenance = { readonly isRead: true; readonly value: MaintenancePolicy | null } | { readonly isRead: false };
type ReadWindow = { readonly isRead: true; readonly value: MaintenanceWindow | null } | { readonly isRead: false };

/**
 * The maintenance of a table whose defaults are merged in already: that of the declared defaults when nothing is written, null when it is
 * switched off. Without a time zone (which had a problem of its own) a window cannot be read. Problems are reported.
 */
export function readMaintenance(table: MapNode, timezone: string | null, report: Report): ReadMaintenance {
  const node = table.entries.get('maintenance');
  if (node !== undefined && isNone(node)) return { isRead: true, value: null };
  if (node !== undefined && node.kind !== 'map') {
    asMap(node, table, report);
    return { isRead: false };
  }
  const map = readMap(table, 'maintenance', report);
  const values = completeValues(maintenanceSection, readSection(maintenanceSection, map, report));
  const window = readWindow(map, timezone, report);
  if (values === null || !window.isRead) return { isRead: false };
  return {
    isRead: true,
    value: {
      vacuumDeadRatio: values.vacuumDeadRatio,
      vacuumDeadRows: values.vacuumDeadRows,
      analyzeChangedRatio: values.analyzeChangedRatio,
      analyzeChangedRows: values.analyzeChangedRows,
      freezeAgeRatio: values.freezeAgeRatio,
      freezeClosed: values.freezeClosed,
      closedForMs: values.closedFor,
      reindexBloat: values.reindexBloat,
      reindexMinBytes: values.reindexMinSize,
      parentAnalyzeEveryMs: values.parentAnalyzeEvery,
      limits: {
        concurrency: values.concurrency,
        window: window.value,
        costDelayMs: values.costDelay,
        costLimit: values.costLimit,
        maxReplicationLagMs: values.maxReplicationLag,
        maxLockWaiters: values.maxLockWaiters,
      },
    },
  };
}

function readWindow(maintenance: MapNode, timezone: string | null, report: Report): ReadWindow {
  const node = maintenance.entries.get('window');
  if (node === undefined || isNone(node)) return { isRead: true, value: null };
  const map = asMap(node, maintenance, report);
  if (node.kind !== 'map') return { isRead: false };
  const values = completeValues(windowSection, readSection(windowSection, map, report));
  if (values === null || timezone === null) return { isRead: false };
  return { isRead: true, value: { cron: values.cron, durationMs: values.for, timezone } };
}
