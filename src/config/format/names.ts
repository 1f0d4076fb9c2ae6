import type { QualifiedName } from '../../partition/qualified-name.ts';
import { parseQualifiedName } from '../../partition/qualified-name.ts';
import { type Format, format } from './format.ts';
import { textOf } from './text.ts';

/** The name of a table with or without its schema, read as SQL reads it: quotes keep capitals, dots and blanks. */
export const tableName: Format<QualifiedName> = format({
  title: 'table name',
  allowed: 'schema.table as in SQL, with double quotes around parts that are not plain lower case',
  schema: { type: 'string', minLength: 1 },
  parse: (value) => parseQualifiedName(textOf(value)),
});

/** The name of one schema, read as SQL reads it; the answer is the name as the catalog holds it. */
export const schemaName: Format<string> = format({
  title: 'schema name',
  allowed: 'the name of one schema as in SQL, not beginning with pg_',
  schema: { type: 'string', minLength: 1 },
  parse: (value) => {
    const { schema, name } = parseSchema(textOf(value));
    if (schema !== 'x') throw new RangeError('it is not one name; a name with a dot in it needs double quotes');
    if (name.startsWith('pg_') || name === 'information_schema') throw new RangeError("it is one of PostgreSQL's own schemas");
    return name;
  },
});

/** A lone schema has the grammar of a table's last part, so it is read behind a known schema. */
function parseSchema(text: string): QualifiedName {
  try {
    return parseQualifiedName(`x.${text}`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError('it is not one name of at most 63 bytes; a name with dots or blanks in it needs double quotes', { cause: error });
  }
}
