import type { Node } from 'libpg-query';

/**
 * Calls `visit` with every node below `root`, itself included, parents first; where it answers false, not with those below. A node is an object
 * with one key, its type; what stands between (lists, fields that hold a node of one type) is walked through.
 */
export function walkSyntax(root: unknown, visit: (node: Node) => boolean): void {
  if (Array.isArray(root)) {
    for (const item of root) walkSyntax(item, visit);
    return;
  }
  if (typeof root !== 'object' || root === null) return;
  if (isNode(root) && !visit(root)) return;
  for (const value of Object.values(root)) walkSyntax(value, visit);
}

/** Types begin with a capital, fields do not (libpg_query's JSON). */
function isNode(value: object): value is Node {
  const [key, ...others] = Object.keys(value);
  return key !== undefined && others.length === 0 && /^[A-Z]/.test(key);
}
