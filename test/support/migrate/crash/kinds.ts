export const source = 'public.revenues';
export const target = 'public.revenues_partitioned';
export const old = 'public.revenues_unpartitioned';

const day = 86_400_000;
/** Rows are of the 300 days from here on: in fewer quarters than are made, so that whoever writes a little beyond finds a partition. */
export const firstDay: string = new Date(Math.floor((Date.now() - 330 * day) / day) * day).toISOString();

const midst = new Date(Date.parse(firstDay) + 120 * day);
/** A partition of the target of a copy that many rows are of. */
export const leaf: string = `${source}_${midst.getUTCFullYear()}_${String(Math.floor(midst.getUTCMonth() / 3) * 3 + 1).padStart(2, '0')}`;

/** What is migrated how: a table of the columns of the ledger, an entry of the configuration, and the words of `plan` and `start`. */
export interface Kind {
  readonly name: string;
  /** Makes the table without rows; they are inserted into it. */
  readonly table: string;
  /** What stands in the entry besides the table; the block `migration` is added. */
  readonly entry: string;
  readonly migration: string;
  readonly words: readonly string[];
  /** Rows, those of writers too, are of this many days from here on. */
  readonly from: string;
  readonly days: number;
  /** The table that follows, before the switch and after it; null: there is none, as no row moves. */
  readonly follower: { readonly before: string; readonly after: string } | null;
  /** Which rows of the ledger a follower has, as SQL. */
  readonly part: string;
}

const columns = `
    id bigint NOT NULL,
    org_id integer NOT NULL CONSTRAINT of_org REFERENCES public.orgs,
    occurred_at timestamptz NOT NULL,
    amount numeric(12,2),
    note text DEFAULT 'none',
    CONSTRAINT revenues_pkey PRIMARY KEY (id, occurred_at),
    CONSTRAINT revenues_small CHECK (amount < 10000000)`;

const ordinary = {
  table: `CREATE TABLE ${source} (${columns});`,
  entry: 'interval: 3 months, premake: 2',
  words: [],
  from: firstDay,
  days: 290,
  part: 'true',
} as const;

export const copyKind: Kind = {
  ...ordinary,
  name: 'copy',
  migration: 'strategy: copy',
  follower: { before: 'public.revenues_partitioned', after: 'public.revenues_unpartitioned' },
};

export const attachKind: Kind = { ...ordinary, name: 'attach', migration: 'strategy: attach', follower: null };

/** The partitions that change places. */
export interface ExchangeKind extends Kind {
  readonly sources: readonly string[];
  readonly targets: readonly string[];
}

const beside = 'public.revenues_regrain';

function exchange(
  name: string,
  bounds: Readonly<Record<string, string>>,
  rest: Pick<ExchangeKind, 'entry' | 'words' | 'part' | 'sources' | 'targets'>,
): ExchangeKind {
  const partitions = Object.entries(bounds).map(([suffix, bound]) => `CREATE TABLE ${source}_${suffix} PARTITION OF ${source} ${bound};`);
  return {
    ...rest,
    name,
    table: `CREATE TABLE ${source} (${columns}) PARTITION BY RANGE (occurred_at); ${partitions.join('\n')}`,
    migration: '',
    from: '2024-01-01T00:00:00Z',
    days: 290,
    follower: { before: beside, after: beside },
  };
}

const month = (number: number): string => `2024-${String(number).padStart(2, '0')}-01`;
const range = (from: number, to: number): string => `FOR VALUES FROM ('${month(from)}Z') TO ('${month(to)}Z')`;
const within = (from: number, to: number): string => `occurred_at >= '${month(from)}Z' AND occurred_at < '${month(to)}Z'`;
const months = (from: number, to: number): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Array.from({ length: to - from }, (_, n) => [`2024_${String(from + n).padStart(2, '0')}`, range(from + n, from + n + 1)] as const),
  );

export const splitKind: ExchangeKind = exchange(
  'split',
  { '2024_q1': range(1, 4), '2024_q2': range(4, 7), '2024_q3': range(7, 10), '2024_q4': range(10, 12) },
  {
    entry: 'interval: 3 months',
    words: ['--partitions', 'revenues_2024_q2', '--interval', '1 month'],
    part: within(4, 7),
    sources: [`${source}_2024_q2`],
    targets: [`${source}_2024_04`, `${source}_2024_05`, `${source}_2024_06`],
  },
);

export const mergeKind: ExchangeKind = exchange('merge', months(1, 12), {
  entry: 'interval: 1 month',
  words: ['--partitions', 'revenues_2024_04,revenues_2024_05,revenues_2024_06', '--interval', '3 months'],
  part: within(4, 7),
  sources: [`${source}_2024_04`, `${source}_2024_05`, `${source}_2024_06`],
  // Called by the entry's pattern, as the name without a number belongs to an old one.
  targets: [`${source}_2024_04_2`],
});

/** What is left in the default partition afterwards are rows beyond the horizon, which no writer makes. */
export const drainKind: ExchangeKind = exchange(
  'drain',
  { ...months(1, 8), default: 'DEFAULT' },
  {
    entry: 'interval: 1 month, defaultPartition: keep',
    words: ['--drain-default'],
    part: `occurred_at >= '${month(8)}Z'`,
    sources: [`${source}_default`],
    targets: [`${source}_2024_08`, `${source}_2024_09`, `${source}_2024_10`],
  },
);

export const exchangeKinds: readonly ExchangeKind[] = [splitKind, mergeKind, drainKind];
