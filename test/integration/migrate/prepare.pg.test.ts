import { expect, test } from 'vitest';
import { prepareTarget } from '../../../src/migrate/prepare/prepare.ts';
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
});
