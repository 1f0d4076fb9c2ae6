import { createDatabase, type TestDatabase } from '../../database.ts';
import { type Network, startNetwork } from '../../network.ts';
import { disposeAll } from './dispose-all.ts';
import { type Fault, heldLock, migrationsLeftAlone, oldAge, pendingDetach, runningOut, sqlFault } from './faults.ts';

/** What a replica is told of the database `pruned`; the others are the same for all. */
export interface Variant {
  readonly premake: number;
  readonly journal: string;
}

export const usual: Variant = { premake: 2, journal: 'partitiond' };

/** Databases and tables, each for a fault or two of its own, so that many can go wrong side by side. */
export interface BadDay extends AsyncDisposable {
  /** Of a replica, without its listeners. */
  configuration(variant?: Variant): string;
  /** The first to begin, as time has to go by. */
  readonly runOut: Fault;
  /** Inserts of integers have reached the last partition. */
  readonly full: Fault;
  /** The catalog cannot be read. */
  readonly stuck: Fault;
  readonly others: readonly Fault[];
}

const nowhere = 'postgresql://nobody@127.0.0.1:1/nowhere';
const day = 86_400_000;

/** Tasks look every ten seconds, and fail soon when they have to. */
const process = `log: { level: debug }
schedules: { provision: "*/10 * * * * *", retention: "*/10 * * * * *", probe: "*/10 * * * * *", collect: "*/5 * * * * *", maintenance: off, index: off }
safety: { lockTimeout: 1s, lockBudget: 2s, statementTimeout: 2s, maxRemovals: 1 }
defaults: { maintenance: false }`;

const policies: Readonly<Record<string, (variant: Variant) => readonly string[]>> = {
  app: () => ['{ table: public.ticks, interval: 1 minute, premake: 4 }', '{ table: public.numbers, interval: 10, premake: 4 }'],
  data: () => [
    '{ table: public.spilt, interval: 1 day, premake: 2, defaultPartition: keep }',
    '{ table: public.torn, interval: 1 day, premake: 2 }',
    '{ table: public.leaving, interval: 1 day, premake: 2 }',
    '{ table: public.indexed, interval: 1 day, premake: 2 }',
    '{ table: public.kept, interval: 1 day, premake: 2, retention: { keep: 1 day, action: detach } }',
    '{ table: public.older, interval: 1 day, premake: 2 }',
    '{ table: public.oldest, interval: 1 day, premake: 2 }',
    '{ table: public.copied, interval: 1 day, premake: 2 }',
    '{ table: public.behind, interval: 1 day, premake: 2 }',
    '{ table: public.switched, interval: 1 day, premake: 2 }',
  ],
  pruned: ({ premake }) => [`{ table: public.events, interval: 1 day, premake: ${premake} }`],
  lost: () => ['{ table: public.events, interval: 1 day, premake: 2 }'],
  stuck: () => ['{ table: public.events, interval: 1 day, premake: 2 }'],
};

/** How long `ticks` is provided for when nobody makes further partitions. Low is half of four minutes, exhausted is a quarter. */
const ticksMs = 130_000;

export async function createBadDay(): Promise<BadDay> {
  const started: AsyncDisposable[] = [];
  try {
    const databases: Record<string, TestDatabase> = {};
    for (const name of Object.keys(policies)) {
      const database = await createDatabase();
      databases[name] = database;
      started.push(database);
    }
    const find = (name: string): TestDatabase => {
      const database = databases[name];
      if (database === undefined) throw new Error(`There is no database ${name}.`);
      return database;
    };
    await createTables(find);
    const network = await startNetwork(find('lost').url);
    started.push(network);
    return {
      configuration: (variant = usual) => {
        const list = Object.entries(policies).map(([name, tables]) => {
          const url = name === 'lost' ? network.url : find(name).url;
          const journal = name === 'pruned' ? `    schema: ${variant.journal}\n` : '';
          const entries = tables(variant).map((table) => `      - ${table}\n`);
          return `  - name: ${name}\n    url: ${JSON.stringify(url)}\n${journal}    tables:\n${entries.join('')}`;
        });
        return `${process}\ndatabases:\n${list.join('')}`;
      },
      ...allFaults(find, network),
      [Symbol.asyncDispose]: () => disposeAll(started),
    };
  } catch (error) {
    await disposeAll(started);
    throw error;
  }
}

/** A day of UTC, so many days from now. */
function isoDay(offset: number): string {
  return new Date((Math.floor(Date.now() / day) + offset) * day).toISOString();
}

