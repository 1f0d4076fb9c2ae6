import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { createMonthly } from './support/sample.ts';
import { configurationText, Workspace } from './support/workspace.ts';

const page = readFileSync(new URL('../../docs/guides/privileges.md', import.meta.url), 'utf8');

describe('docs/guides/privileges.md', () => {
  it('lists all that a role needs which owns nothing', async () => {
    const [, sql = ''] = page.match(/^```sql\n([\s\S]*?)^```$/m) ?? [];
    await using database = await createDatabase();
    using workspace = new Workspace();
    const owner = await database.createRole('owner');
    const role = await database.createRole('partitiond');
    await createMonthly(database, 'event', '2024-12-01', 4);
    await database.query(`
      GRANT CREATE ON SCHEMA public TO ${owner.name};
      ALTER TABLE public.event OWNER TO ${owner.name};
      GRANT SELECT ON public.event TO PUBLIC`);
    for (const name of ['2024_12', '2025_01', '2025_02', '2025_03'])
      await database.query(`ALTER TABLE event_${name} OWNER TO ${owner.name}`);
    const keys = 'interval: 1 month, premake: 1, defaultPartition: managed, retention: { keep: 1 month, action: drop, grace: 0 }';
    workspace.configure(configurationText(role.url, { event: keys }));
    const before = await workspace.run(['check', '--now', '2025-03-10']);
    expect(before.stdout).toContain(`GRANT ${owner.name} TO ${role.name};`);

    const grants = sql
      .replaceAll('app_owner', owner.name)
      .replaceAll(/\bTO partitiond;/g, `TO ${role.name};`)
      .replace('DATABASE app', `DATABASE ${database.name}`)
      .replace(/^CREATE ROLE .*$/m, '');
    await database.query(grants);
    const applied = await workspace.run(['apply', '--now', '2025-03-10']);
    expect(applied.stdout).toMatch(/steps 6 done; no findings/);
    expect(applied.exitCode).toBe(0);
    const made = await database.query<{ owner: string; acl: string }>(
      "SELECT relowner::regrole::text AS owner, relacl::text AS acl FROM pg_class WHERE relname = 'event_2025_04'",
    );
    const parent = await database.query(
      "SELECT relowner::regrole::text AS owner, relacl::text AS acl FROM pg_class WHERE relname = 'event'",
    );
    expect(made).toEqual(parent);
    expect(made[0]?.owner).toBe(owner.name);
  });
});
