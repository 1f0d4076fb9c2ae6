import { describe, expect, it } from 'vitest';
import { judgeStatement } from '../../../src/probe/probe-statement.ts';
import { loadParser } from '../../../src/probe/syntax/postgres-parser.ts';

const parser = await loadParser();

describe('the text of a probe', () => {
  it.each([
    ['SELECT 1', 0],
    ['WITH a AS (SELECT $2::int) SELECT $1::text FROM a', 2],
    ['VALUES (1)', 0],
    ['SELECT 1 -- ; SELECT 2', 0],
    ["SELECT '$1'", 0],
    ['this is no SQL', 3],
  ])('%s with %i parameters may be sent', (sql, given) => {
    expect(judgeStatement(parser, sql, given)).toBeNull();
  });

  it.each([
    ['SELECT 1; SELECT 2', 0, '42601', 'its `sql` holds 2 statements; write one, the others as probes of their own'],
    ['SELECT 1; COMMIT', 0, '42601', 'its `sql` holds 2 statements'],
    ['-- nothing', 0, '42601', 'its `sql` holds no statement'],
    ['COPY ev TO STDOUT', 0, '25006', 'its `sql` is a statement COPY'],
    ["/* x */ DO 'begin end'", 0, '25006', 'its `sql` is a statement DO'],
    ['CALL p()', 0, '25006', 'its `sql` is a statement CALL'],
    ['UPDATE ev SET v = 1', 0, '25006', 'its `sql` is a statement UPDATE'],
    ['CREATE TABLE x AS SELECT 1', 0, '25006', 'its `sql` is a statement CREATE'],
    ['WITH d AS (DELETE FROM ev RETURNING *) SELECT * FROM d', 0, '25006', 'its `sql` has DELETE, and a probe only reads'],
    ['SELECT 1 INTO x', 0, '25006', 'its `sql` has INTO'],
    ['SELECT * FROM (SELECT * FROM ev FOR SHARE) x', 0, '25006', 'its `sql` has FOR UPDATE or FOR SHARE'],
    ['SELECT $1, $2', 1, '08P01', 'its `sql` uses $2, but its `params` hold 1 value; give one value for each of $1 to $2'],
    ['SELECT $1', 2, '08P01', 'its `params` hold 2 values, but its `sql` uses none beyond $1'],
    ['SELECT 1', 1, '08P01', 'its `params` hold 1 value, but its `sql` uses no parameter'],
  ])('%s with %i parameters is refused', (sql, given, sqlstate, message) => {
    const problem = judgeStatement(parser, sql, given);
    expect(problem?.sqlstate).toBe(sqlstate);
    expect(problem?.message.startsWith(message), problem?.message).toBe(true);
  });
});
