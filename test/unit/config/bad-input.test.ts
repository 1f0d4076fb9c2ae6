import { describe, expect, it } from 'vitest';
import { problemsOf, refusal, withTable } from './support.ts';

/** Where the one problem is, and what its message must hold: what was found, what is allowed, the nearest fix. */
type Case = readonly [what: string, text: string, path: string, ...parts: readonly string[]];

const t = 'databases[0].tables[0]';

const tableCases: readonly Case[] = [
  ['an unknown key', withTable('interval: 1 day, premaek: 3'), `${t}.premaek`, 'unknown key', 'did you mean premake?'],
  [
    'a key in snake case',
    withTable('interval: 1 day, default_partition: none'),
    `${t}.default_partition`,
    'did you mean defaultPartition?',
  ],
  ['a key of another section', withTable('interval: 1 day, keep: 3 days'), `${t}.keep`, 'databases[].tables[].retention.keep'],
  ['a key like nothing known', withTable('interval: 1 day, zzzzzz: 3'), `${t}.zzzzzz`, 'known keys here are table, interval'],
  ['a key of every object', withTable('interval: 1 day, constructor: 3'), `${t}.constructor`, 'unknown key'],
  ['a merge key', withTable('interval: 1 day, <<: { premake: 2 }'), `${t}["<<"]`, 'use `defaults`'],
  ['no interval', withTable('premake: 1'), t, 'the key interval is missing', 'a whole number for integer keys'],
  ['an unknown unit', withTable('interval: 1 fortnight'), `${t}.interval`, '"1 fortnight"', 'month', 'a whole number for integer keys'],
  ['a unit cut short', withTable('interval: 1 mon'), `${t}.interval`, 'did you mean "1 month"?'],
  ['an interval of zero', withTable('interval: 0'), `${t}.interval`, '0 is no interval'],
  ['a fraction as interval', withTable('interval: 1.5'), `${t}.interval`, '1.5', 'whole number'],
  ['a list as interval', withTable('interval: [1 day]'), `${t}.interval`, 'a list of 1'],
  ['a negative premake', withTable('interval: 1 day, premake: -1'), `${t}.premake`, '-1', 'a whole number from 0'],
  ['a fraction as premake', withTable('interval: 1 day, premake: 1.5'), `${t}.premake`, '1.5', 'not a whole number'],
  ['a premake beyond any number', withTable('interval: 1 day, premake: 99999999999999999999'), `${t}.premake`, 'more than the most'],
  [
    'a table name in three parts',
    withTable('interval: 1 day').replace('table: t', 'table: a.b.c'),
    `${t}.table`,
    '"a.b.c" has 3 parts',
    'double quotes',
  ],
  ['a table name that is a number', withTable('interval: 1 day').replace('table: t', 'table: 12'), `${t}.table`, 'put it in quotes'],
  ['an unknown zone', withTable('interval: 1 day, timezone: Europe/Berln'), `${t}.timezone`, 'did you mean Europe/Berlin?'],
  ['a bare city as zone', withTable('interval: 1 day, timezone: new york'), `${t}.timezone`, 'did you mean America/New_York?'],
  ['an offset as zone', withTable('interval: 1 day, timezone: "+02:00"'), `${t}.timezone`, '"+02:00"', 'IANA'],
  [
    'a template that repeats',
    withTable('interval: 1 month, name: "{table}_{yyyy}"'),
    `${t}.name`,
    '"{table}_{yyyy}"',
    '{table}_{yyyy}_{mm}',
  ],
  ['a template with an unknown token', withTable('interval: 1 month, name: "{table}_{YYYY}_{mm}"'), `${t}.name`, '{YYYY}'],
  ['a template without quotes', withTable('interval: 1 month, name: {table}'), `${t}.name`, 'put it in quotes'],
  [
    'a start that is a date for integers',
    withTable('interval: 100, startFrom: 2024-01-01'),
    `${t}.startFrom`,
    '"2024-01-01"',
    'a whole number',
  ],
  [
    'a start that is a number for time',
    withTable('interval: 1 day, startFrom: 2024'),
    `${t}.startFrom`,
    '2024',
    'a date or a time such as 2024-10-01',
  ],
  ['a start that never was', withTable('interval: 1 day, startFrom: 2024-02-30'), `${t}.startFrom`, '"2024-02-30"'],
  [
    'a word for the default partition',
    withTable('interval: 1 day, defaultPartition: manage'),
    `${t}.defaultPartition`,
    'did you mean managed?',
  ],
  ['an unknown encoding', withTable('interval: 1 day, key: { encoding: epoch_ms }'), `${t}.key.encoding`, 'did you mean epoch-ms?'],
  [
    'snowflake without its numbers',
    withTable('interval: 1 day, key: { encoding: snowflake }'),
    `${t}.key.encoding`,
    'it needs its epoch and shift',
  ],
  [
    'a snowflake epoch without offset',
    withTable('interval: 1 day, key: { encoding: { snowflake: { epoch: 2010-11-04T01:42:54, shift: 22 } } }'),
    `${t}.key.encoding`,
    'snowflake.epoch',
  ],
  [
    'a snowflake shift too wide',
    withTable('interval: 1 day, key: { encoding: { snowflake: { epoch: 0, shift: 64 } } }'),
    `${t}.key.encoding`,
    'snowflake.shift',
  ],
  [
    'an encoding that is time with an integer interval',
    withTable('interval: 100, key: { encoding: epoch-s }'),
    `${t}.interval`,
    'epoch-s',
    '1 day',
  ],
  [
    'an integer encoding with calendar time',
    withTable('interval: 1 day, key: { encoding: integer }'),
    `${t}.interval`,
    '"1 day"',
    'a whole number',
  ],
  [
    'a storage parameter with SQL in it',
    withTable('interval: 1 day, storage: { "x) ; drop": 1 }'),
    `${t}.storage`,
    'is not the name of a storage parameter',
  ],
  ['a storage parameter without value', withTable('interval: 1 day, storage: { fillfactor: }'), `${t}.storage`, 'fillfactor'],
];

