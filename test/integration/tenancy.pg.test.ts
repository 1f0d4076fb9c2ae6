import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../src/partition/calendar.ts';
import { createDatabase } from '../support/database.ts';
import { policyOf, reconcile } from '../support/reconcile.ts';

const now = parseInstant('2025-03-10T12:00:00Z', 'UTC');

describe('a table of many tenants', () => {
  it('carries policies that look into other tables, which PostgreSQL prints with the name of the parent', async () => {
    await using database = await createDatabase();
    await database.query(`
      CREATE TABLE org (id bigint PRIMARY KEY, name text);
      CREATE TABLE "Big" (org_id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
      ALTER TABLE "Big" ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON "Big" FOR INSERT WITH CHECK (EXISTS (SELECT FROM org WHERE org.id = "Big".org_id AND org.name <> '"Big".org_id'));`);
    const report = await reconcile(database, [policyOf('Big', { premake: 0 })], { request: { now } });
    expect(report.tables[0]?.steps.map((step) => [step.outcome, step.error?.message])).toEqual([['ok', undefined]]);
    const [policy] = await database.query<{ check: string }>(
      `SELECT pg_get_expr(polwithcheck, polrelid) AS check FROM pg_policy WHERE polrelid = 'public."Big_2025_03"'::regclass`,
    );
    expect(policy?.check).toContain('(org.id = "Big_2025_03".org_id)');
    expect(policy?.check).toContain(`'"Big".org_id'`);
  });

  it('makes partitions beside a publication of somebody else that lists partitions one by one, and says what its owner must do', async () => {
    await using database = await createDatabase();
    const role = await database.createRole('keeper');
    await database.query(`
      CREATE TABLE events (at timestamptz NOT NULL) PARTITION BY RANGE (at);
      CREATE TABLE events_2025_02 PARTITION OF events FOR VALUES FROM ('2025-02-01Z') TO ('2025-03-01Z');
      ALTER TABLE events OWNER TO "${role.name}"; ALTER TABLE events_2025_02 OWNER TO "${role.name}";
      GRANT CREATE ON SCHEMA public TO "${role.name}"; GRANT CREATE ON DATABASE ${database.name} TO "${role.name}";
      CREATE PUBLICATION captured FOR TABLE events_2025_02;`);
    const report = await reconcile(database, [policyOf('events', { premake: 0 })], { request: { now }, url: role.url });
    expect(report.tables[0]?.steps.map((step) => [step.outcome, step.error?.message])).toEqual([['ok', undefined]]);
    expect(report.tables[0]?.plan?.findings.map(({ kind, message }) => `${kind}: ${message}`).join()).toMatch(
      /missing-privilege: .*publication captured.*ALTER PUBLICATION captured ADD TABLE public.events/,
    );
  });
});
