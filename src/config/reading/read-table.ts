import { parseInstant } from '../../partition/calendar.ts';
import type { Interval } from '../../partition/interval.ts';
import { formatInterval } from '../../partition/interval.ts';
import type { KeyEncoding } from '../../partition/key-encoding.ts';
import { checkTemplate, defaultTemplate } from '../../partition/name-template.ts';
import type { TablePolicy } from '../../partition/policy.ts';
import type { ValuesOf } from '../declaration/key.ts';
import { sharedTableKeys, type TableKeys, tableSection } from '../declaration/table-keys.ts';
import type { MapNode, Report } from '../document/config-node.ts';
import { mergeDefaults } from './merge-defaults.ts';
import { readIndexes } from './read-indexes.ts';
import { readMaintenance } from './read-maintenance.ts';
import { readMigration } from './read-migration.ts';
import { readProbes } from './read-probes.ts';
import { readRetention } from './read-retention.ts';
import { completeValues, readMap, readSection, reportValue } from './read-section.ts';

/** One table's policy from its own keys and the defaults; null when anything about it is wrong (reported). */
export function readTable(node: MapNode, defaults: MapNode, report: Report): TablePolicy | null {
  const merged = mergeDefaults(node, defaults);
  const values = readSection(tableSection, merged, report);
  const keySection = sharedTableKeys.key;
  const key = completeValues(keySection, readSection(keySection, readMap(merged, 'key', report), report));
  const blocks = readBlocks(merged, values, report);
  const startFrom = readStart(merged, values, report);
  const isNamed = checkName(merged, values, report);
  checkEncoding(merged, values.interval, key?.encoding, report);
  const complete = completeValues(tableSection, values);
  if (complete === null || key === null || startFrom === undefined || !isNamed || blocks === null) return null;
  return {
    table: complete.table,
    interval: complete.interval,
    premake: complete.premake,
    startFrom,
    timezone: complete.timezone,
    encoding: key.encoding,
    name: complete.name ?? defaultTemplate(complete.interval),
    defaultPartition: complete.defaultPartition,
    retention: blocks.retention,
    storage: complete.storage,
    maintenance: blocks.maintenance,
    indexes: blocks.indexes,
    dropRemovedIndexes: complete.dropRemovedIndexes,
    probes: blocks.probes,
    targetPartitionBytes: complete.targetPartitionSize,
    migration: blocks.migration,
  };
}

type Blocks = Pick<TablePolicy, 'retention' | 'maintenance' | 'migration' | 'indexes' | 'probes'>;

/** What has keys of its own; all of it is read, so that all problems are told, before any of it is judged. */
function readBlocks(merged: MapNode, values: TableValues, report: Report): Blocks | null {
  const retention = readRetention(merged, values.interval ?? null, report);
  const maintenance = readMaintenance(merged, values.timezone ?? null, report);
  const indexes = readIndexes(merged, report);
  const probes = readProbes(merged, report);
  const migration = readMigration(merged, values.table ?? null, report);
  if (!retention.isRead || !maintenance.isRead || !migration.isRead || indexes === null || probes === null) return null;
  return { retention: retention.value, maintenance: maintenance.value, migration: migration.value, indexes, probes };
}

type TableValues = Partial<ValuesOf<TableKeys>>;

/** Microseconds since 1970 or a key value, by the kind of the interval; undefined when it cannot be read (reported). */
function readStart(merged: MapNode, values: TableValues, report: Report): bigint | null | undefined {
  const { startFrom, interval, timezone } = values;
  const node = merged.entries.get('startFrom');
  if (startFrom === null || startFrom === undefined) return startFrom;
  if (interval === undefined || timezone === undefined || node === undefined) return undefined;
  const isWhole = /^-?\d+$/.test(startFrom);
  if (interval.kind === 'integer') {
    if (isWhole) return BigInt(startFrom);
    reportValue(
      node,
      `the interval ${formatInterval(interval)} is for integer keys`,
      'a whole number, the first key of the first partition',
      false,
      report,
    );
    return undefined;
  }
  const allowed = 'a date or a time such as 2024-10-01 or 2024-10-01T00:00:00Z';
  try {
    if (isWhole) throw new RangeError(`it is a number, but the interval ${formatInterval(interval)} is calendar time`);
    return parseInstant(startFrom, timezone);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    reportValue(node, error.message, allowed, false, report);
    return undefined;
  }
}

function checkName(merged: MapNode, values: TableValues, report: Report): boolean {
  const { name, interval } = values;
  const node = merged.entries.get('name');
  if (name === null || interval === undefined || name === undefined || node === undefined) return name !== undefined;
  const problem = checkTemplate(name, interval);
  if (problem === null) return true;
  reportValue(
    node,
    problem,
    `a template that differs from one partition to the next, for example "${defaultTemplate(interval)}"`,
    false,
    report,
  );
  return false;
}

/** `auto` depends on the type of the column, which only the database knows; the other encodings say by themselves what they are. */
function checkEncoding(merged: MapNode, interval: Interval | undefined, encoding: KeyEncoding | undefined, report: Report): void {
  const node = merged.entries.get('interval');
  if (interval === undefined || encoding === undefined || encoding.kind === 'auto' || node === undefined) return;
  if (encoding.kind === 'integer' && interval.kind === 'calendar') {
    reportValue(
      node,
      'with key.encoding integer the key is a plain number',
      'a whole number; or an encoding that is time, such as epoch-ms',
      false,
      report,
    );
  } else if (encoding.kind !== 'integer' && interval.kind === 'integer') {
    reportValue(
      node,
      `with key.encoding ${encoding.kind} the key is time`,
      'calendar time such as 1 day; or key.encoding integer',
      false,
      report,
    );
  }
}
