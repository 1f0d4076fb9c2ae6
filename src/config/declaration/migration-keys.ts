import { type Waiver, waivers } from '../../partition/migration/policy.ts';
import { byteSize } from '../format/byte-size.ts';
import { duration } from '../format/duration.ts';
import { someOf, timeOfDay, weekdays } from '../format/migration-values.ts';
import { schemaName } from '../format/names.ts';
import { factor, share, wholeNumber } from '../format/number.ts';
import { sqlIdentifier } from '../format/sql-identifier.ts';
import { grace } from '../format/table-values.ts';
import { oneOf } from '../format/text.ts';
import { defaulted, type Key, type List, optional, optionalList, required, type Section, section } from './key.ts';

export type DailyWindowKeys = { readonly days: Key<readonly number[]>; readonly from: Key<number>; readonly to: Key<number> };

export type CopyKeys = {
  readonly workers: Key<number>;
  readonly batchTime: Key<number>;
  readonly pace: Key<number>;
  readonly maxBacklog: Key<number>;
  readonly diskFree: Key<number | null>;
};

export type BrakeKeys = { readonly replicaLag: Key<number>; readonly slotWal: Key<number>; readonly commitLatencyFactor: Key<number> };
export type VerifyKeys = { readonly eachBatch: Key<'content' | 'counts'>; readonly maxAge: Key<number> };

export type SwitchKeys = {
  readonly maxLock: Key<number>;
  readonly drain: Key<number>;
  readonly deadline: Key<number>;
  readonly window: List<DailyWindowKeys>;
  readonly oldSnapshots: Key<'wait' | 'ignore'>;
};

export type ReadSchemaKeys = { readonly old: Key<string>; readonly new: Key<string> };

export type MigrationKeys = {
  readonly partitionKey: Key<string>;
  readonly strategy: Key<'auto' | 'attach' | 'copy'>;
  readonly capture: Key<'log' | 'dual'>;
  readonly copy: Section<CopyKeys>;
  readonly window: List<DailyWindowKeys>;
  readonly brakes: Section<BrakeKeys>;
  readonly verify: Section<VerifyKeys>;
  readonly switch: Section<SwitchKeys>;
  readonly readSchemas: Section<ReadSchemaKeys>;
  readonly runner: Key<'any' | 'cli'>;
  readonly keepOld: Key<string | number>;
  readonly waive: Key<readonly Waiver[]>;
};

export const dailyWindowSection: Section<DailyWindowKeys> = section("A part of some days, in the table's `timezone`.", {
  days: defaulted(weekdays, 'mon-sun', 'On which it begins.'),
  from: required(timeOfDay, 'When it begins.'),
  to: required(timeOfDay, 'When it ends; at or before `from`, that is on the next day.'),
});

export const copySection: Section<CopyKeys> = section('How rows are copied.', {
  workers: defaulted(wholeNumber(1, 64), 2, 'Connections that copy at the same time.'),
  batchTime: defaulted(duration('10ms', '1m'), '300ms', 'What one batch should take; its size follows.'),
  pace: defaulted(share(0, 100), 0.25, 'The pause after a batch, as a share of its duration; 0: none.'),
  maxBacklog: defaulted(
    wholeNumber(1000, 1_000_000_000_000),
    10_000_000,
    'Captured changes beyond which they are replayed while rows are still being copied, rather than after it.',
  ),
  diskFree: optional(
    byteSize,
    'What is free on the disk of the server, which does not tell; a plan that needs more is refused.',
    'not checked',
  ),
});

export const brakesSection: Section<BrakeKeys> = section(
  'What holds new batches back. Changes are captured and replayed all the same: a brake costs time, never rows.',
  {
    replicaLag: defaulted(duration('1s', '7 days'), '10s', 'A standby further behind than this.'),
    slotWal: defaulted(byteSize, '5 GiB', 'A replication slot that holds back more WAL than this.'),
    commitLatencyFactor: defaulted(
      factor(1, 1000),
      2,
      'A commit of one row that takes more than so many times what it takes while nothing is copied.',
    ),
  },
);

export const verifySection: Section<VerifyKeys> = section('How both sides are compared.', {
  eachBatch: defaulted(
    oneOf('content', 'counts'),
    'content',
    'What is compared of each batch soon after it: rows, or only their number. All rows are compared before the switch in any case.',
  ),
  maxAge: defaulted(duration('1m', '30 days'), '24h', 'How old a verdict may be that a switch trusts.'),
});

export const switchSection: Section<SwitchKeys> = section('When and how the names change hands.', {
  maxLock: defaulted(
    duration('50ms', '1m'),
    '500ms',
    'From the first exclusive lock to the commit; an attempt that takes longer is taken back.',
  ),
  drain: defaulted(duration('10ms', '1m'), '200ms', 'Of that, what replaying the last changes may take.'),
  deadline: defaulted(duration('1s', '24h'), '15m', 'For all attempts together.'),
  window: optionalList('When a switch may happen; none: whenever the command is given.', dailyWindowSection),
  oldSnapshots: defaulted(
    oneOf('wait', 'ignore'),
    'wait',
    '`wait`: not while a transaction has a snapshot from before the switch, which might miss rows in the new table; `ignore` does not look.',
  ),
});

export const readSchemasSection: Section<ReadSchemaKeys> = section(
  "Two schemas, which must exist, with a view of the table's name each: one of the old table, one of the new. A role's `search_path` then says which of them it reads.",
  {
    old: required(schemaName, 'Where the view of the old table goes.'),
    new: required(schemaName, 'Where the view of the new table goes.'),
  },
  true,
);

export const migrationSection: Section<MigrationKeys> = section(
  'How `partitiond migrate` makes the ordinary table of this name a partitioned one while it is in use; the rest of the entry is the policy of the future table. After that it means nothing and may go.',
  {
    partitionKey: required(sqlIdentifier('column name'), 'The column to partition by.'),
    strategy: defaulted(
      oneOf('auto', 'attach', 'copy'),
      'auto',
      '`copy` fills a new table beside the old one; `attach` makes the old one the first partition and moves no row; `auto` is `attach` above 200 GiB when the primary key and all unique indexes hold the partition key.',
    ),
    capture: defaulted(
      oneOf('log', 'dual'),
      'log',
      '`log`: triggers note which rows changed, and they are replayed; `dual`: triggers write both tables, and an error of the second fails the application.',
    ),
    copy: copySection,
    window: optionalList('When rows may be copied; none: at any time.', dailyWindowSection),
    brakes: brakesSection,
    verify: verifySection,
    switch: switchSection,
    readSchemas: readSchemasSection,
    runner: defaulted(
      oneOf('any', 'cli'),
      'any',
      '`any`: the daemon goes on with a migration that was started and that nobody runs; `cli`: only `partitiond migrate` does.',
    ),
    keepOld: defaulted(grace, '7 days', 'From `finish` to the drop of the old table.'),
    waive: defaulted(
      someOf(...waivers),
      [],
      'What is accepted although the new table will not be as the old one; `migrate plan` asks for each by name.',
    ),
  },
  true,
);
