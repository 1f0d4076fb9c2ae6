import { describe, expect, it } from 'vitest';
import type { KeyCodec } from '../../../src/partition/key.ts';
import { explainPlan } from '../../../src/plan/explain.ts';
import { codecOf, contextAt, keep, type ModelSettings, modelOf, partition, planModel, rangePartition } from '../../support/model.ts';

const timestamptz = codecOf('timestamp with time zone');

function explain(settings: ModelSettings, allowRemovals: number | null = null, codec: KeyCodec | null = timestamptz): readonly string[] {
  return explainPlan('app', planModel(modelOf(settings), contextAt(undefined, { allowRemovals })), codec);
}

describe('a plan in words', () => {
  it('says when there is nothing to do', () => {
    expect(explain({ ranges: [['2025-03-01', 'MAXVALUE']] })).toEqual(['app public.t: nothing to do']);
  });

  it('tells each step with its reason, then findings', () => {
    expect(
      explain({
        policy: { premake: 0, retention: keep('3 months') },
        ranges: [
          ['2024-01-01', '2024-02-01'],
          ['2024-02-01', '2025-03-01'],
        ],
      }),
    ).toEqual([
      'app public.t: 2 steps',
      '  create public.t_20250301 from 2025-03-01T00:00:00Z to 2025-04-01T00:00:00Z: it holds now (2025-03-10T12:00:00Z), and no partition does',
      '  detach public.p1 concurrently: it ends at 2024-02-01T00:00:00Z, and what lies before 2024-12-10T12:00:00Z has left retention (keep: 3 months)',
    ]);
  });

  it('tells what was refused', () => {
    const lines = explain(
      {
        policy: { premake: 0, retention: keep('3 months') },
        ranges: [
          ['2024-01-01', '2024-02-01'],
          ['2024-02-01', '2025-04-01'],
        ],
      },
      0,
    );
    expect(lines[0]).toBe('app public.t: 1 refused step, 1 finding');
    expect(lines[1]).toMatch(/^ {2}refused: detach public\.p1 concurrently: it ends at/);
    expect(lines[2]).toMatch(/^ {2}error \(removal-budget\): 1 partition of public\.t would be detached/);
  });

  it('has words for every kind of step', () => {
    const retention = keep('3 months', { action: 'drop', grace: { kind: 'integer', distance: 0n }, schema: 'archive' });
    const lines = explain({
      policy: { premake: 0, retention },
      ranges: [
        ['2024-02-01', '2024-03-01'],
        ['2024-03-01', '2025-04-01'],
      ],
      partitions: [
        rangePartition(timestamptz, 'q', '2024-01-01', '2024-02-01', { isDetachPending: true }),
        partition('d', { kind: 'default' }),
      ],
      table: { leftoverGuards: ['partitiond_guard_1'] },
    });
    expect(lines.slice(1, 6).map((line) => line.replace(/: .*/, ''))).toEqual([
      '  drop the leftover guard partitiond_guard_1 of public.d',
      '  finish detaching public.q and move it to archive.q',
      '  drop the detached table archive.q',
      '  detach public.p1 and move it to archive.p1',
      '  drop the detached table archive.p1',
    ]);
    expect(explain({ policy: { defaultPartition: 'managed' }, ranges: [['2025-03-01', 'MAXVALUE']] })[1]).toMatch(
      /create the default partition public\.t_default:/,
    );
  });

  it('shows bounds as SQL has them where the key is not known, the ends of a type as MINVALUE and MAXVALUE', () => {
    const at = (position: bigint) => ({ newest: { position, beyondHorizon: null } });
    const policy = { premake: 0, interval: { kind: 'integer', step: 1000n } } as const;
    expect(explain({ type: 'smallint', policy, table: at(32_700n) }, null, null)[1]).toContain('from 32000 to MAXVALUE');
    expect(explain({ type: 'smallint', policy, table: at(-32_700n) }, null, null)[1]).toContain('from MINVALUE to -32000');
  });
});
