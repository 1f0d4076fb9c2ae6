import { nearestWord } from '../document/nearest-word.ts';
import type { Declaration, Declarations } from './key.ts';
import { rootSection } from './root-keys.ts';

/** Paths of all keys, sections and lists, list positions left out: `databases[].tables[].retention.keep`. */
export function knownPaths(keys: Declarations = rootSection.keys, prefix = ''): readonly string[] {
  return Object.entries(keys).flatMap(([name, declaration]) => {
    const path = prefix + name;
    return [path, ...pathsBelow(declaration, path)];
  });
}

function pathsBelow(declaration: Declaration, path: string): readonly string[] {
  switch (declaration.kind) {
    case 'key':
      return [];
    case 'section':
      return knownPaths(declaration.keys, `${path}.`);
    case 'list':
      return knownPaths(declaration.items.keys, `${path}[].`);
  }
}

/** What to do about an unknown key, as a clause: the nearest key of the same section, else where a key of that name lives, else all keys. */
export function unknownKeyAdvice(key: string, siblings: readonly string[]): string {
  if (key === '<<') return 'merge keys are not read; use `defaults`, or write the values out';
  const near = nearestWord(key, siblings);
  if (near !== null) return `did you mean ${near}?`;
  const elsewhere = knownPaths().filter((path) => path.split('.').at(-1) === key && !path.startsWith('defaults'));
  if (elsewhere.length > 0) return `${key} belongs to ${elsewhere.join(' or ')}`;
  return `known keys here are ${siblings.join(', ')}`;
}
