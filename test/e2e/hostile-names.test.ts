import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const now = ['--now', '2025-03-10T12:00:00Z'];

/** Unquoted names that PostgreSQL allows and programs trip over; each at most 63 bytes. */
const names = [
  'Weird"Quote',
  'dotted.name',
  "it's; DROP TABLE public.victim; --",
  'UPPER lower',
  'größe 🐘',
  'select',
  'line\nbreak \u001b[31m',
  '$1 %I {table} \\',
  'ends in a space ',
  `${'ä'.repeat(30)}xyz`,
];

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** As PostgreSQL would cut it, had it the choice: at the name, between characters, never at the suffix. */
function withSuffix(name: string, suffix: string): string {
  const characters = [...name];
  while (Buffer.byteLength(characters.join('') + suffix) > 63) characters.pop();
  return characters.join('') + suffix;
}

describe('a name with quotes, dots, capitals, unicode or SQL in it', () => {
  it('is just a name, for every command', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await database.query('CREATE TABLE public.victim (id int)');
    const tables = names.map((name) => `${quoted(name)}.${quoted(name)}`);
    for (const [index, name] of names.entries()) {
      const [schema, table] = [quoted(name), tables[index]];
      await database.query(`
        CREATE SCHEMA ${schema};
        CREATE TABLE ${table} (${schema} timestamptz NOT NULL, CHECK (${schema} > '2000-01-01')) PARTITION BY RANGE (${schema});
        CREATE TABLE ${schema}.old PARTITION OF ${table} FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2025-03-01 00:00:00+00');
        CREATE TABLE ${schema}.current PARTITION OF ${table} FOR VALUES FROM ('2025-03-01 00:00:00+00') TO ('2025-04-01 00:00:00+00')`);
    }
    const keys = 'interval: 1 month, premake: 1, defaultPartition: managed, retention: { keep: 1 day, action: drop, grace: 0 }';
    workspace.configure(configurationText(database.url, Object.fromEntries(tables.map((table) => [table, keys]))));

    const plan = await workspace.run(['plan', '--json', ...now]);
    expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(plan.stdout).tables).toMatchObject(names.map(() => ({ findings: [], error: null, steps: { length: 4 } })));
    for (const args of [
      ['plan', ...now],
      ['plan', '--sql', ...now],
      ['status', '--table', tables[6] ?? ''],
    ]) {
      const { exitCode, stdout, stderr } = await workspace.run(args);
      expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' });
      if (!args.includes('--sql')) expect(stdout).not.toMatch(/\nbreak|\u001b/);
    }
    const applied = await workspace.run(['apply', ...now]);
    expect(applied.stdout).toMatch(/\n10 tables: steps 40 done; no findings\.\n$/);
    expect(applied.exitCode).toBe(0);

    for (const [index, name] of names.entries()) {
      const rows = await database.query<{ name: string }>(
        'SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass',
        [tables[index]],
      );
      const expected = ['current', withSuffix(name, '_2025_04'), withSuffix(name, '_default')];
      expect(rows.map((row) => row.name).toSorted()).toEqual(expected.toSorted());
      expect(await database.query('SELECT to_regclass($1) AS gone', [`${quoted(name)}.old`])).toEqual([{ gone: null }]);
    }
    expect(await database.query("SELECT to_regclass('public.victim')::text AS name")).toEqual([{ name: 'victim' }]);
    expect((await workspace.run(['plan', '--exit-code', ...now])).exitCode).toBe(0);
  });
});
