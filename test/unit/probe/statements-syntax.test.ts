import { describe, expect, it } from 'vitest';
import { namesUsed } from '../../../src/probe/statements/syntax/names-used.ts';
import { type ParameterUse, parameterUses } from '../../../src/probe/statements/syntax/parameter-uses.ts';
import { parameterWords } from '../../../src/probe/statements/syntax/parameter-words.ts';
import { type ParsedStatement, parseStatement } from '../../../src/probe/statements/syntax/parse-statement.ts';
import { plannableText } from '../../../src/probe/statements/syntax/plannable-text.ts';
import { tablesRead } from '../../../src/probe/statements/syntax/tables-read.ts';
import { loadParser } from '../../../src/probe/syntax/postgres-parser.ts';

const parser = await loadParser();

function parsed(text: string): ParsedStatement {
  const statement = parseStatement(parser, text);
  if (typeof statement === 'string') throw new Error(`${text} is ${statement}`);
  return statement;
}

describe('a recorded text', () => {
  it.each([
    'SELECT 1',
    'WITH x AS (SELECT 1) SELECT * FROM x',
    'SELECT 1 UNION SELECT 2',
    'INSERT INTO a SELECT * FROM b',
    'UPDATE a SET b = $1',
    'DELETE FROM a',
    'MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE',
    'SELECT at FROM a WHERE at > now() - interval $1',
  ])('is planned: %s', (text) => {
    expect(parseStatement(parser, text)).toMatchObject({ kind: expect.stringMatching(/Stmt$/) });
  });

  it.each([
    ['SELECT 1; DROP TABLE a', 'other'],
    ['DROP TABLE a', 'other'],
    ['EXPLAIN SELECT * FROM a', 'other'],
    ['COPY a TO STDOUT', 'other'],
    ['SELECT * INTO b FROM a', 'other'],
    ['INSERT INTO a VALUES ($1)', 'other'],
    ['INSERT INTO a DEFAULT VALUES', 'other'],
    ['', 'broken'],
    ["SELECT 'cut o", 'broken'],
    ['SELECT FROM WHERE', 'broken'],
  ])('is not planned: %s', (text, why) => {
    expect(parseStatement(parser, text)).toBe(why);
  });
});

describe('the tables that a statement reads', () => {
  const read = (text: string): readonly string[] =>
    tablesRead(parsed(text)).map(({ schema, name, alias, isWithPartitions }) => {
      return `${schema === null ? '' : `${schema}.`}${name}${alias === null ? '' : ` ${alias}`}${isWithPartitions ? '' : ' alone'}`;
    });

  it.each<[string, readonly string[]]>([
    ['SELECT * FROM a, s.b AS x JOIN c USING (id)', ['a', 's.b x', 'c']],
    ['SELECT (SELECT max(id) FROM a) FROM b WHERE EXISTS (SELECT FROM c)', ['a', 'b', 'c']],
    ['SELECT * FROM ONLY a', ['a alone']],
    ['SELECT 1 FROM a UNION ALL SELECT 2 FROM b', ['a', 'b']],
    ['SELECT * FROM b AS a FOR UPDATE OF a', ['b a']],
    ['WITH a AS (SELECT * FROM b) SELECT * FROM a', ['b']],
    ['WITH a AS (SELECT * FROM b) SELECT * FROM s.a', ['b', 's.a']],
    ['WITH a AS (SELECT * FROM a) SELECT * FROM a', ['a']],
    ['WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT 2 FROM a) SELECT * FROM a', []],
    ['WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b', []],
    ['SELECT * FROM (WITH a AS (SELECT 1) SELECT * FROM a) AS t, a', ['a']],
    ['UPDATE a SET n = 1 FROM b', ['a', 'b']],
    ['DELETE FROM a USING b', ['a', 'b']],
    ['INSERT INTO a SELECT * FROM b', ['b']],
    ['WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone', ['a']],
    ['MERGE INTO a USING b ON a.id = b.id WHEN MATCHED THEN DELETE', ['a', 'b']],
  ])('of %s', (text, tables) => {
    expect(read(text).toSorted()).toEqual([...tables].toSorted());
  });
});

