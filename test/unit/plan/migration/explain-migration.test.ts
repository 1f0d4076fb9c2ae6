import { describe, expect, it } from 'vitest';
import { explainMigration } from '../../../../src/plan/migration/explain-migration.ts';
import { column, foreignKey, plan, primary, type Wanted } from './support.ts';

const at = column('occurred_at', 'timestamp with time zone', { isNotNull: false });
const keyed: Wanted = { definition: { columns: [column('id', 'bigint'), at], indexes: [primary(['id'])], incoming: [foreignKey()] } };

function text(wanted: Wanted): string {
  return explainMigration(plan(wanted)).join('\n');
}

describe('a plan of a migration tells', () => {
  it('what it comes to, the steps with locks and the way back, notes and what to type next', () => {
    const lines = explainMigration(plan());
    expect(lines.slice(0, 17)).toEqual([
      'public.revenues: can be migrated by copy, in 12 steps',
      '',
      '  strategy    copy: a partitioned table is filled beside it',
      '  partitions  11 partitions from 2024-01-01T00:00:00Z to 2026-10-01T00:00:00Z',
      '  disk        about 11 GB more until the old table is dropped',
      '  WAL         about 18 GB',
      '  time        about 3 min of work; windows and brakes come on top',
      '',
      'Steps:',
      '   0  Look at public.revenues: what you are reading',
      '      locks  none',
      '      undo   none needed',
      '   1  Make public.revenues_partitioned with its partitions, primary key and a guard that lets nobody else write it',
      '      locks  briefly, giving way to others: AccessShareLock on public.revenues',
      '      undo   drop what was made; migrate abort does',
      '   2  Capture: triggers on public.revenues note which rows change',
      '      locks  briefly, giving way to others: ShareUpdateExclusiveLock on public.revenues; ShareRowExclusiveLock on public.revenues',
    ]);
    expect(lines.slice(-4)).toEqual([
      'Notes:',
      '  - Whether the disk has room was not checked: the server does not tell, say it in migration.copy.diskFree.',
      '',
      `Plan ${plan().hash}. Nothing was changed. Next: partitiond migrate start --table public.revenues`,
    ]);
  });

  it('every refusal with its fix, and how to accept it where that is possible', () => {
    const found = text({ ...keyed, circumstances: { nullKeys: 7, isOwner: false } });
    expect(found).toContain('public.revenues: cannot be migrated yet, 4 refusals\n');
    expect(found).toContain('\nRefused, until this is done:\n  - public.revenues: Role app does not own it');
    expect(found).toContain('\n  - 7 rows have no occurred_at, and so no partition: UPDATE');
    expect(found).toContain('\n    To accept it: migration.waive: [unique-without-key]. The same (id) may then come twice');
    expect(found).toContain('\n    To accept it: migration.waive: [drop-incoming-key]. The switch drops');
    expect(found).toMatch(/\n\nNothing was changed\. Next: what is refused above, then partitiond migrate plan --table public\.revenues$/);
    expect(text({ definition: { relkind: 'p' } })).not.toMatch(/Steps|strategy/);
    expect(text({ migration: { partitionKey: 'id' } })).toContain('  - id: The interval 1 quarter is calendar time');
  });

  it('what was accepted, with what it means', () => {
    const found = text({ ...keyed, migration: { waive: ['unique-without-key', 'drop-incoming-key'] } });
    expect(found).toContain('\nAccepted by migration.waive:\n  - unique-without-key, for revenues_pkey: The same (id) may then come twice');
  });

  it.each([
    [null, 'unknown'],
    [5_000_000, 'about 13 s of work'],
    [60_000_000_000, 'about 41 h 40 min'],
    [3_600_000_000, 'about 2 h 30 min'],
    [1_000_000_000, 'about 42 min'],
    [5_760_000_000, 'about 4 h of work'],
    [6_000_000_000, 'about 4 h 10 min'],
    [200_000_000_000, 'about 5 d 18 h'],
  ])('how long %s rows take: %s', (estimatedRows, told) => {
    expect(text({ circumstances: { estimatedRows, heapBytes: 1, totalBytes: 1 } })).toContain(`  time        ${told}`);
  });

  it('that attach moves nothing', () => {
    const found = text({ migration: { strategy: 'attach' } });
    expect(found).toContain('  disk        nothing to speak of\n  WAL         nothing to speak of\n');
    expect(found).toContain('  partitions  3 partitions from MINVALUE to 2027-01-01T00:00:00Z');
  });
});
