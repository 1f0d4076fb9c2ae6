import type { Interval } from '../../partition/interval.ts';
import type { KeyEncoding } from '../../partition/key-encoding.ts';
import type { QualifiedName } from '../../partition/qualified-name.ts';
import { keyEncoding } from '../format/key-encoding.ts';
import { schemaName, tableName } from '../format/names.ts';
import { flag, wholeNumber } from '../format/number.ts';
import { partitionSize } from '../format/probe-values.ts';
import { grace, interval, span, start, storageParameters } from '../format/table-values.ts';
import { oneOf, text } from '../format/text.ts';
import { timezone } from '../format/timezone.ts';
import { type IndexKeys, indexSection } from './index-keys.ts';
import { defaulted, type Key, type List, optional, optionalList, required, type Section, section } from './key.ts';
import { type MaintenanceKeys, maintenanceSection } from './maintenance-keys.ts';
import { type MigrationKeys, migrationSection } from './migration-keys.ts';
import { type ProbeKeys, probeSection } from './probe-keys.ts';

export type RetentionKeys = {
  readonly keep: Key<string | number>;
  readonly action: Key<'detach' | 'drop'>;
  readonly grace: Key<string | number | null>;
  readonly schema: Key<string | null>;
};

/** What can be said of a table, and therefore also in `defaults`. */
export type SharedTableKeys = {
  readonly interval: Key<Interval>;
  readonly premake: Key<number>;
  readonly startFrom: Key<string | null>;
  readonly timezone: Key<string>;
  readonly key: Section<{ readonly encoding: Key<KeyEncoding> }>;
  readonly name: Key<string | null>;
  readonly defaultPartition: Key<'none' | 'keep' | 'managed'>;
  readonly retention: Section<RetentionKeys>;
  readonly storage: Key<Readonly<Record<string, string>>>;
  readonly maintenance: Section<MaintenanceKeys>;
  readonly dropRemovedIndexes: Key<boolean>;
  readonly targetPartitionSize: Key<number>;
};

export type TableKeys = { readonly table: Key<QualifiedName> } & SharedTableKeys & {
    readonly indexes: List<IndexKeys>;
    readonly probes: List<ProbeKeys>;
    readonly migration: Section<MigrationKeys>;
  };

export const retentionSection: Section<RetentionKeys> = section(
  'When partitions leave; without it, or with `retention: null`, they stay for ever.',
  {
    keep: required(
      span,
      "How long, counted back from now to a partition's real upper bound; for an integer interval the distance from the newest key, a whole number.",
    ),
    action: required(oneOf('detach', 'drop'), 'What happens then. There is no default: it must be chosen.'),
    grace: optional(grace, 'Calendar time between detach and drop, only with `action: drop`; `0` drops at once.', '`7 days` with `drop`'),
    schema: optional(schemaName, 'Detached tables are moved to this schema, which must exist.', 'they stay in their schema'),
  },
  true,
);

export const sharedTableKeys: SharedTableKeys = {
  interval: required(interval, 'Width of a partition: calendar time for keys that are time, a whole number for integer keys.'),
  premake: defaulted(wholeNumber(0, 100_000), 4, 'Partitions wholly after the current one that must exist.'),
  startFrom: optional(start, "An empty table's first partition: a date or time, or a key for an integer interval.", 'the current one'),
  timezone: defaulted(timezone, 'UTC', 'The calendar whose midnights are the bounds.'),
  key: section('How to read the partition key.', {
    encoding: defaulted(
      keyEncoding,
      'auto',
      'How the key carries time. `auto` decides by the type of the column; the others say that a number or a text holds an instant.',
    ),
  }),
  name: optional(
    text('name template', 'a text with tokens such as "{table}_{yyyy}_{mm}"', 200),
    'Name of new partitions. Tokens: `{table}` `{yyyy}` `{yy}` `{mm}` `{dd}` `{hh}` `{mi}` `{gggg}` `{ww}` `{q}` `{from}` `{to}`; must differ from one partition to the next.',
    'by interval, see below',
  ),
  defaultPartition: defaulted(
    oneOf('none', 'keep', 'managed'),
    'none',
    '`managed` creates a missing default partition and moves up to 10,000 rows out of it into partitions that are made; more of them the daemon moves by a migration that it begins, switches and finishes itself (not with `runner: cli`); `keep` and `none` never do.',
  ),
  retention: retentionSection,
  storage: defaulted(storageParameters, {}, 'Storage parameters of new partitions; they win over those of the newest existing one.'),
  maintenance: maintenanceSection,
  dropRemovedIndexes: defaulted(
    flag,
    false,
    "Whether an index that partitiond made is dropped when its entry goes from `indexes`; else it stays, and is nobody's.",
  ),
  targetPartitionSize: defaulted(
    partitionSize,
    '32 GB',
    'What a partition should grow to at most; advice on the interval is measured by it, and nothing else.',
  ),
};

export const tableSection: Section<TableKeys> = section('One partitioned table.', {
  table: required(tableName, 'The table, as `to_regclass` reads it; without a schema it is `public`.'),
  ...sharedTableKeys,
  indexes: optionalList('Indexes to build on the partitions without blocking anybody, and to keep there.', indexSection),
  probes: optionalList(
    'Queries that must prune, and what they may cost; the task `probe` and `partitiond probe` plan them. Without any, one is made up: the rows of the current interval, which may touch one partition.',
    probeSection,
  ),
  migration: migrationSection,
});
