/** An id of the page for a database, or a table of it: without blanks, the same after each reading, and different for different names. */
export function anchorOf(database: string, table?: string): string {
  const parts = table === undefined ? ['db', database] : ['table', database, table];
  return parts.map(encodePart).join(':');
}

/** For a link within this program's API. */
export function encodePart(text: string): string {
  // Half of a surrogate pair cannot be encoded.
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd'));
}
