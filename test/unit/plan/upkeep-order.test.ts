import { describe, expect, it } from 'vitest';
import type { UpkeepStep } from '../../../src/plan/step.ts';
import { byUrgency } from '../../../src/plan/upkeep-order.ts';
import { analyze, reindex, vacuum } from '../../support/upkeep-steps.ts';

const frozen = { oid: '2', filenode: '1', changes: 0 };

describe('byUrgency', () => {
  it('takes the tables in turn, in the order in which they appear, and each table in its own order', () => {
    expect(ordered([at('b', 1), at('b', 2), at('b', 3), at('a', 1), at('c', 1), at('c', 2)])).toEqual(['b1', 'a1', 'c1', 'b2', 'c2', 'b3']);
    expect(byUrgency([])).toEqual([]);
  });

  it('takes freezes for age before everything else, of the tables in turn', () => {
    const age = (tableOid: string, place: number): UpkeepStep => vacuum({ freeze: true, ...about(tableOid, place) });
    expect(ordered([age('a', 1), age('a', 2), at('a', 3), at('b', 1), age('b', 2)])).toEqual(['a1', 'b2', 'a2', 'a3', 'b1']);
  });

  it('does not prefer a VACUUM without a freeze, nor a freeze of what has closed', () => {
    const steps = [at('a', 1), vacuum({ freeze: true, frozen, ...about('a', 2) }), vacuum(about('a', 3)), reindex(about('b', 1))];
    expect(ordered(steps)).toEqual(['a1', 'b1', 'a2', 'a3']);
  });
});

function at(tableOid: string, place: number): UpkeepStep {
  return analyze(about(tableOid, place));
}

function about(tableOid: string, place: number): { readonly tableOid: string; readonly reason: string } {
  return { tableOid, reason: `${tableOid}${place}` };
}

function ordered(steps: readonly UpkeepStep[]): readonly string[] {
  return byUrgency(steps).map(({ reason }) => reason);
}
