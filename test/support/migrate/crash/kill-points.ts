import { seededRandom } from '../../seeded-random.ts';
import { hold, holdLock, holdStatement, type InTheWay } from '../parking.ts';
import type { Revenues } from '../revenues.ts';
import { type ExchangeKind, source, target } from './kinds.ts';

/** Where a program is killed: it runs `action` into what `park` puts in its way. */
export interface KillPoint {
  readonly name: string;
  /** What is done in peace before, so that the program comes there. */
  readonly before?: readonly [string, ...string[]];
  readonly action: readonly [string, ...string[]];
  readonly park: (revenues: Revenues) => Promise<InTheWay>;
  /** Always, of which kinds; of others where the seed has chosen it. */
  readonly always: readonly string[];
}

/** By what they are on the way to, in order. */
export interface KillPoints {
  readonly start: readonly KillPoint[];
  readonly switch: readonly KillPoint[];
  readonly rollback: readonly KillPoint[];
  /** One is enough: the end is one message with its COMMIT, which a server completes also for a program that is gone by then. */
  readonly finish: readonly KillPoint[];
}

/** `PARTITIOND_KILL_SEED=7` repeats a choice of points and instants, `all` takes every point. */
const wanted = process.env['PARTITIOND_KILL_SEED'] ?? String(Date.now() % 100_000);
export const killSeed: number = wanted === 'all' ? 1 : Number(wanted);

/** Of the points that a kind does not always have, a tenth or so, so that every one has its turn. */
export function chosenPoints(points: readonly KillPoint[], kind: string): readonly KillPoint[] {
  const random = seededRandom([...kind].reduce((sum, letter) => sum * 31 + (letter.codePointAt(0) ?? 0), killSeed));
  return points.filter(({ always }) => always.includes(kind) || random() < 0.12 || wanted === 'all');
}

const start = (name: string, park: KillPoint['park'], ...always: readonly string[]): KillPoint => ({
  name,
  action: ['start'],
  park,
  always,
});
const chunks = ({ database }: Revenues): Promise<InTheWay> => holdLock(database, 'partitiond.migration_chunk', 'SHARE');
const reading = ({ database }: Revenues): Promise<InTheWay> => hold(database, `SELECT FROM ${source} LIMIT 1`);
const statement =
  (pattern: string, at: 'start' | 'end') =>
  ({ database }: Revenues): Promise<InTheWay> =>
    holdStatement(database, pattern, at);

/** Of partitions that change places with others. */
export function exchangePoints({ sources, targets, follower }: ExchangeKind): KillPoints {
  const [first, last] = [targets[0] ?? '', targets.at(-1) ?? ''];
  const lastSource = sources.at(-1) ?? '';
  const creating =
    (table: string) =>
    ({ database }: Revenues): Promise<InTheWay> =>
      hold(database, `CREATE TABLE ${table} ()`);
  const locked =
    (table: string, mode: string) =>
    ({ database }: Revenues): Promise<InTheWay> =>
      holdLock(database, table, mode);
  return {
    start: [
      start('table beside', creating(follower?.before ?? ''), 'split'),
      start('its last partition', creating(last), 'merge', 'drain'),
      start('a bound, its table locked', statement('ADD CONSTRAINT.*NOT VALID', 'end'), 'split'),
      start('a bound that is not proved', statement('VALIDATE CONSTRAINT', 'start'), 'drain'),
      start('the log', creating('partitiond.capture_1'), 'split'),
      start('capture of the last one', locked(lastSource, 'ROW EXCLUSIVE'), 'merge', 'drain'),
      start('files', locked('partitiond.migration_source', 'SHARE'), 'split'),
      { ...start('copy', locked(last, 'SHARE'), 'merge', 'drain'), before: ['start', '--until', 'prepare'] },
      { ...start('catch-up', locked(first, 'SHARE'), 'split'), before: ['start', '--until', 'backfill'] },
      { ...start('statistics', locked(last, 'SHARE UPDATE EXCLUSIVE'), 'merge'), before: ['start', '--until', 'prepare'] },
      start('verification', chunks, 'split', 'drain'),
    ],
    switch: [
      { name: 'before the exchange', action: ['switch'], park: reading, always: ['split'] },
      { name: 'within the exchange', action: ['switch'], park: statement('DETACH PARTITION', 'end'), always: ['split', 'merge', 'drain'] },
      { name: 'after the exchange', action: ['switch'], park: chunks, always: ['merge', 'drain'] },
      { ...start('replay into the old ones', locked(lastSource, 'SHARE'), 'split'), before: ['switch'] },
    ],
    rollback: [
      { name: 'before the way back', action: ['rollback'], park: reading, always: ['merge'] },
      { name: 'within the way back', action: ['rollback'], park: statement('DETACH PARTITION', 'end'), always: ['split', 'drain'] },
    ],
    finish: [
      {
        name: 'before the end',
        action: ['finish', '--yes'],
        park: ({ database }) => hold(database, `SELECT FROM ${first} LIMIT 1`),
        always: ['merge'],
      },
      { name: 'within the end', action: ['finish', '--yes'], park: statement('DROP TABLE', 'end'), always: ['split', 'drain'] },
    ],
  };
}

/** Of a table that becomes a partition. `partition`: the last of those that are made. */
export function attachPoints(partition: string): KillPoints {
  return {
    start: [
      start('new table', ({ database }) => hold(database, `CREATE TABLE ${target} ()`), 'attach'),
      start('its last partition', ({ database }) => hold(database, `CREATE TABLE ${partition} ()`), 'attach'),
      start('an index', statement('CREATE (UNIQUE )?INDEX.* ON public.revenues', 'end'), 'attach'),
      start('CHECK, the table locked', statement('ADD CONSTRAINT.*NOT VALID', 'end'), 'attach'),
      start('CHECK that is not proved', statement('VALIDATE CONSTRAINT', 'start'), 'attach'),
    ],
    switch: [
      { name: 'before ATTACH', action: ['switch'], park: reading, always: ['attach'] },
      { name: 'after ATTACH', action: ['switch'], park: statement('ATTACH PARTITION', 'end'), always: ['attach'] },
    ],
    rollback: [
      { name: 'before DETACH', action: ['rollback'], park: reading, always: [] },
      { name: 'after DETACH', action: ['rollback'], park: statement('DETACH PARTITION', 'end'), always: ['attach'] },
    ],
    finish: [{ name: 'before the end', action: ['finish', '--yes'], park: chunks, always: ['attach'] }],
  };
}
