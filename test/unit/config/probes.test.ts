import { describe, expect, it } from 'vitest';
import type { ProbePolicy } from '../../../src/partition/policy.ts';
import { parse, problemsOf, tableOf, withTable } from './support.ts';

function probesOf(text: string): readonly ProbePolicy[] {
  return tableOf(parse(text)).probes;
}

/** The one probe that the inside of a YAML flow map asks for. */
function probeOf(written: string): ProbePolicy {
  const [probe] = probesOf(withTable(`interval: 1 day, probes: [{ name: p, ${written} }]`));
  if (probe === undefined) throw new Error('has no probe');
  return probe;
}

function sqlOf(written: string): string {
  return probeOf(`sql: ${JSON.stringify(written)}, expect: { partitions: 1 }`).sql;
}

function paramsOf(written: string): readonly (string | null)[] {
  return probeOf(`sql: x, params: ${written}, expect: { partitions: 1 }`).params;
}

describe('probes', () => {
  it('read every key', () => {
    const text = `
databases:
  - name: app
    url: postgres://h/db
    probeRole: Reporting
    tables:
      - table: public.revenues
        interval: 1 quarter
        probes:
          - name: daily-report_1
            sql: |
              SELECT sum(amount)
              FROM public.revenues
              WHERE org_id = $1 AND occurred_at >= $2 -- and so on;
              ;
            params: [42, yesterday]
            analyze: true
            timeout: 500ms
            expect: { partitions: 1, planning: 10ms, execution: 100ms }
          - { name: Other, sql: SELECT 1, expect: { partitions: 0 } }
`;
    const configuration = parse(text);
    expect(configuration.databases[0]?.probeRole).toBe('reporting');
    expect(tableOf(configuration).probes).toEqual([
      {
        name: 'daily-report_1',
        sql: 'SELECT sum(amount)\nFROM public.revenues\nWHERE org_id = $1 AND occurred_at >= $2 -- and so on',
        params: ['42', 'yesterday'],
        analyze: true,
        timeoutMs: 500,
        expect: { partitions: 1, planningMs: 10, executionMs: 100 },
      },
      {
        name: 'Other',
        sql: 'SELECT 1',
        params: [],
        analyze: false,
        timeoutMs: 10_000,
        expect: { partitions: 0, planningMs: null, executionMs: null },
      },
    ]);
  });

  it('may be none', () => {
    expect(probesOf(withTable('interval: 1 day'))).toEqual([]);
    expect(probesOf(withTable('interval: 1 day, probes: []'))).toEqual([]);
    expect(probesOf(withTable('interval: 1 day, probes: null'))).toEqual([]);
  });

  it('of two tables may share a name', () => {
    const probe = 'probes: [{ name: p, sql: x, expect: { partitions: 1 } }]';
    expect(() => parse(withTable(`interval: 1 day, ${probe} }, { table: u, interval: 1 day, ${probe}`))).not.toThrow();
  });

  it('leave what SQL means to PostgreSQL, and take only the semicolons at its end', () => {
    expect(sqlOf(' SELECT 1 ; ;\n')).toBe('SELECT 1');
    expect(sqlOf('SELECT 1; DROP TABLE x;')).toBe('SELECT 1; DROP TABLE x');
    expect(sqlOf("SELEC ' FROM (")).toBe("SELEC ' FROM (");
    expect(sqlOf('x'.repeat(10_000))).toHaveLength(10_000);
  });

  it('keep $1 beside a variable of the environment', () => {
    const text = withTable(
      'interval: 1 day, probes: [{ name: p, sql: "SELECT ${WHAT} WHERE a = $1", params: ["${ORG}"], expect: { partitions: 1 } }]',
    );
    const [probe] = tableOf(parse(text, { WHAT: 'now()', ORG: '007' })).probes;
    expect(probe).toMatchObject({ sql: 'SELECT now() WHERE a = $1', params: ['007'] });
  });

  it.each([
    ['a date without quotes', '[2024-10-01]', ['2024-10-01']],
    ['a time without quotes', '[2024-10-01T00:00:00Z]', ['2024-10-01T00:00:00Z']],
    ['a price', '[1.50]', ['1.50']],
    ['a number with zeros before it', '[007]', ['007']],
    [
      'a number that no double holds',
      '[12345678901234567890123, 0.1000000000000000000001]',
      ['12345678901234567890123', '0.1000000000000000000001'],
    ],
    ['numbers as they are written', '[-5, +5, 1e3, .5, 5.]', ['-5', '+5', '1e3', '.5', '5.']],
    ['numbers that PostgreSQL writes otherwise', '[0x10, .inf, -.inf, .nan]', ['16', 'Infinity', '-Infinity', 'NaN']],
    ['texts, also those of numbers', '["1.50", a b, ""]', ['1.50', 'a b', '']],
    ['truth', '[true, False]', ['true', 'false']],
    ['nothing', '[null, ~, "null"]', [null, null, 'null']],
    ['an array of PostgreSQL', '["{1,2}"]', ['{1,2}']],
    ['what an anchor stands for', '[&n 1.50, *n ]', ['1.50', '1.50']],
  ])('take as params %s', (_what, written, params) => {
    expect(paramsOf(written)).toEqual(params);
  });
});

