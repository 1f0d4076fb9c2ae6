import { describe, expect, it } from 'vitest';
import { spellIndex } from '../../../src/partition/index-definition.ts';
import type { IndexPolicy } from '../../../src/partition/policy.ts';
import { parse, problemsOf, tableOf, withTable } from './support.ts';

/** The one index that a YAML flow map asks for. */
function indexOf(written: string): IndexPolicy {
  const [index] = tableOf(parse(withTable(`interval: 1 day, indexes: [${written}]`))).indexes;
  if (index === undefined) throw new Error('has no index');
  return index;
}

describe('indexes', () => {
  it("are those of the requirements' examples, as they are written", () => {
    const text = `
databases:
  - name: app
    url: postgres://h/db
    tables:
      - table: public.revenues
        interval: 1 quarter
        indexes:
          - name: revenues_by_property
            columns: [org_id, property_id, occurred_at]
          - name: revenues_approved
            columns: [status]
            where: status = 'approved'
            partitions: all
`;
    const { indexes, dropRemovedIndexes } = tableOf(parse(text));
    expect(indexes.map((index) => [index.name, spellIndex(index), index.partitions])).toEqual([
      ['revenues_by_property', 'USING btree (org_id, property_id, occurred_at)', { kind: 'all' }],
      ['revenues_approved', "USING btree (status) WHERE status = 'approved'", { kind: 'all' }],
    ]);
    expect(dropRemovedIndexes).toBe(false);
  });

  it('have the defaults of CREATE INDEX', () => {
    expect(indexOf('{ name: i, columns: [a] }')).toEqual({
      name: 'i',
      keys: [{ kind: 'column', column: 'a', options: '' }],
      method: 'btree',
      isUnique: false,
      include: [],
      where: null,
      storage: {},
      tablespace: null,
      partitions: { kind: 'all' },
    });
  });

  it('read every key', () => {
    expect(
      indexOf(
        `{ name: '"Odd. Name"', columns: [Org_ID, '"The Time" DESC'], method: BTREE, unique: true, where: "a  >\\n 'x  y'", include: [b, '"C"'],
           with: { fillfactor: 80, deduplicate_items: false }, tablespace: Fast, partitions: { newest: 3 } }`,
      ),
    ).toEqual({
      name: 'Odd. Name',
      keys: [
        { kind: 'column', column: 'org_id', options: '' },
        { kind: 'column', column: 'The Time', options: 'DESC' },
      ],
      method: 'btree',
      isUnique: true,
      include: ['b', 'C'],
      where: "a > 'x  y'",
      storage: { fillfactor: '80', deduplicate_items: 'false' },
      tablespace: 'fast',
      partitions: { kind: 'newest', count: 3 },
    });
  });

  it('may be none', () => {
    expect(tableOf(parse(withTable('interval: 1 day, indexes: []'))).indexes).toEqual([]);
    expect(tableOf(parse(withTable('interval: 1 day, indexes: null'))).indexes).toEqual([]);
  });

  it.each([
    ['all', { kind: 'all' }],
    ['current', { kind: 'current' }],
    ['closed', { kind: 'closed' }],
    ['newest 2', { kind: 'newest', count: 2 }],
    ['{ newest: "2" }', { kind: 'newest', count: 2 }],
  ])('can be of the partitions %s', (written, partitions) => {
    expect(indexOf(`{ name: i, columns: [a], partitions: ${written} }`).partitions).toEqual(partitions);
  });

  it.each([
    ['lower(email)', [{ kind: 'expression', expression: 'lower(email)' }]],
    [
      '[org_id DESC, "lower(email)"]',
      [
        { kind: 'column', column: 'org_id', options: 'DESC' },
        { kind: 'expression', expression: 'lower(email)' },
      ],
    ],
    [`"data->>'a, b'"`, [{ kind: 'expression', expression: "data->>'a, b'" }]],
    ['status ISNULL', [{ kind: 'expression', expression: 'status ISNULL' }]],
    ['NOT active', [{ kind: 'expression', expression: 'NOT active' }]],
    ['email text_pattern_ops', [{ kind: 'expression', expression: 'email text_pattern_ops' }]],
    ['current_date', [{ kind: 'expression', expression: 'current_date' }]],
    [`'"current_date"'`, [{ kind: 'column', column: 'current_date', options: '' }]],
  ])('can be of the expression %s', (written, keys) => {
    expect(indexOf(`{ name: i, expression: ${written} }`).keys).toEqual(keys);
  });

  it.each(['bloom', 'rum', 'hnsw', 'ivfflat', 'bm25', 'pgroonga'])('take %s, the access method of an extension', (method) => {
    expect(indexOf(`{ name: i, columns: [a, b DESC], method: ${method}, include: [c], unique: true }`).method).toBe(method);
  });

  it('of two tables may share a name when only indexes of their partitions are named after it', () => {
    const index = '{ name: i, columns: [a], partitions: current }';
    expect(() =>
      parse(withTable(`interval: 1 day, indexes: [${index}] }, { table: u, interval: 1 day, indexes: [${index}]`)),
    ).not.toThrow();
    const whole = '{ name: i, columns: [a] }';
    expect(() =>
      parse(withTable(`interval: 1 day, indexes: [${whole}] }, { table: other.t, interval: 1 day, indexes: [${whole}]`)),
    ).not.toThrow();
  });
});

