import { expect, it } from 'vitest';
import { conflictingModes } from '../../../src/apply/lock-conflicts.ts';
import type { LockMode } from '../../../src/ddl/statement.ts';

const modes: readonly LockMode[] = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];

it("is PostgreSQL's table of conflicting modes, one row a mode, x where they conflict", () => {
  const table = modes.map((wanted) => modes.map((held) => (conflictingModes(wanted).includes(held) ? 'x' : '.')).join(''));
  expect(table).toEqual(['.......x', '......xx', '....xxxx', '...xxxxx', '..xx.xxx', '..xxxxxx', '.xxxxxxx', 'xxxxxxxx']);
});
