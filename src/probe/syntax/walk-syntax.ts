import type { Node } from 'libpg-query';
import { walk } from './tree.ts';

/**
 * Calls `visit` with every node below `root`, itself included, parents first; where it answers false, not with those below. A node is an object
 * with one key, its type; what stands between (lists, fields that hold a node of one type) is walked through.
 */
export function walkSyntax(root: unknown, visit: (node: Node) => boolean): void {
  walk(root, (kind, fields) => {
    const node: object = { [kind]: fields };
    return !isNode(node) || visit(node);
  });
}

/** Types begin with a capital, fields do not (libpg_query's JSON). */
export function isNode(value: unknown): value is Node {
  if (typeof value !== 'object' || value === null) return false;
  const [key, ...others] = Object.keys(value);
  return key !== undefined && others.length === 0 && /^[A-Z]/.test(key);
}