const indexes = 'databases[0].tables[0].indexes';
const i = `${indexes}[0]`;
const columns = (count: number): string => Array.from({ length: count }, (_, position) => `c${position}`).join(', ');

describe('refuses, of indexes,', () => {
  it.each([
    ['a map', '{ name: i }', indexes, 'is not a list'],
    ['a word', '[i]', i, '"i" is not a map'],
    ['one without a name', '[{ columns: [a] }]', i, 'the key name is missing'],
    ['one without keys', '[{ name: i }]', i, 'neither columns nor expression'],
    ['one with both kinds of keys', '[{ name: i, columns: [a], expression: b }]', i, 'both columns and expression'],
    ['an unknown key', '[{ name: i, columns: [a], uniqe: true }]', `${i}.uniqe`, 'did you mean unique?'],
    ['a name with its schema', '[{ name: a.b, columns: [a] }]', `${i}.name`, '"a.b" is not one name', 'double quotes'],
    ['a name that is too long', `[{ name: ${'i'.repeat(64)}, columns: [a] }]`, `${i}.name`, 'longer than the 63 bytes'],
    ['a name that nobody can write', `[{ name: "\\"a\\tb\\"", columns: [a] }]`, `${i}.name`, 'a control character'],
    [
      'a name twice',
      '[{ name: i, columns: [a] }, { name: I, columns: [b] }]',
      `${indexes}[1]`,
      'the index "i" appears a second time, first as',
    ],
    ['no columns', '[{ name: i, columns: [] }]', `${i}.columns`, 'it is empty'],
    ['columns in one text', '[{ name: i, columns: "a, b" }]', `${i}.columns`, 'more than one column; write a list'],
    ['columns in parentheses', '[{ name: i, columns: "(a, b)" }]', `${i}.columns`, 'write a list'],
    [
      'an expression as a column',
      '[{ name: i, columns: [lower(email)] }]',
      `${i}.columns`,
      '"lower(email)" is not a',
      'the key expression',
    ],
    ['a column that is a number', '[{ name: i, columns: [1] }]', `${i}.columns`, 'it is not a text'],
    ['a column with its order misspelled', '[{ name: i, columns: [a DECS LAST] }]', `${i}.columns`, 'is not a column'],
    ['a column with too long a name', `[{ name: i, columns: [${'ü'.repeat(32)}] }]`, `${i}.columns`, 'longer than the 63 bytes'],
    [
      'two expressions in one text',
      '[{ name: i, expression: "lower(a), b" }]',
      `${i}.expression`,
      'more than one expression; write a list',
    ],
    ['an expression that goes on', '[{ name: i, expression: "a); DROP TABLE x; --" }]', `${i}.expression`, 'without its opening bracket'],
    ['an open bracket', '[{ name: i, expression: "lower(a" }]', `${i}.expression`, 'it has a ( without its closing bracket'],
    ['an open quote', `[{ name: i, columns: [a], where: "a = 'x" }]`, `${i}.where`, "it has an opening ' without a closing one"],
    ['a second statement', '[{ name: i, columns: [a], where: "a = 1; DROP TABLE x" }]', `${i}.where`, 'a semicolon'],
    ['a comment', '[{ name: i, columns: [a], where: "a = 1 -- or 2" }]', `${i}.where`, 'a comment (--)'],
    ['an empty condition', '[{ name: i, columns: [a], where: " " }]', `${i}.where`, 'it is empty'],
    ['a condition without end', `[{ name: i, columns: [a], where: ${'a'.repeat(10_001)} }]`, `${i}.where`, 'it has 10001 characters'],
    ['the word WHERE', '[{ name: i, columns: [a], where: WHERE a = 1 }]', `${i}.where`, 'leave out the word WHERE'],
    ['a method misspelled', '[{ name: i, columns: [a], method: btre }]', `${i}.method`, 'did you mean btree?'],
    ['a unique index of another method', '[{ name: i, columns: [a], method: gin, unique: true }]', `${i}.unique`, 'gin cannot be unique'],
    ['a hash of two columns', '[{ name: i, columns: [a, b], method: hash }]', `${i}.columns`, 'hash has one key'],
    ['a hash of two expressions', '[{ name: i, expression: [a, b], method: hash }]', `${i}.expression`, 'hash has one key'],
    ['columns included in a BRIN', '[{ name: i, columns: [a], method: brin, include: [b] }]', `${i}.include`, 'includes no columns'],
    ['an order in a GIN', '[{ name: i, columns: [a, b DESC], method: gin }]', `${i}.columns`, 'gin has no order'],
    ['33 columns', `[{ name: i, columns: [${columns(30)}], include: [x, y, z] }]`, `${i}.columns`, 'at most 32'],
    ['an include that is no name', '[{ name: i, columns: [a], include: [a b] }]', `${i}.include`, '"a b" is not one name'],
    ['a storage parameter with SQL in it', '[{ name: i, columns: [a], with: { "x) ;": 1 } }]', `${i}.with`, 'CREATE INDEX'],
    ['partitions that are unknown', '[{ name: i, columns: [a], partitions: closd }]', `${i}.partitions`, 'did you mean closed?'],
    ['partitions like nothing', '[{ name: i, columns: [a], partitions: sometimes }]', `${i}.partitions`, 'newest 3'],
    ['newest without a number', '[{ name: i, columns: [a], partitions: newest }]', `${i}.partitions`, 'how many'],
    ['newest none', '[{ name: i, columns: [a], partitions: newest 0 }]', `${i}.partitions`, 'from 1 to 100000'],
    ['newest of a word', '[{ name: i, columns: [a], partitions: { newest: few } }]', `${i}.partitions`, 'not a whole number'],
    ['another key beside newest', '[{ name: i, columns: [a], partitions: { newest: 1, oldest: 1 } }]', `${i}.partitions`, 'oldest'],
  ])('%s', (_what, value, path, ...parts) => {
    const problems = problemsOf(withTable(`interval: 1 day, indexes: ${value}`));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    for (const part of parts) expect(problems[0]?.message).toContain(part);
  });

  it('a name that two tables of one schema would give to an index of theirs', () => {
    const index = '{ name: i, columns: [a] }';
    const problems = problemsOf(withTable(`interval: 1 day, indexes: [${index}] }, { table: u, interval: 1 day, indexes: [${index}]`));
    expect(problems.map(({ path }) => path)).toEqual(['databases[0].tables[1]']);
    expect(problems[0]?.message).toContain('the index public.i appears a second time');
  });

  it('any in defaults', () => {
    const problems = problemsOf(withTable('interval: 1 day', 'defaults: { indexes: [] }'));
    expect(problems.map(({ path }) => path)).toEqual(['defaults.indexes']);
    expect(problems[0]?.message).toContain('indexes belongs to databases[].tables[].indexes');
  });

  it('all problems at once', () => {
    const text = withTable(
      'interval: 1 day, indexes: [{ name: i, columns: [a], method: x.y, unique: maybe }, { name: j, columns: [a b c] }]',
    );
    expect(problemsOf(text).map(({ path }) => path)).toEqual([`${i}.method`, `${i}.unique`, `${indexes}[1].columns`]);
  });
});