const retentionCases: readonly Case[] = [
  [
    'retention without action',
    withTable('interval: 1 day, retention: { keep: 3 days }'),
    `${t}.retention`,
    'the key action is missing',
    'detach | drop',
  ],
  ['retention without keep', withTable('interval: 1 day, retention: { action: drop }'), `${t}.retention`, 'the key keep is missing'],
  ['retention that is true', withTable('interval: 1 day, retention: true'), `${t}.retention`, 'is not a map'],
  [
    'a bare number as keep',
    withTable('interval: 1 quarter, retention: { keep: 12, action: detach }'),
    `${t}.retention.keep`,
    '12 cannot be used',
    'bare number',
    'for example 12 quarters',
  ],
  [
    'an unknown unit of keep',
    withTable('interval: 1 day, retention: { keep: 3 decades, action: detach }'),
    `${t}.retention.keep`,
    '"3 decades"',
  ],
  [
    'a keep of nothing',
    withTable('interval: 1 day, retention: { keep: 0 days, action: detach }'),
    `${t}.retention.keep`,
    'every partition but the last',
  ],
  [
    'calendar time for integer keys',
    withTable('interval: 1000, retention: { keep: 12 months, action: detach }'),
    `${t}.retention.keep`,
    '"12 months"',
    'a whole number, the distance',
  ],
  [
    'a bare number as grace',
    withTable('interval: 1 day, retention: { keep: 3 days, action: drop, grace: 7 }'),
    `${t}.retention.grace`,
    '7',
    'for example 7 days',
  ],
  [
    'grace without drop',
    withTable('interval: 1 day, retention: { keep: 3 days, action: detach, grace: 7 days }'),
    `${t}.retention.grace`,
    'nothing is dropped',
    'action: drop',
  ],
  [
    'an unknown action',
    withTable('interval: 1 day, retention: { keep: 3 days, action: delete }'),
    `${t}.retention.action`,
    '"delete"',
    'detach | drop',
  ],
  [
    'two schemas in one',
    withTable('interval: 1 day, retention: { keep: 3 days, action: detach, schema: a.b }'),
    `${t}.retention.schema`,
    'not one name',
  ],
  [
    "PostgreSQL's own schema",
    withTable('interval: 1 day, retention: { keep: 3 days, action: detach, schema: pg_temp }'),
    `${t}.retention.schema`,
    'own schemas',
  ],
];

const good = withTable('interval: 1 day');

