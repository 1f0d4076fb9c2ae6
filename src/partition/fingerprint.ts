const mask = (1n << 64n) - 1n;

/**
 * The last `digits` (1 to 16) hexadecimal digits of an FNV-1a hash of the text: the same text has the same one in every version, so that a
 * name made with it is recognised by later runs. Source: draft-eastlake-fnv (64 bits).
 */
export function fingerprint(text: string, digits: number): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i += 1) hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & mask;
  return hash.toString(16).padStart(16, '0').slice(-digits);
}
