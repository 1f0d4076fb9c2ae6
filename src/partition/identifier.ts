/** PostgreSQL cuts longer names silently (NAMEDATALEN 64), so nothing longer may leave this program. */
export const maxIdentifierBytes = 63;

/** Length in UTF-8 bytes, which is what PostgreSQL counts in a UTF-8 database. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (const character of text) bytes += characterBytes(character);
  return bytes;
}

/** The longest beginning of `text` that fits into `maxBytes` UTF-8 bytes; characters stay whole. */
export function cutToBytes(text: string, maxBytes: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += characterBytes(character);
    if (bytes > maxBytes) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

function characterBytes(character: string): number {
  if (character <= '\u007f') return 1;
  if (character <= '\u07ff') return 2;
  return character.length === 2 ? 4 : 3;
}