describe('targetPartitionSize', () => {
  it('is a size of the table or of its defaults', () => {
    expect(tableOf(parse(withTable('interval: 1 day'))).targetPartitionBytes).toBe(32 * 1024 ** 3);
    expect(tableOf(parse(withTable('interval: 1 day, targetPartitionSize: 8192'))).targetPartitionBytes).toBe(8192);
    const defaults = 'defaults: { targetPartitionSize: 1 GB }';
    expect(tableOf(parse(withTable('interval: 1 day', defaults))).targetPartitionBytes).toBe(1024 ** 3);
    expect(tableOf(parse(withTable('interval: 1 day, targetPartitionSize: 2 GB', defaults))).targetPartitionBytes).toBe(2 * 1024 ** 3);
  });

  it.each([
    ['32', 'it is 32 bytes, less than one page; write its unit'],
    ['8191', 'less than one page'],
    ['32 gb', 'did you mean GB?'],
    ['big', 'it is not a size'],
  ])('cannot be %s', (written, part) => {
    const problems = problemsOf(withTable(`interval: 1 day, targetPartitionSize: ${written}`));
    expect(problems.map(({ path }) => path)).toEqual(['databases[0].tables[0].targetPartitionSize']);
    expect(problems[0]?.message).toContain(part);
  });
});

describe('probeRole', () => {
  const withRole = (role: string): string =>
    `databases: [{ name: app, url: "postgres://h/db", probeRole: ${role}, tables: [{ table: t, interval: 1 day }] }]`;

  it('is a name as in SQL', () => {
    expect(parse(withRole(`'"Read Only"'`)).databases[0]?.probeRole).toBe('Read Only');
    expect(parse(withRole('null')).databases[0]?.probeRole).toBeNull();
  });

  it.each([
    ['a b', 'double quotes'],
    ['"r; DROP TABLE x"', 'double quotes'],
    ['[a]', 'it is not a text'],
  ])('cannot be %s', (role, part) => {
    const problems = problemsOf(withRole(role));
    expect(problems.map(({ path }) => path)).toEqual(['databases[0].probeRole']);
    expect(problems[0]?.message).toContain(part);
  });
});

const probes = 'databases[0].tables[0].probes';
const p = `${probes}[0]`;
const met = 'expect: { partitions: 1 }';

