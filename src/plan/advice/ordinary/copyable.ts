import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../../partition/qualified-name.ts';

/** Control characters would reach the terminal, or be lost between it and the file that they are copied to. */
const unprintable = /[\p{Cc}\u2028\u2029]/u;

/**
 * A name for SQL that is copied from a terminal: as `quoteIdentifier` writes it, with control characters as escapes (`U&"a\000Ab"`).
 * Source: postgresql.org/docs/18/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS-UESCAPE.
 */
export function copyableIdentifier(name: string): string {
  if (!unprintable.test(name)) return quoteIdentifier(name);
  const escaped = name
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '""')
    .replace(/[\p{Cc}\u2028\u2029]/gu, (character) => `\\${hex(character).toUpperCase()}`);
  return `U&"${escaped}"`;
}

export function copyableName({ schema, name }: QualifiedName): string {
  return `${copyableIdentifier(schema)}.${copyableIdentifier(name)}`;
}

/** A table's name as a scalar of partitiond's YAML, in double quotes: no variable is read in it, and no control character is left. */
export function yamlName(name: QualifiedName): string {
  return JSON.stringify(formatQualifiedName(name).replaceAll('${', () => '$${')).replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => `\\u${hex(character)}`,
  );
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(4, '0');
}
