import type pg from 'pg';

/** Rows of about 135 bytes, of 36 months. */
export async function makeSource(client: pg.Client, rows: number): Promise<void> {
  await client.query(`
    SET TimeZone = 'UTC';
    CREATE TABLE revenues (
      id bigint PRIMARY KEY, org_id integer NOT NULL, occurred_at timestamptz NOT NULL, amount numeric(12,2), currency text, note text
    );
    INSERT INTO revenues
    SELECT n, n % 1000, '2023-01-01'::timestamptz + n * (interval '1095 days' / ${rows}), n % 100000 / 100.0, 'EUR', repeat('x', 40) || n
    FROM generate_series(1, ${rows}) AS n`);
  await client.query('VACUUM (ANALYZE, FREEZE) revenues');
}

/** As step 1 makes it: monthly partitions, primary key alone, autovacuum off. */
export async function makeTarget(client: pg.Client, name: string): Promise<void> {
  await client.query(`
    SET TimeZone = 'UTC';
    DROP TABLE IF EXISTS ${name};
    CREATE TABLE ${name} (
      id bigint NOT NULL, org_id integer NOT NULL, occurred_at timestamptz NOT NULL, amount numeric(12,2), currency text, note text,
      PRIMARY KEY (id, occurred_at)
    ) PARTITION BY RANGE (occurred_at);
    DO $$ BEGIN FOR i IN 0..35 LOOP
      EXECUTE format('CREATE TABLE ${name}_%s PARTITION OF ${name} FOR VALUES FROM (%L) TO (%L) WITH (autovacuum_enabled = off)', i,
        '2023-01-01'::timestamptz + i * interval '1 month', '2023-01-01'::timestamptz + (i + 1) * interval '1 month');
    END LOOP; END $$`);
}

/** Rows of both that differ; 0 when the copy is whole. */
export async function countDifferences(client: pg.Client, target: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `SELECT count(*) AS count FROM revenues AS s FULL JOIN ${target} AS t USING (id, occurred_at)
     WHERE (s.org_id, s.amount, s.currency, s.note) IS DISTINCT FROM (t.org_id, t.amount, t.currency, t.note)`,
  );
  return Number(rows[0]?.count);
}
