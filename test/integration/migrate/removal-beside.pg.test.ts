import { expect, it } from 'vitest';
import { applyPlan } from '../../../src/apply/apply-plan.ts';
import { installJournal } from '../../../src/journal/install.ts';
import { readRegrainPlan } from '../../../src/migrate/regrain/read-regrain-plan.ts';
import { beginMigration } from '../../../src/migrate/run/begin-migration.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { createDatabase } from '../../support/database.ts';
import { migrationTable } from '../../support/migrate/real-engine.ts';
import { noAbort } from '../../support/open-session.ts';
import { detachPartition, journalSchema, named, oidOf, stepSession } from '../../support/steps.ts';

it.each([true, false])(
  '%#: refuses to take a partition away that takes part in a migration begun since the removal was planned',
  async (concurrently) => {
    await using database = await createDatabase();
    await using open = await stepSession(database);
    await database.query(`
    CREATE TABLE revenues (id int, at timestamptz, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    CREATE TABLE revenues_1 PARTITION OF revenues FOR VALUES FROM ('2025-01-01Z') TO ('2025-02-01Z');
    CREATE TABLE revenues_2 PARTITION OF revenues FOR VALUES FROM ('2025-02-01Z') TO ('2025-04-01Z');
    CREATE TABLE revenues_3 PARTITION OF revenues FOR VALUES FROM ('2025-04-01Z') TO ('2025-07-01Z')`);
    await installJournal(open.session, journalSchema, noAbort);
    const tableOid = await oidOf(database, 'revenues');
    const steps = await Promise.all(
      ['revenues_1', 'revenues_3'].map(async (name) =>
        detachPartition({ tableOid, partition: named(name), partitionOid: await oidOf(database, name), concurrently }),
      ),
    );
    const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_q{q}' });
    const request = { partitions: [named('revenues_1'), named('revenues_2')], interval: parseInterval('3 months') };
    const plan = await readRegrainPlan(open.session, policy, request, BigInt(Date.now()) * 1000n, noAbort);
    const id = await beginMigration(open.session, journalSchema, plan, 'test', noAbort);

    const reports = await applyPlan(open.session, steps, open.context(), noAbort);
    expect(reports.map(({ outcome }) => outcome)).toEqual(['refused', 'ok']);
    expect(reports[0]?.error?.message).toMatch(/public\.revenues_1 takes part in a migration that has begun since this was planned/);
    const attached = () =>
      database.query(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${tableOid} ORDER BY 1`);
    expect(await attached()).toEqual([{ name: 'revenues_1' }, { name: 'revenues_2' }]);
    expect(await database.query(`SELECT name FROM ${journalSchema}.detached_partition`)).toEqual([{ name: 'revenues_3' }]);
    await database.query(`UPDATE ${journalSchema}.migration SET phase = 'aborted' WHERE id = ${id}`);
    expect((await applyPlan(open.session, steps.slice(0, 1), open.context(), noAbort)).map(({ outcome }) => outcome)).toEqual(['ok']);
  },
);