const processCases: readonly Case[] = [
  ['an unknown section', `${good}saftey: {}`, 'saftey', 'did you mean safety?'],
  ['a section that is a word', `${good}log: debug`, 'log', '"debug" is not a map'],
  ['a bare number as duration', `${good}safety: { lockTimeout: 100 }`, 'safety.lockTimeout', '100 cannot be used', 'for example 100ms'],
  ['a duration in months', `${good}journal: { keep: 3 months }`, 'journal.keep', '"3 months"', 'the unit months is unknown'],
  ['a lock timeout above a second', `${good}safety: { lockTimeout: 2s }`, 'safety.lockTimeout', '"2s"', 'more than 1s'],
  ['a lock timeout of zero, which is for ever', `${good}safety: { lockTimeout: 0ms }`, 'safety.lockTimeout', 'less than 10ms'],
  ['a budget below one attempt', `${good}safety: { lockTimeout: 1s, lockBudget: 500ms }`, 'safety', 'lockBudget (500ms) is shorter'],
  ['a port out of range', `${good}http: { port: 65536 }`, 'http.port', '65536', '65535'],
  ['one port for both listeners', `${good}http: { port: 9789 }`, 'admin', 'different ports'],
  ['a URL as host', `${good}http: { host: "http://x" }`, 'http.host', 'leave out the scheme'],
  ['a host with its port', `${good}http: { host: "x:1" }`, 'http.host', 'into the key `port`'],
  ['yes as boolean', `${good}leadership: { enabled: yes }`, 'leadership.enabled', '"yes"', 'true | false'],
  ['a cron expression of four fields', `${good}schedules: { provision: "* * * *" }`, 'schedules.provision', '"* * * *"', 'it has 4 fields'],
  ['a cron expression that never comes', `${good}schedules: { probe: "0 0 31 2 *" }`, 'schedules.probe', 'never comes'],
  ['a cron zone unknown', `${good}schedules: { timezone: UCT1 }`, 'schedules.timezone', '"UCT1"'],
  ['a table in defaults', `${good}defaults: { table: x }`, 'defaults.table', 'databases[].tables[].table'],
];

const databaseCases: readonly Case[] = [
  ['no databases', 'log: { level: info }', 'databases', 'missing', 'at least one'],
  ['an empty list of databases', 'databases: []', 'databases', 'empty', 'at least one'],
  ['databases that are a map', 'databases: { app: {} }', 'databases', 'is not a list', 'begin each entry with "- "'],
  ['a database without tables', 'databases: [{ name: a, url: "postgres://h/d" }]', 'databases[0].tables', 'missing'],
  [
    'a database that is a word',
    'databases: [app, { name: a, url: "postgres://h/d", tables: [{ table: t, interval: 1 day }] }]',
    'databases[0]',
    '"app" is not a map',
  ],
  [
    'neither url nor urlFile',
    'databases: [{ name: a, tables: [{ table: t, interval: 1 day }] }]',
    'databases[0]',
    'neither url nor urlFile',
  ],
  [
    'both url and urlFile',
    'databases: [{ name: a, url: "postgres://h/d", urlFile: x, tables: [{ table: t, interval: 1 day }] }]',
    'databases[0]',
    'both url and urlFile',
  ],
  ['the URL of another system', good.replace('postgres://h/db', 'mysql://h/db'), 'databases[0].url', 'does not begin with postgres://'],
  [
    'a table named twice, differently written',
    withTable('interval: 1 day }, { table: \'PUBLIC."t"\', interval: 1 day'),
    'databases[0].tables[1]',
    'public.t appears a second time',
    'databases[0].tables[0]',
  ],
  [
    'a database named twice',
    'databases:\n- &a { name: a, url: "postgres://h/d", tables: [{ table: t, interval: 1 day }] }\n- *a',
    'databases[1]',
    '"a" appears a second time',
    'on line 2',
  ],
];

const documentCases: readonly Case[] = [
  ['an empty file', '', '', 'the file is empty', '`databases`'],
  ['a file of comments', '# nothing\n', '', 'the file is empty'],
  ['a file that is a list', '- a\n', '', 'is not a map'],
  ['a variable that is not set', `${good}http: { host: "\${NOPE}" }`, 'http.host', 'NOPE is not set', '$${NOPE}'],
  ['a shell form of a variable', `${good}http: { host: "\${NOPE:-x}" }`, 'http.host', '${NOPE:-x} is not a variable'],
  ['a variable that never ends', `${good}http: { host: "\${NOPE" }`, 'http.host', 'no closing brace'],
  ['a key written twice', `${good}log: { level: info, level: warn }`, 'log.level', 'written twice', 'first on line 2'],
  ['an anchor that contains itself', `${good}log: { level: &a [*a] }`, 'log.level[0][0][0][0][0][0][0][0][0][0]', 'may contain itself'],
  ['an anchor that is not there', `${good}log: *nowhere`, 'log', '&nowhere is not defined'],
];

