import { isAbsolute, resolve } from 'node:path';
import type { Connection, DatabasePolicy, TablePolicy } from '../../partition/policy.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { databaseSection, rootSection } from '../declaration/root-keys.ts';
import { isUnset, type MapNode, type Report } from '../document/config-node.ts';
import { firstSightings } from './first-sightings.ts';
import { readMaintenance } from './read-maintenance.ts';
import { completeValues, readKeys, readList, readMap, readSection } from './read-section.ts';
import { readTable } from './read-table.ts';

/** All databases in the order of the file; those with a problem (reported) are left out. `folder` is where `urlFile` is looked for. */
export function readDatabases(root: MapNode, folder: string, report: Report): readonly DatabasePolicy[] {
  const defaults = readMap(root, 'defaults', report);
  checkDefaults(defaults, report);
  const isFirst = firstSightings(report);
  return readList(root, 'databases', report).flatMap((node) => {
    const database = readDatabase(node, defaults, folder, report);
    return database !== null && isFirst(database.name, `the database ${JSON.stringify(database.name)}`, node) ? [database] : [];
  });
}

/** A default that every table overrules is still checked: it may hold for the next one. */
function checkDefaults(defaults: MapNode, report: Report): void {
  readKeys(rootSection.keys.defaults, defaults, report);
  readKeys(rootSection.keys.defaults.keys.key, readMap(defaults, 'key', report), report);
  const retention = defaults.entries.get('retention');
  if (retention?.kind === 'map') readKeys(rootSection.keys.defaults.keys.retention, retention, report);
  // No key of it is required, and the zone is checked on its own.
  readMaintenance(defaults, 'UTC', report);
}

function readDatabase(node: MapNode, defaults: MapNode, folder: string, report: Report): DatabasePolicy | null {
  const partial = readSection(databaseSection, node, report);
  const connection = readConnection(node, partial.url ?? null, partial.urlFile ?? null, folder, report);
  const isFirst = firstSightings(report);
  const tables = readList(node, 'tables', report).flatMap((item): readonly TablePolicy[] => {
    const table = readTable(item, defaults, report);
    if (table === null) return [];
    const name = formatQualifiedName(table.table);
    if (!isFirst(`table ${name}`, `the table ${name}`, item)) return [];
    return namesOfIndexes(table).every((index) => isFirst(`index ${index}`, `the index ${index}`, item)) ? [table] : [];
  });
  const values = completeValues(databaseSection, partial);
  if (values === null || connection === null) return null;
  return { name: values.name, connection, journalSchema: values.schema, probeRole: values.probeRole, tables };
}

/** Those of its own schema, where tables share them; indexes of single partitions are named after these. */
function namesOfIndexes({ table: { schema }, indexes }: TablePolicy): readonly string[] {
  return indexes.filter(({ partitions }) => partitions.kind === 'all').map(({ name }) => formatQualifiedName({ schema, name }));
}

function readConnection(node: MapNode, url: string | null, urlFile: string | null, folder: string, report: Report): Connection | null {
  const hasUrl = !isUnset(node.entries.get('url'));
  const hasFile = !isUnset(node.entries.get('urlFile'));
  if (hasUrl === hasFile) {
    report(
      node,
      hasUrl
        ? 'both url and urlFile are set; keep one of them'
        : 'neither url nor urlFile is set; write, for example, url: ${DATABASE_URL}',
    );
    return null;
  }
  if (url !== null) return { kind: 'url', url };
  return urlFile === null ? null : { kind: 'file', path: isAbsolute(urlFile) ? urlFile : resolve(folder, urlFile) };
}
