import type { Declarations, Key, Section, ValuesOf } from '../declaration/key.ts';
import { unknownKeyAdvice } from '../declaration/known-keys.ts';
import { type ConfigNode, childPath, isUnset, type MapNode, type Place, type Report } from '../document/config-node.ts';
import { type PlainValue, plainValue } from '../document/plain-value.ts';
import { redact } from '../document/redact.ts';

/**
 * The values of a section's own keys, defaults filled in. A key whose value has a problem (reported here, as are unknown and missing
 * keys) is left out of the answer. Sections and lists inside are only checked for being known.
 */
export function readSection<S extends Declarations>(section: Section<S>, node: MapNode, report: Report): Partial<ValuesOf<S>> {
  const values = readKeys(section, node, report);
  for (const [name, declaration] of Object.entries(section.keys)) {
    if (declaration.kind !== 'key' || !declaration.isRequired || !isUnset(node.entries.get(name))) continue;
    report(node, `the key ${name} is missing. Allowed: ${declaration.format.allowed}`);
  }
  return values;
}

/** Like `readSection`, but required keys may be absent: they are then left out of the answer. For `defaults`. */
export function readKeys<S extends Declarations>(section: Section<S>, node: MapNode, report: Report): Partial<ValuesOf<S>> {
  const known = Object.keys(section.keys);
  for (const [name, value] of node.entries) {
    if (!Object.hasOwn(section.keys, name)) report(value, `unknown key; ${unknownKeyAdvice(name, known)}`);
  }
  const values = new Map<string, unknown>();
  for (const [name, declaration] of Object.entries(section.keys)) {
    if (declaration.kind !== 'key') continue;
    const read = readKey(declaration, node.entries.get(name), report);
    if (read.isRead) values.set(name, read.value);
  }
  // The decoder's cast: every value was parsed by the format of its own key just above.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return Object.fromEntries(values) as Partial<ValuesOf<S>>;
}

/** The values if no key had a problem, else null. */
export function completeValues<S extends Declarations>(section: Section<S>, values: Partial<ValuesOf<S>>): ValuesOf<S> | null {
  const isComplete = Object.entries(section.keys).every(([name, declaration]) => declaration.kind !== 'key' || Object.hasOwn(values, name));
  // The decoder's cast: no key is missing from the partial answer.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return isComplete ? (values as unknown as ValuesOf<S>) : null;
}

/** The map at `name`; an empty one when it is absent, or when something else stands there (reported). */
export function readMap(parent: MapNode, name: string, report: Report): MapNode {
  return asMap(parent.entries.get(name), { path: childPath(parent.path, name), line: parent.line }, report);
}

export function asMap(node: ConfigNode | undefined, place: Place, report: Report): MapNode {
  if (node?.kind === 'map') return node;
  if (!isUnset(node) && !isBroken(node)) report(node, `${describe(node)} is not a map of keys and values`);
  return { kind: 'map', path: place.path, line: node?.line ?? place.line, entries: new Map() };
}

/** Null and false are how a table opts out of a section that its defaults, or the defaults of partitiond, would give it. */
export function isNone(node: ConfigNode): boolean {
  return node.kind === 'scalar' && !node.isBroken && (node.value === null || node.value === false);
}

/** The maps in the list at `name`, which must be there and not empty; items that are something else are left out (reported). */
export function readList(parent: MapNode, name: string, report: Report): readonly MapNode[] {
  const node = parent.entries.get(name);
  if (node?.kind === 'list' && node.items.length > 0) {
    return node.items.flatMap((item) => (item.kind === 'map' ? [item] : notMap(item, report)));
  }
  const place = node ?? { path: childPath(parent.path, name), line: parent.line };
  if (isUnset(node)) report(place, `the list ${name} is missing; it needs at least one entry`);
  else if (node.kind === 'list') report(place, `the list ${name} is empty; it needs at least one entry`);
  else if (!isBroken(node)) report(node, `${describe(node)} is not a list; begin each entry with "- "`);
  return [];
}

/** The maps in the list at `name`, none when it is absent; null when something in it, or it itself, is something else (reported). */
export function readOptionalList(parent: MapNode, name: string, report: Report): readonly MapNode[] | null {
  const node = parent.entries.get(name);
  if (isUnset(node) || (node.kind === 'list' && node.items.length === 0)) return [];
  const items = readList(parent, name, report);
  return node.kind === 'list' && items.length === node.items.length ? items : null;
}

function notMap(item: ConfigNode, report: Report): readonly [] {
  if (!isBroken(item)) report(item, `${describe(item)} is not a map of keys and values`);
  return [];
}

/** Reports that a value cannot be used: what was found, why not, what is allowed. */
export function reportValue(node: ConfigNode, reason: string, allowed: string, isSecret: boolean, report: Report): void {
  const sentence = redact(withoutVariables(node, reason)).replace(/[.\s]+$/, '');
  const shown = isSecret ? 'the value' : describe(node);
  // The parsers of partition/ begin with the value; saying it twice would help nobody.
  const finding = sentence.startsWith(shown) ? sentence : `${shown} cannot be used: ${sentence}`;
  report(node, `${finding}${finding.endsWith('?') ? '' : '.'} Allowed: ${allowed}`);
}

type Read<T> = { readonly isRead: true; readonly value: T } | { readonly isRead: false };

function readKey<T>(key: Key<T>, node: ConfigNode | undefined, report: Report): Read<T | null> {
  if (isBroken(node)) return { isRead: false };
  const isAbsent = node === undefined || (isUnset(node) && !key.format.readsNull);
  if (isAbsent && key.default === null) return key.isRequired ? { isRead: false } : { isRead: true, value: null };
  const value: PlainValue = isAbsent ? key.default : plainValue(node);
  try {
    return { isRead: true, value: key.format.parse(value) };
  } catch (error) {
    // Formats speak through RangeError alone; anything else is a bug of ours.
    if (!(error instanceof RangeError) || node === undefined) throw error;
    reportValue(node, error.message, key.format.allowed, key.format.isSecret, report);
    return { isRead: false };
  }
}

/** True when the value, or a part of it, has been reported already. */
function isBroken(node: ConfigNode | undefined): boolean {
  switch (node?.kind) {
    case 'scalar':
      return node.isBroken;
    case 'map':
      return [...node.entries.values()].some(isBroken);
    case 'list':
      return node.items.some(isBroken);
    case undefined:
      return false;
  }
}

function describe(node: ConfigNode): string {
  switch (node.kind) {
    case 'map':
      return node.entries.size === 0 ? 'an empty map' : `a map with the keys ${[...node.entries.keys()].join(', ')}`;
    case 'list':
      return `a list of ${node.items.length}`;
    case 'scalar':
      return redact(cut(node.written ?? (typeof node.value === 'string' ? JSON.stringify(node.value) : String(node.value))));
  }
}

/** A variable may hold a secret that landed in the wrong key, so a reason that quotes from it, even in part, is not repeated. */
function withoutVariables(node: ConfigNode, reason: string): string {
  const isFilledIn = node.kind === 'scalar' && node.written !== null && node.line !== null;
  if (!isFilledIn || typeof node.value !== 'string') return reason;
  const words = node.value.match(/[\p{L}\p{N}]{2,}/gu) ?? [];
  return words.some((word) => reason.includes(word)) ? 'what its variable holds is not of this form' : reason;
}

function cut(text: string): string {
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}