describe.each([
  ['a table', tableCases],
  ['retention', retentionCases],
  ['the process', processCases],
  ['databases', databaseCases],
  ['the file', documentCases],
])('refuses, in %s,', (_, cases) => {
  it.each(cases)('%s', (_what, text, path, ...parts) => {
    const problems = problemsOf(text);
    expect(problems.map((problem) => problem.path)).toEqual([path]);
    for (const part of parts) expect(problems[0]?.message).toContain(part);
  });
});

describe('text that is not YAML', () => {
  it.each([
    ['an open quote', 'databases: "x\n', 2, 'not valid YAML'],
    ['a template without quotes', `${good}defaults:\n  name: {table}_{yyyy}\n`, 3, 'a name template needs quotes'],
    ['a cron expression without quotes', `${good}schedules:\n  provision: */10 * * * *\n`, 3, 'a cron expression needs quotes'],
    ['a variable within braces', `${good}http: { host: \${X} }\n`, 2, 'put ${NAME} in quotes'],
    ['tabs', `${good}http:\n\tport: 1\n`, 3, 'indent with spaces'],
    ['two documents', `${good}---\n${good}`, 2, 'multiple documents'],
    ['a tag', `${good}http: !secret x\n`, 2, '!secret'],
  ])('is told once a line, with the line and a hint: %s', (_, text, line, part) => {
    const error = refusal(text);
    expect(error.code).toBe('PD103');
    expect(error.problems[0]).toEqual({ path: '', line: expect.any(Number), message: expect.stringContaining(part) });
    expect(error.problems.map((problem) => problem.line)).toEqual([line]);
  });
});

describe('all problems', () => {
  const text = [
    'log: { level: infos }',
    'safety:',
    '  lockTimeout: 100',
    'databases:',
    '  - name: app',
    '    url: ${NOPE}',
    '    tables:',
    '      - table: public.revenues',
    '        interval: 1 fortnight',
    '      - table: public.expenses',
    '        interval: 1 quarter',
    '        nmae: x',
  ].join('\n');

  it('come at once, in the order of the file, each with its line', () => {
    expect(problemsOf(text).map(({ line, path }) => [line, path])).toEqual([
      [1, 'log.level'],
      [3, 'safety.lockTimeout'],
      [6, 'databases[0].url'],
      [9, 'databases[0].tables[0].interval'],
      [12, 'databases[0].tables[1].nmae'],
    ]);
  });

  it('are all in the message of the error', () => {
    const { message, code, context } = refusal(text);
    expect(code).toBe('PD104');
    expect(message).toContain('partitiond.yaml cannot be used: 5 problems.');
    expect(message).toContain('line 12, databases[0].tables[1].nmae: unknown key; did you mean name?');
    expect(context['problems']).toHaveLength(5);
  });
});

function withUrl(written: string, more = ''): string {
  return `databases: [{ name: a, url: "${written}", tables: [{ table: t, interval: 1 day }]${more} }]`;
}

describe('secrets', () => {
  const secret = 'hunter2hunter2';
  const url = `postgres://bob:${secret}@h/db`;

  it.each([
    ['a URL of another system', withUrl(`mysql://bob:${secret}@h/db`)],
    ['a URL that cannot be parsed', withUrl(`postgres://bob:${secret}#x@h:port/db`)],
    ['a URL that is no URL', withUrl(secret)],
    ['a URL under a key that is not known', withUrl('postgres://h/db', `, uri: "${url}"`)],
    ['a URL as an interval', withTable(`interval: "${url}"`)],
    ['a URL as a host', `${good}http: { host: "${url}" }`],
    ['a password of libpq', `${good}http: { host: "host=x password=${secret}" }`],
    ['a variable as an interval', withTable('interval: "${SECRET}"')],
    ['a variable as a duration', `${good}safety: { lockTimeout: "12\${SECRET}" }`],
    ['a variable as a cron expression', `${good}schedules: { probe: "\${SECRET} * * * *" }`],
    ['a variable as a zone', `${good}schedules: { timezone: "\${SECRET}" }`],
    ['a variable as a template', withTable('interval: 1 day, name: "{${SECRET}}"')],
    ['a variable as a start', withTable('interval: 1 day, startFrom: "${SECRET}"')],
  ])('stay out of the message for %s', (_, text) => {
    const error = refusal(text, { SECRET: secret });
    expect(`${error.message} ${JSON.stringify(error.problems)} ${JSON.stringify(error.context)}`).not.toContain(secret);
  });
});
