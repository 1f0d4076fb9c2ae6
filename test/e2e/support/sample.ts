import type { TestDatabase } from '../../support/database.ts';

/** `public.<table>`, partitioned by `occurred_at`, with a partition for each month from `first` on. */
export async function createMonthly(database: TestDatabase, table: string, first: string, months: number): Promise<void> {
  await database.query(
    `CREATE TABLE public.${table} (id bigint NOT NULL, occurred_at timestamptz NOT NULL) PARTITION BY RANGE (occurred_at)`,
  );
  await database.query(`
    DO $$ DECLARE month timestamptz; BEGIN
      SET LOCAL TimeZone = 'UTC';
      FOR i IN 0..${months - 1} LOOP
        month := timestamptz '${first} 00:00:00+00' + i * interval '1 month';
        EXECUTE format('CREATE TABLE public.%I PARTITION OF public.${table} FOR VALUES FROM (%L) TO (%L)',
          '${table}_' || to_char(month, 'YYYY_MM'), month, month + interval '1 month');
      END LOOP;
    END $$`);
}

/** Names of the attached partitions, sorted. */
export async function partitionNames(database: TestDatabase, table: string): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    'SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1',
    [table],
  );
  return rows.map((row) => row.name);
}
