import { expect, it } from 'vitest';
import { explainTrial } from '../../../../src/plan/migration/explain-trial.ts';
import { applyTrial } from '../../../../src/plan/migration/extent/trial.ts';
import { plan } from './support.ts';

const measured = { rows: 12_000, asked: 20_000, partitions: 14, filled: 12, copyMs: 100, indexMs: 50, verifyMs: 50, bytes: 1_200_000 };

it('a trial speaks for the whole table from 1,000 rows for each partition with rows and 10,000 in all, and says how many it took', () => {
  const untried = plan({});
  const tried = applyTrial(untried, measured, { estimatedRows: 120_000 });
  expect(tried).toMatchObject({
    estimatedSeconds: 2,
    diskBytes: expect.closeTo(13_200_000, -2),
    trial: { estimate: { rows: 120_000, copySeconds: 1 } },
  });
  expect(explainTrial(tried).join('\n')).toMatch(/^\nTrial: 12,000 rows \(of 20,000 asked for .*\) in 12 of 14 partitions/);
  expect(explainTrial(tried).join('\n')).not.toContain('Too few');
  for (const few of [{ rows: 11_999 }, { rows: 9_999, filled: 1 }]) {
    const small = applyTrial(untried, { ...measured, ...few }, { estimatedRows: 120_000 });
    expect(small).toMatchObject({ diskBytes: untried.diskBytes, estimatedSeconds: untried.estimatedSeconds, trial: { estimate: null } });
    expect(explainTrial(small).join('\n')).toContain('Too few to speak for the whole table');
  }
  // All that there is needs no extrapolation.
  expect(applyTrial(untried, { ...measured, rows: 500 }, { estimatedRows: 500 }).trial.estimate).toMatchObject({ rows: 500 });
});
