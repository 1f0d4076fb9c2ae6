import type { ConfigNode, MapNode } from '../document/config-node.ts';

/** Merged key by key; everything else of a table replaces the default as a whole. */
const mergedKeys: readonly string[] = ['key', 'retention', 'storage', 'maintenance'];

/**
 * The table with the defaults that it does not overrule; every value keeps the place it was written at. A key written with null
 * overrules too: `retention: null` is how one table opts out.
 */
export function mergeDefaults(table: MapNode, defaults: MapNode): MapNode {
  const entries = new Map(table.entries);
  for (const [name, inherited] of defaults.entries) {
    const own = table.entries.get(name);
    if (own === undefined) entries.set(name, inherited);
    else if (mergedKeys.includes(name)) entries.set(name, mergeMaps(own, inherited));
  }
  return { ...table, entries };
}

function mergeMaps(own: ConfigNode, inherited: ConfigNode): ConfigNode {
  if (own.kind !== 'map' || inherited.kind !== 'map') return own;
  return { ...own, entries: new Map([...inherited.entries, ...own.entries]) };
}

/** True for a value that came from `defaults` rather than from the table itself. */
export function isInherited(node: ConfigNode): boolean {
  return node.path.startsWith('defaults.');
}
