import { expect, it } from 'vitest';
import { LockTimeoutError } from '../../../src/errors.ts';
import type { Engine } from '../../../src/migrate/engine.ts';
import { startMigration } from '../../../src/migrate/run/run-migration.ts';
import { abort } from '../../../src/migrate/switch/abort.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import { createDatabase, type TestDatabase } from '../../support/database.ts';
import { migrationTable, realEngine } from '../../support/migrate/real-engine.ts';
import { named } from '../../support/model.ts';
import { noAbort } from '../../support/open-session.ts';
import { waitForLockWaiter } from '../../support/wait-for-lock.ts';

const policy = migrationTable({ table: named('revenues'), name: '{table}_{yyyy}_q{q}' }, { partitionKey: 'at' });

async function createRevenues(database: TestDatabase): Promise<void> {
  await database.query(`
    CREATE TABLE revenues (id bigint, at timestamptz, PRIMARY KEY (id, at));
    INSERT INTO revenues SELECT n, '2025-02-01Z' FROM generate_series(1, 100) AS n`);
}

it.each(['source', 'target'] as const)(
  '%#: names the way out when somebody has dropped the log of captured positions, and that is one',
  async (live) => {
    await using database = await createDatabase();
    await createRevenues(database);
    await using run = await realEngine(database, policy);
    const { engine } = run;
    await run.start();
    if (live === 'target') await run.turn();
    await database.query(`DROP TABLE partitiond.capture_${engine.id}`);
    const wayOut =
      live === 'source'
        ? /log .* is gone.*migrate abort --table/
        : /is gone.*Drop the triggers.*no way back, only .partitiond migrate finish --yes/;
    await expect(startMigration({ engine, brakes: () => [] }, 'ready', noAbort)).rejects.toMatchObject({
      code: 'PD628',
      message: expect.stringMatching(wayOut),
    });
    if (live === 'source') await abort(engine, noAbort);
    else {
      for (const which of ['row', 'truncate']) await database.query(`DROP TRIGGER partitiond_capture_${engine.id}_${which} ON revenues`);
      await run.finish();
    }
    expect(engine.record.phase).toBe(live === 'source' ? 'aborted' : 'finished');
    await database.query('DELETE FROM revenues WHERE id = 7');
  },
);

it('waits for a lock in every part of a verification, and names who holds it when that is too long', async () => {
  await using database = await createDatabase();
  await createRevenues(database);
  await using run = await realEngine(database, policy);
  await run.start();
  const { surroundings } = run.engine;
  const within = (lockBudgetMs: number): Engine => ({
    ...run.engine,
    surroundings: { ...surroundings, safety: { ...surroundings.safety, lockBudgetMs } },
  });
  const blocker = await database.client({ applicationName: 'holds it' });
  for (const relation of ['revenues', 'revenues_partitioned', 'partitiond.migration_chunk']) {
    await blocker.query(`BEGIN; LOCK TABLE ${relation} IN ACCESS EXCLUSIVE MODE`);
    const failed = await verify(within(1), null, noAbort).catch((error: unknown) => error);
    expect(failed, relation).toBeInstanceOf(LockTimeoutError);
    expect(failed).toMatchObject({ blockers: expect.arrayContaining([expect.objectContaining({ application: 'holds it' })]) });
    const waiting = verify(within(30_000), null, noAbort);
    await waitForLockWaiter(database);
    await blocker.query('ROLLBACK');
    expect(await waiting).toMatchObject({ mismatches: 0 });
  }
});