describe('refuses, of probes,', () => {
  it.each([
    ['a map', `{ name: p, sql: x, ${met} }`, probes, 'is not a list'],
    ['a word', '[p]', p, '"p" is not a map'],
    ['one without a name', `[{ sql: x, ${met} }]`, p, 'the key name is missing'],
    [
      'a name with a blank',
      `[{ name: a b, sql: x, ${met} }]`,
      `${p}.name`,
      '"a b" cannot be used: it is not a plain name',
      'letters, digits',
    ],
    ['a name like an option', `[{ name: -p, sql: x, ${met} }]`, `${p}.name`, 'not beginning with -'],
    ['a name with a letter of another script', `[{ name: täglich, sql: x, ${met} }]`, `${p}.name`, 'it is not a plain name'],
    ['a name that speaks to the terminal', `[{ name: "a\\e[31m", sql: x, ${met} }]`, `${p}.name`, 'it is not a plain name'],
    ['an empty name', `[{ name: "", sql: x, ${met} }]`, `${p}.name`, 'it is empty'],
    ['a long name', `[{ name: ${'a'.repeat(64)}, sql: x, ${met} }]`, `${p}.name`, 'it has 64 characters, 63 are allowed'],
    ['a name that is a number', `[{ name: 1, sql: x, ${met} }]`, `${p}.name`, 'put it in quotes'],
    [
      'a name twice',
      `[{ name: p, sql: x, ${met} }, { name: p, sql: y, ${met} }]`,
      `${probes}[1]`,
      'the probe p appears a second time, first as',
    ],
    ['one without SQL', `[{ name: p, ${met} }]`, p, 'the key sql is missing', 'one query'],
    ['empty SQL', `[{ name: p, sql: " ;\\n;", ${met} }]`, `${p}.sql`, 'it is empty'],
    ['SQL without end', `[{ name: p, sql: ${'x'.repeat(10_001)}, ${met} }]`, `${p}.sql`, 'it has 10001 characters, 10000 are allowed'],
    ['a null character in SQL', `[{ name: p, sql: "a\\0b", ${met} }]`, `${p}.sql`, 'a null character'],
    ['SQL that is a list', `[{ name: p, sql: [SELECT 1], ${met} }]`, `${p}.sql`, 'it is not a text'],
    ['a param that is no list', `[{ name: p, sql: x, params: 1, ${met} }]`, `${p}.params`, 'it is not a list', 'for example [42'],
    ['a list as a param', `[{ name: p, sql: x, params: [1, [2]], ${met} }]`, `${p}.params`, '$2 is a list', '{1,2}'],
    ['a map as a param', `[{ name: p, sql: x, params: [{ a: 1 }], ${met} }]`, `${p}.params`, '$1 is a map, not one value'],
    ['a null character in a param', `[{ name: p, sql: x, params: ["\\0"], ${met} }]`, `${p}.params`, 'a null character'],
    ['analyze that is a word', `[{ name: p, sql: x, analyze: yes, ${met} }]`, `${p}.analyze`, 'neither true nor false'],
    ['a timeout without unit', `[{ name: p, sql: x, timeout: 100, ${met} }]`, `${p}.timeout`, 'write its unit, for example 100ms'],
    ['too short a timeout', `[{ name: p, sql: x, timeout: 9ms, ${met} }]`, `${p}.timeout`, 'it is less than 10ms'],
    ['too long a timeout', `[{ name: p, sql: x, timeout: 11m, ${met} }]`, `${p}.timeout`, 'it is more than 10m'],
    ['one without expectations', '[{ name: p, sql: x }]', p, 'what would it be met by?', 'expect: { partitions: 1 }'],
    ['expectations that are empty', '[{ name: p, sql: x, expect: {} }]', `${p}.expect`, 'what would it be met by?'],
    ['expectations that are null', '[{ name: p, sql: x, expect: { partitions: null } }]', `${p}.expect`, 'what would it be met by?'],
    ['an expectation that is a number', '[{ name: p, sql: x, expect: 1 }]', `${p}.expect`, '1 is not a map'],
    ['an expectation misspelled', '[{ name: p, sql: x, expect: { partition: 1 } }]', `${p}.expect.partition`, 'did you mean partitions?'],
    [
      'an expectation at the wrong level',
      '[{ name: p, sql: x, planning: 5ms, expect: { partitions: 1 } }]',
      `${p}.planning`,
      'probes[].expect.planning',
    ],
    ['fewer than no partitions', '[{ name: p, sql: x, expect: { partitions: -1 } }]', `${p}.expect.partitions`, 'it is less than 0'],
    ['half a partition', '[{ name: p, sql: x, expect: { partitions: 1.5 } }]', `${p}.expect.partitions`, 'not a whole number'],
    ['a planning time that is a number', '[{ name: p, sql: x, expect: { planning: 5 } }]', `${p}.expect.planning`, '5ms'],
    [
      'a time to run what is only planned',
      '[{ name: p, sql: x, expect: { partitions: 1, execution: 1s } }]',
      `${p}.expect.execution`,
      'without analyze: true the query is only planned',
      'with analyze: true in the probe',
    ],
    ['an unknown key', `[{ name: p, sql: x, parms: [1], ${met} }]`, `${p}.parms`, 'did you mean params?'],
  ])('%s', (_what, value, path, ...parts) => {
    const problems = problemsOf(withTable(`interval: 1 day, probes: ${value}`));
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    for (const part of parts) expect(problems[0]?.message).toContain(part);
  });

  it('any in defaults', () => {
    const problems = problemsOf(withTable('interval: 1 day', 'defaults: { probes: [] }'));
    expect(problems.map(({ path }) => path)).toEqual(['defaults.probes']);
    expect(problems[0]?.message).toContain('probes belongs to databases[].tables[].probes');
  });

  it('all problems at once, also those of what is expected', () => {
    const text = withTable(
      'interval: 1 day, probes: [{ name: a b, sql: "", expect: { partitions: x, planning: 1 } }, { name: q, sql: x }]',
    );
    expect(problemsOf(text).map(({ path }) => path)).toEqual([
      `${p}.name`,
      `${p}.sql`,
      `${p}.expect.partitions`,
      `${p}.expect.planning`,
      `${probes}[1]`,
    ]);
  });

  it('no value of a variable, in its message', () => {
    const text = withTable(`interval: 1 day, probes: [{ name: p, sql: "\${Q}", timeout: "\${T}", ${met} }]`);
    const problems = problemsOf(text, { Q: ' ; ', T: 'hunter2' });
    expect(problems.map(({ path }) => path)).toEqual([`${p}.sql`, `${p}.timeout`]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});
