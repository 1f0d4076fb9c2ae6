/**
 * Walking the syntax trees that libpg-query answers, which are PostgreSQL's own raw parse trees as JSON: a node is `{ Kind: { field: ... } }`,
 * except where a field can hold one kind only (`relation`, `withClause`, the halves of a UNION), which stands there bare.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** The node's kind and its fields; the kind is empty for a bare one. Null for what is no node. */
export function asNode(value: unknown): { readonly kind: string; readonly fields: Fields } | null {
  if (!isFields(value)) return null;
  const [only, ...others] = Object.keys(value);
  const inner = only === undefined || others.length > 0 || !/^[A-Z]/.test(only) ? null : value[only];
  return isFields(inner) && only !== undefined ? { kind: only, fields: inner } : { kind: '', fields: value };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The items of a list, or none. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The texts of a list of String nodes, as names are: `["pg_catalog", "="]`. */
export function stringsOf(value: unknown): readonly string[] {
  return itemsOf(value).flatMap((item) => {
    const node = asNode(item);
    const text = node?.kind === 'String' ? node.fields['sval'] : null;
    return typeof text === 'string' ? [text] : [];
  });
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Calls `visit` with each node below and including `value`, parents first; where it answers false, what is below that node is left out.
 */
export function walk(value: unknown, visit: (kind: string, fields: Fields) => boolean): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  const node = asNode(value);
  if (node === null || !visit(node.kind, node.fields)) return;
  for (const child of Object.values(node.fields)) walk(child, visit);
}
