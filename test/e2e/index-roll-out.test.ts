import { describe, expect, it } from 'vitest';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { Workspace } from './support/workspace.ts';

/** As somebody would write it, on purpose without any help of the test's support. */
const written = `
databases:
  - name: app
    url: \${DATABASE_URL}
    tables:
      - table: public.revenues
        interval: 1 quarter
        premake: 2
        maintenance: false
        indexes:
          - name: revenues_by_property
            columns: [org_id, property_id, occurred_at]
          - name: revenues_approved
            columns: [status]
            where: status = 'approved'
`;

/** `index on relation`, those that are not valid marked so. */
async function indexesOf(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ index: string }>(
    `SELECT format('%s on %s%s', pg_get_indexdef(indexrelid), indrelid::regclass, CASE WHEN indisvalid THEN '' ELSE ', invalid' END) AS index
       FROM pg_index WHERE indrelid IN (SELECT relid FROM pg_partition_tree('public.revenues')) ORDER BY indrelid::regclass::text, 1`,
  );
  return rows.map(({ index }) => index);
}

describe('indexes of a table', () => {
  it('are on all quarters after one apply, those made by it and those made later, and then nothing is left to do', async () => {
    await using database = await createDatabase();
    using workspace = new Workspace();
    await database.query(`
      SET TimeZone = 'UTC';
      CREATE TABLE public.revenues (id bigint, org_id int, property_id int, status text, occurred_at timestamptz NOT NULL)
        PARTITION BY RANGE (occurred_at);
      DO $$ DECLARE t timestamptz; BEGIN
        FOR t IN SELECT date_trunc('quarter', now()) - i * interval '3 months' FROM generate_series(0, 3) i LOOP
          EXECUTE format('CREATE TABLE public.%I PARTITION OF public.revenues FOR VALUES FROM (%L) TO (%L)',
            'revenues_' || to_char(t, 'YYYY_"q"Q'), t, t + interval '3 months');
        END LOOP;
      END $$;
      INSERT INTO public.revenues SELECT i, i % 7, i % 5, CASE WHEN i % 3 = 0 THEN 'approved' ELSE 'open' END, now() - i * interval '1 hour'
        FROM generate_series(1, 1000) i`);
    workspace.configure(written);
    const env = { DATABASE_URL: database.url };

    const applied = await workspace.run(['apply'], { env });
    expect(applied.exitCode, applied.stderr + applied.stdout).toBe(0);
    const indexes = await indexesOf(database);
    // Four quarters that were there, two made ahead, and the table itself.
    expect(indexes).toHaveLength(14);
    expect(indexes.filter((index) => index.endsWith(', invalid'))).toEqual([]);
    expect(indexes.filter((index) => index.includes('USING btree (org_id, property_id, occurred_at)'))).toHaveLength(7);
    expect(indexes.filter((index) => index.includes("USING btree (status) WHERE (status = 'approved'::text)"))).toHaveLength(7);

    const again = await workspace.run(['plan', '--json'], { env });
    expect(again.exitCode, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ tables: [{ steps: [] }] });

    workspace.configure(written.replace('premake: 2', 'premake: 3'));
    expect((await workspace.run(['apply'], { env })).exitCode).toBe(0);
    const more = await indexesOf(database);
    expect(more).toHaveLength(16);
    expect(more.filter((index) => index.endsWith(', invalid'))).toEqual([]);
  });
});
