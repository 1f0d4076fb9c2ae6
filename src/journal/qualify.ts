/** A relation or function of the journal as SQL, always quoted: the schema's name is the user's and may be anything. */
export function qualify(schema: string, name: string): string {
  return `${quoteAlways(schema)}.${name}`;
}

/** `schema` as an SQL identifier, quotes doubled. */
export function quoteAlways(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
