import { describe, expect, it } from 'vitest';
import { renderStep } from '../../../src/ddl/render-step.ts';
import { renderScript } from '../../../src/ddl/script.ts';
import { createDefault, detachPartition, dropGuard, named } from '../../support/steps.ts';
import { reindex } from '../../support/upkeep-steps.ts';

describe('renderScript', () => {
  it('puts locks and reason before each statement, and BEGIN and COMMIT around a transaction', () => {
    const step = dropGuard();
    expect(renderScript(step, renderStep(step, 180000))).toEqual([
      '-- drop-guard public.revenues_default: a killed run left it behind',
      'BEGIN;',
      '-- AccessExclusiveLock on public.revenues_default: a killed run left it behind',
      'ALTER TABLE public.revenues_default DROP CONSTRAINT partitiond_guard_1;',
      'COMMIT;',
      '',
    ]);
  });

  it('bounds each attempt when told the lock timeout, and leaves what stands alone outside a transaction', () => {
    const step = detachPartition({ moveTo: named('revenues_2025_q2', 'archive') });
    expect(renderScript(step, renderStep(step, 180000), 100)).toEqual([
      '-- detach-partition public.revenues_2025_q2: it ended before the cut-off',
      "SET lock_timeout = '100ms';",
      expect.stringContaining('-- ShareUpdateExclusiveLock on public.revenues,'),
      'ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2 CONCURRENTLY;',
      '-- if it is interrupted: ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2 FINALIZE;',
      'RESET lock_timeout;',
      'BEGIN;',
      "SET LOCAL lock_timeout = '100ms';",
      '-- AccessExclusiveLock on public.revenues_2025_q2: detached tables are kept there',
      'ALTER TABLE public.revenues_2025_q2 SET SCHEMA archive;',
      'COMMIT;',
      '',
    ]);
  });

  it('sets nothing around what stands alone and is brief when no lock timeout is given', () => {
    const step = detachPartition();
    expect(renderScript(step, renderStep(step, 180000)).slice(1)).toEqual([
      expect.stringContaining('-- ShareUpdateExclusiveLock on public.revenues,'),
      'ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2 CONCURRENTLY;',
      '-- if it is interrupted: ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2 FINALIZE;',
      '',
    ]);
  });

  it.each([null, 100])('takes every timeout away from a long command, whatever the lock timeout (%s)', (lockTimeoutMs) => {
    const step = reindex();
    expect(renderScript(step, renderStep(step, 180000), lockTimeoutMs)).toEqual([
      '-- reindex public.revenues_2025_q2: it is invalid',
      'SET lock_timeout = 0;',
      'SET statement_timeout = 0;',
      '-- ShareUpdateExclusiveLock on public.revenues_2025_q2, ShareUpdateExclusiveLock on public.revenues_2025_q2_i: it is invalid',
      'REINDEX INDEX CONCURRENTLY public.revenues_2025_q2_i;',
      'RESET lock_timeout;',
      'RESET statement_timeout;',
      '',
    ]);
  });

  it('says so where a statement takes no lock that others could meet', () => {
    const step = createDefault();
    expect(renderScript(step, renderStep(step, 180000))).toContain('-- no lock on a table that others use: the same owner as the parent');
  });

  it('keeps a line break in a name inside the comment', () => {
    const step = dropGuard({ partition: named('a\nDROP TABLE b; --'), reason: 'x\r\ny\u2028z' });
    const comments = renderScript(step, renderStep(step, 180000)).filter((line) => line.startsWith('--'));
    expect(comments).toHaveLength(2);
    expect(comments.join('')).not.toMatch(/[\r\n\u2028]/);
  });
});