describe('the plannable text', () => {
  it.each([
    ['SELECT * FROM a WHERE at > $1', 'SELECT * FROM a WHERE at > $1', 1],
    ['SELECT now() - interval $1', 'SELECT now() - $1::interval', 1],
    ['SELECT timestamp with time zone $1, date $2', 'SELECT $1::timestamp with time zone, $2::date', 2],
    ['SELECT numeric(5, 2) $1, f(2) + $2', 'SELECT $1::numeric(5, 2), f(2) + $2', 2],
    ['SELECT timestamp(3) $1', 'SELECT $1::timestamp(3)', 1],
    ['SELECT extract($1 FROM at), $2 FROM a', 'SELECT extract(epoch FROM at), $1 FROM a', 1],
    ['SELECT $3, $2, $3', 'SELECT $2, $1, $2', 2],
    ["SELECT $1 -- $2\n, '$3', $$ $4 $$", "SELECT $1 -- $2\n, '$3', $$ $4 $$", 1],
    ['SELECT „é“.x, interval $2, $1 FROM „é“', 'SELECT „é“.x, $2::interval, $1 FROM „é“', 2],
    ['SELECT\f$3 AS "\u001b[31m é\u0085", $2', 'SELECT\f$2 AS "\u001b[31m é\u0085", $1', 2],
    ['SELECT CAST(x AS date), $1', 'SELECT CAST(x AS date), $1', 1],
  ])('of %s', (text, plannable, count) => {
    expect(plannableText(parser, text)).toEqual({ text: plannable, count });
  });

  it('casts to text what nothing gives a type', () => {
    expect(plannableText(parser, 'SELECT count($5), $6', new Set([1])).text).toBe('SELECT count($1::pg_catalog.text), $2');
  });
});

describe('the uses of parameters', () => {
  const uses = (text: string): readonly string[] =>
    parameterUses(parsed(text)).map((use: ParameterUse) => {
      const column = use.qualifier === null ? use.column : `${use.qualifier}.${use.column}`;
      return `${column} ${use.operator} ${use.isArray ? 'any ' : ''}$${use.parameter}`;
    });

  it.each<[string, readonly string[]]>([
    ['SELECT FROM a WHERE at >= $1 AND $2 > at', ['at >= $1', 'at < $2']],
    ['SELECT FROM a AS v WHERE v.at BETWEEN $1 AND $2', ['v.at >= $1', 'v.at <= $2']],
    ['SELECT FROM a WHERE org IN ($1, $2)', ['org = $1', 'org = $2']],
    ['SELECT FROM a WHERE org = ANY ($1)', ['org = any $1']],
    ['SELECT FROM a WHERE (at, id) > ($1, $2)', ['at > $1', 'id > $2']],
    ["SELECT FROM a WHERE date_trunc('day', at) = $1", ['at = $1']],
    ['SELECT FROM a WHERE at > now() - $1::interval', ['at > $1']],
    ['SELECT FROM a WHERE at > (SELECT max(x) FROM b WHERE c = $1)', ['c = $1']],
    ['SELECT $1 FROM a LIMIT $2', []],
    ['UPDATE a SET n = $1 WHERE id <> $2', ['id <> $2']],
  ])('of %s', (text, found) => {
    expect(uses(text)).toEqual(found);
  });

  it('knows the words that some functions want', () => {
    const words = parameterWords(
      parsed('SELECT date_trunc($1, at), at AT TIME ZONE $2, pg_catalog.date_part($3::text, at), upper($4) FROM a'),
    );
    expect([...words]).toEqual([
      [1, 'day'],
      [2, 'UTC'],
      [3, 'epoch'],
    ]);
  });
});

describe('the names that a statement uses', () => {
  it('are those of functions, operators, types, relations and of what stands behind a point, wherever they stand', () => {
    const used = namesUsed(
      parsed(
        'WITH c AS (SELECT s.f(1) FROM a) UPDATE b SET x = (ARRAY[$1])[g(2)] WHERE y OPERATOR(s.===) $2::s.mood AND (b.row).part = ANY (SELECT h FROM d.e)',
      ),
    );
    expect(used.functions.toSorted()).toEqual(['f', 'g']);
    expect(used.operators).toEqual(expect.arrayContaining(['===', '=']));
    expect(used.types).toContain('mood');
    expect(used.relations.toSorted()).toEqual(['a', 'b', 'e']);
    expect(used.fields).toEqual(expect.arrayContaining(['row', 'part']));
  });
});
