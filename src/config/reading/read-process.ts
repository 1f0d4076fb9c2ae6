import convict from 'convict';
import { InvariantError } from '../../errors.ts';
import { environmentName } from '../declaration/environment-name.ts';
import type { Key, ValuesOf } from '../declaration/key.ts';
import { type ProcessKeys, processKeys } from '../declaration/process-keys.ts';
import { type ConfigNode, childPath, isUnset, type MapNode, type Report } from '../document/config-node.ts';
import { isPlainMap, type PlainValue, plainValue } from '../document/plain-value.ts';
import type { Environment } from '../environment.ts';
import { completeValues, readMap, readSection } from './read-section.ts';

type SectionName = keyof ProcessKeys;

/** The values of all sections of the process, under the names of the file. */
export type ProcessValues = { readonly [K in SectionName]: ValuesOf<ProcessKeys[K]['keys']> };

type Layers = Readonly<Record<string, Readonly<Record<string, PlainValue>>>>;

/**
 * The process-level values: an environment variable wins over the file, the file over the default. Convict lays the three over each
 * other; every value is then read by the format of its key, which knows where the value came from. Null when anything is wrong (reported).
 * An empty variable counts as unset.
 */
export function readProcess(root: MapNode, env: Environment, report: Report): ProcessValues | null {
  const written = sectionNames().map((name) => [name, readMap(root, name, report)] as const);
  const layers = new Map(written.map(([name, node]) => [name, fileLayer(name, node)]));
  const merged = mergeLayers(Object.fromEntries(layers), env);
  const values = new Map<string, unknown>();
  for (const [name, node] of written) {
    const effective = effectiveNode(name, node, merged, env);
    const read = completeSection(name, effective, report);
    if (read !== null) values.set(name, read);
  }
  if (values.size < written.length) return null;
  // The decoder's cast: completeSection read each section by its own declaration.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return Object.fromEntries(values) as ProcessValues;
}

function completeSection(name: SectionName, node: MapNode, report: Report): unknown {
  // One section at a time keeps the relation between a section and its values; the union of all sections would lose it.
  const section = processKeys[name];
  return completeValues<typeof section.keys>(section, readSection<typeof section.keys>(section, node, report));
}

function sectionNames(): readonly SectionName[] {
  return Object.keys(processKeys).filter((name): name is SectionName => Object.hasOwn(processKeys, name));
}

function keysOf(name: SectionName): readonly (readonly [string, Key<unknown>])[] {
  return Object.entries<Key<unknown>>(processKeys[name].keys);
}

/** What the file says, as convict takes it: declared keys with single values only; the rest is reported when it is read. */
function fileLayer(name: SectionName, node: MapNode): Readonly<Record<string, PlainValue>> {
  const entries: [string, PlainValue][] = [];
  for (const [key, declaration] of keysOf(name)) {
    const value = node.entries.get(key);
    if (value?.kind !== 'scalar' || (isUnset(value) && !declaration.format.readsNull)) continue;
    entries.push([key, plainValue(value)]);
  }
  return Object.fromEntries(entries);
}

function mergeLayers(file: Layers, env: Environment): PlainValue {
  const schema: Record<string, Record<string, convict.SchemaObj>> = {};
  for (const name of sectionNames()) {
    const section: Record<string, convict.SchemaObj> = {};
    for (const [key, { doc, default: written }] of keysOf(name)) {
      // Convict's own formats read "12abc" from the environment as 12 and "no" as true. This one leaves texts alone: its name is none
      // that convict knows, and what a value means is decided by the format of the key afterwards.
      section[key] = { doc, default: written, format: asWritten, env: environmentName(`${name}.${key}`) };
    }
    schema[name] = section;
  }
  const config = convict<unknown>(schema, { env: withoutEmpty(env), args: [] });
  config.load(file);
  config.validate({ allowed: 'strict' });
  const merged: unknown = config.getProperties();
  if (!isPlain(merged)) throw new InvariantError('PD901', 'convict answered with something else than a map.');
  return merged;
}

const asWritten = 'as-written';
convict.addFormat({ name: asWritten, validate: () => undefined });

function isPlain(value: unknown): value is PlainValue {
  return typeof value === 'object' && value !== null;
}

function withoutEmpty(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''));
}

/** The section as it holds in the end: a node of the file where the file decided, one that names the variable where that did. */
function effectiveNode(name: SectionName, node: MapNode, merged: PlainValue, env: Environment): MapNode {
  const entries = new Map<string, ConfigNode>(node.entries);
  for (const [key] of keysOf(name)) {
    const variable = environmentName(`${name}.${key}`);
    if ((env[variable] ?? '') === '') continue;
    const section = isPlainMap(merged) ? merged[name] : undefined;
    const value = section !== undefined && isPlainMap(section) ? section[key] : undefined;
    if (typeof value !== 'string') throw new InvariantError('PD901', `convict lost the variable ${variable}.`);
    const written = `${variable}=${value}`;
    entries.set(key, { kind: 'scalar', path: childPath(name, key), line: null, value, written, decimal: null, isBroken: false });
  }
  return { ...node, entries };
}
