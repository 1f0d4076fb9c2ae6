import { expect, test } from 'vitest';
import { prepare, prepareTarget } from '../../../src/migrate/prepare/prepare.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase } from '../../support/database.ts';
import { describeTable } from '../../support/migrate/describe-table.ts';
import { richSource, richTable, unprepared } from '../../support/migrate/rich-source.ts';
import { noAbort } from '../../support/open-session.ts';

test('makes a target that equals the source object by object', async () => {
  await using database = await createDatabase();
  const [owner, reader] = [(await database.createRole('owner')).name, (await database.createRole('reader')).name];
  const source = `${richSource(reader)}; ALTER TABLE public."rev""enues.2" OWNER TO ${owner}; ALTER STATISTICS public."Org's" OWNER TO ${owner}`;
  await using engine = await unprepared(database, {
    table: richTable,
    source,
    policy: { interval: parseInterval('3 months'), premake: 1 },
  });
  await prepareTarget(engine, noAbort);
  const [before, after] = [await describeTable(database, richTable), await describeTable(database, `${richTable}_partitioned`)];
  expect(after).toEqual({ ...before, replicaIdentity: 'd', checks: before.checks.filter(({ name }) => name !== 'note_short') });
  expect(before.checks).toHaveLength(2);
  const [partition] = await database.query(
    /* sql */ `
    SELECT c.relacl::text AS acl, c.relowner::regrole::text AS owner, c.relrowsecurity AS secured, c.reloptions::text AS options,
      (SELECT array_agg(p.polname) FROM pg_policy AS p WHERE p.polrelid = c.oid)::text AS policies,
      (SELECT a.attoptions::text || a.attstattarget FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'Org-id') AS column,
      (SELECT count(*)::int FROM pg_statistic_ext AS e WHERE e.stxrelid = c.oid) AS statistics
    FROM pg_class AS c
    WHERE c.relname = 'rev"enues.2_2024_q4'`,
  );
  expect(partition).toEqual({
    acl: null,
    owner,
    secured: true,
    options: '{fillfactor=80,autovacuum_vacuum_scale_factor=0.05,autovacuum_enabled=false}',
    policies: '{own}',
    column: '{n_distinct=100}321',
    statistics: 1,
  });
  // Steps 2 and 3, and all of it once more.
  await prepare(engine, noAbort);
  await prepare(engine, noAbort);
  const [sequence] = await database.query(
    "SELECT seqrelid::regclass::text AS name FROM pg_sequence WHERE seqstart = 5 AND seqrelid::regclass::text LIKE '%partitioned%'",
  );
  expect(sequence).toEqual({ name: '"rev""enues.2_id_seq_partitioned"' });
  expect(await database.query('SELECT blocks > 0 AS counted FROM partitiond.migration_source')).toEqual([{ counted: true }]);
});
