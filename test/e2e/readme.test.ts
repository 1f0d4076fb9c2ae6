import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { waitFor } from '../support/wait-for.ts';
import { partitionNames } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The fenced blocks of one language in the section that begins with `heading`, in order. */
function blocks(heading: string, language: string): readonly string[] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
}

function partitiondCommands(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n').map((line) => line.replace(/ +#.*$/, ''));
  return lines.filter((line) => line.startsWith('partitiond ')).map((line) => line.split(' ').slice(1));
}

describe('the README', () => {
  it('gets a reader of its five minutes from a table to a running daemon', async () => {
    const [sql = ''] = blocks('Five minutes', 'sql');
    const [yaml = ''] = blocks('Five minutes', 'yaml');
    const [build = '', look = '', keep = ''] = blocks('Five minutes', 'sh');
    expect(build).toBe('npm ci && npm run build && npm link\n');
    expect(look).toMatch(/^export DATABASE_URL=/);
    await using database = await createDatabase();
    using workspace = new Workspace();
    await database.query(sql);
    workspace.configure(yaml);
    const env = { DATABASE_URL: database.url };
    const commands = partitiondCommands(look);
    expect(commands.map(([name]) => name)).toEqual(['validate', 'plan', 'plan', 'apply', 'status']);
    for (const args of commands) {
      const { exitCode, stdout } = await workspace.run(args, { env });
      expect({ args, exitCode }, stdout).toEqual({ args, exitCode: 0 });
    }
    expect(await partitionNames(database, 'public.page_view')).toHaveLength(8);
    await database.query(
      "INSERT INTO public.page_view (viewed_at, path) SELECT now() + i * interval '1 day', '/' FROM generate_series(0, 7) AS i",
    );
    const [run = []] = partitiondCommands(keep);
    const ports = { PARTITIOND_HTTP_PORT: '0', PARTITIOND_ADMIN_PORT: '0' };
    await using daemon = workspace.start(run, { env: { ...env, ...ports } });
    const [, url = ''] = await daemon.waitForLine('stderr', /"listener":"http".*"url":"([^"]+)"/);
    await waitFor(
      '/readyz to answer 200',
      () => fetch(`${url}/readyz`),
      (answer) => answer.status === 200,
    );
    expect((await fetch(`${url}/metrics`)).status).toBe(200);
    daemon.signal('SIGTERM');
    expect((await daemon.exited).exitCode).toBe(0);
  });

  it('shows a plan as it is really printed', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await database.query(`
      SET TimeZone = 'UTC';
      CREATE TABLE public.revenues (id bigint, occurred_at timestamptz NOT NULL) PARTITION BY RANGE (occurred_at);
      DO $$ DECLARE t timestamptz; BEGIN
        FOR t IN SELECT generate_series(timestamptz '2022-01-01', '2025-07-01', '3 months') LOOP
          EXECUTE format('CREATE TABLE public.%I PARTITION OF public.revenues FOR VALUES FROM (%L) TO (%L)',
            'revenues_' || to_char(t, 'YYYY_"q"Q'), t, t + interval '3 months');
        END LOOP;
      END $$`);
    workspace.configure(
      configurationText(database.url, {
        'public.revenues': 'interval: 1 quarter, premake: 2, retention: { keep: 12 quarters, action: detach }',
      }),
    );
    const { stdout } = await workspace.run(['plan', '--now', '2025-06-15']);
    const [, shown] = readme.match(/^```\n\$ partitiond plan\n([\s\S]*?)^```$/m) ?? [];
    expect(shown).toBe(stdout);
  });

  it('names the two commands of the package, links to files that exist, and keeps to 140 columns', () => {
    const scripts = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts);
    expect(readme).toMatch(/^npm ci && npm start {4}#/m);
    expect(readme).toMatch(/^npm ci && npm test {5}#/m);
    for (const [, script = ''] of readme.matchAll(/npm run ([a-z:]+)/g)) expect(scripts).toContain(script);
    expect(scripts).toEqual(expect.arrayContaining(['start', 'test']));
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    expect(readme.split('\n').filter((line) => !line.startsWith('[') && line.length > 140 && !line.startsWith('  '))).toEqual([]);
  });
});
