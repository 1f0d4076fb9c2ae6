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
});
