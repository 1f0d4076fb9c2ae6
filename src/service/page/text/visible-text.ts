/**
 * `text` with what cannot be seen, or turns the reading direction of what follows, written as `\n` or `\u202e`: control characters, the
 * direction marks and overrides of Unicode, blanks without width, halves of surrogate pairs. A name with them cannot pass for another one.
 * HTML's own characters are the template's to escape.
 */
export function visibleText(text: string): string {
  if (/^[ -~]*$/.test(text)) return text;
  return text.replace(/[\p{Cc}\p{Cs}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, escapeCharacter);
}

function escapeCharacter(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
