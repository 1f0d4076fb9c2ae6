/**
 * `text` with control characters written as `\n`, `\t` or `\u001b`, so that a name with a line break or an escape sequence in it can neither
 * tear a table apart nor speak to the terminal. For text output only; JSON escapes by itself.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
}
