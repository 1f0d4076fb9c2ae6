import { describe, expect, it } from 'vitest';
import { conductUpkeep } from '../../src/apply/upkeep/conduct.ts';
import { createDatabase } from '../support/database.ts';
import { amountIndex, conducting, createRevenues, invalidIndexes, noLimits, operations, outcomesOf } from '../support/upkeep.ts';

const never = new AbortController().signal;

describe('conducting upkeep', () => {
  it('vacuums partitions side by side and reports in the order of the steps', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 4);
    await using open = await conducting(db);
    await db.query('DELETE FROM revenues WHERE id % 2 = 0');
    const wanted = [1, 2, 3, 4].map((n) => steps.vacuum(`revenues_${n}`));
    const reports = await conductUpkeep(open.session, [...wanted, steps.analyze('revenues')], open.context(), never);
    expect(reports.map(({ error }) => error)).toEqual([null, null, null, null, null]);
    expect(outcomesOf(reports)).toEqual([
      'vacuum revenues_1 ok',
      'vacuum revenues_2 ok',
      'vacuum revenues_3 ok',
      'vacuum revenues_4 ok',
      'analyze revenues ok',
    ]);
    expect(open.workers.length).toBe(2);
    expect((await operations(db)).map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  });

  it('rolls an index out', async () => {
    await using db = await createDatabase();
    const steps = await createRevenues(db, 3);
    await using open = await conducting(db);
    const onPartitions = [3, 2, 1].flatMap((n) => [
      steps.createIndex(`revenues_${n}`, `revenues_${n}_amount`),
      steps.attachIndex(`revenues_${n}`, `revenues_${n}_amount`),
    ]);
    const reports = await conductUpkeep(
      open.session,
      [steps.createIndex('revenues', 'revenues_amount'), ...onPartitions],
      open.context(),
      never,
    );
    expect(reports.map(({ error }) => error)).toEqual(Array.from({ length: 7 }, () => null));
    expect(await invalidIndexes(db)).toEqual([]);
  });
});