function partition(table: string, offset: number): string {
  return `CREATE TABLE public.${table}_${offset + 10} PARTITION OF public.${table} FOR VALUES FROM ('${isoDay(offset)}') TO ('${isoDay(offset + 1)}')`;
}

async function createTables(find: (name: string) => TestDatabase): Promise<void> {
  const byTime = (table: string): string => `CREATE TABLE public.${table} (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)`;
  for (const name of ['pruned', 'lost', 'stuck']) await find(name).query(byTime('events'));
  for (const table of ['spilt', 'torn', 'leaving', 'indexed', 'kept', 'older', 'oldest', 'copied', 'behind', 'switched']) {
    const partitions = [-2, -1, 0].map((offset) => partition(table, offset));
    await find('data').query([byTime(table), ...(table === 'kept' ? partitions.slice(1) : partitions)].join(';'));
  }
  await find('data').query('CREATE TABLE public.spilt_default PARTITION OF public.spilt DEFAULT');
  await find('app').query(`
    CREATE TABLE public.numbers (id int8 NOT NULL) PARTITION BY RANGE (id);
    ${[0, 10, 20, 30, 40].map((from) => `CREATE TABLE public.numbers_${from} PARTITION OF public.numbers FOR VALUES FROM (${from}) TO (${from + 10})`).join(';')};
    INSERT INTO public.numbers VALUES (1);
    ${byTime('ticks')}`);
}

function allFaults(find: (name: string) => TestDatabase, network: Network): Omit<BadDay, 'configuration' | typeof Symbol.asyncDispose> {
  const [app, data, pruned, stuck] = [find('app'), find('data'), find('pruned'), find('stuck')];
  const redirected = (url: string) => async (): Promise<void> => network.redirect(url);
  return {
    runOut: runningOut(
      app,
      [
        'PartitionRunwayLow warning app public.ticks',
        'PartitionRunwayExhausted critical app public.ticks',
        'PartitiondTaskStale warning app provision',
      ],
      'public.ticks',
      ticksMs,
    ),
    full: heldLock(
      app,
      ['PartitionRunwayExhausted critical app public.numbers', 'PartitiondTaskStale warning app provision'],
      'LOCK TABLE public.numbers IN SHARE UPDATE EXCLUSIVE MODE',
      { afterwards: 'INSERT INTO public.numbers VALUES (49)', muted: ['PartitionRunwayLow warning app public.numbers'] },
    ),
    stuck: heldLock(
      stuck,
      ['PartitiondSnapshotStale warning stuck', 'PartitiondTaskStale warning stuck collect'],
      'LOCK TABLE pg_catalog.pg_inherits IN ACCESS EXCLUSIVE MODE',
    ),
    others: [
      sqlFault(
        data,
        ['PartitionDefaultRows warning data public.spilt'],
        "INSERT INTO public.spilt VALUES (1, '1999-01-01Z')",
        'DELETE FROM public.spilt_default',
      ),
      sqlFault(data, ['PartitionCoverageGap warning data public.torn'], 'DROP TABLE public.torn_9', partition('torn', -1)),
      sqlFault(
        data,
        ['PartitionInvalidIndex warning data public.indexed'],
        'CREATE INDEX half_made ON ONLY public.indexed (id)',
        'DROP INDEX public.half_made',
      ),
      sqlFault(
        data,
        ['PartitionRetentionLag warning data public.kept', 'PartitiondRemovalRefused critical data public.kept'],
        [-2, -3, -4].map((offset) => partition('kept', offset)).join(';'),
        'DROP TABLE public.kept_8, public.kept_7, public.kept_6',
      ),
      oldAge(data, ['PartitionFreezeAgeHigh warning data public.older'], 'public.older_8', 1_100_000_000),
      oldAge(data, ['PartitionFreezeAgeHigh critical data public.oldest'], 'public.oldest_8', 1_700_000_000, [
        'PartitionFreezeAgeHigh warning data public.oldest',
      ]),
      pendingDetach(data, ['PartitionDetachPending warning data public.leaving', 'PartitiondBlockingSessions critical data'], {
        table: 'public.leaving',
        partition: 'public.leaving_8',
      }),
      migrationsLeftAlone(data, ['public.copied', 'public.behind', 'public.switched']),
      sqlFault(
        pruned,
        ['PartitionPruningRegression warning pruned public.events current-interval'],
        `ALTER DATABASE ${pruned.name} SET enable_partition_pruning = off`,
        `ALTER DATABASE ${pruned.name} RESET enable_partition_pruning`,
      ),
      { alerts: ['PartitiondNoLeader critical lost'], muted: [], strike: redirected(nowhere), repair: redirected(find('lost').url) },
    ],
  };
}
