import { describe, expect, it } from 'vitest';
import { parseInterval } from '../../../../src/partition/interval.ts';
import { waivers } from '../../../../src/partition/migration/policy.ts';
import { named, template } from '../../../support/model.ts';
import { column, foreignKey, gib, index, plan, primary, refusalOf, revenues, trigger, unique, type Wanted } from './support.ts';

const [id, at] = [column('id', 'bigint'), column('occurred_at', 'timestamp with time zone')];
const publication = { publication: 'feed', columns: null, filter: null, owner: 'owner', scope: 'table', isViaRoot: true } as const;
const check = { name: 'positive', definition: 'CHECK ((amount > 0))', isValid: true, isNoInherit: true, isEnforced: true };

/** Nobody can waive these: all waivers are given. The subject, then what the message says, the fix among it. */
const firm: readonly (readonly [string, Wanted, string, ...string[]])[] = [
  ['a partitioned table', { definition: { relkind: 'p' } }, 'public.revenues', 'is partitioned already', 'its entry manages it'],
  ['a foreign table', { definition: { relkind: 'f' } }, 'public.revenues', 'is a foreign table'],
  ['a view', { definition: { relkind: 'v' } }, 'public.revenues', 'name the table that it reads'],
  ['a sequence', { definition: { relkind: 'S' } }, 'public.revenues', 'is no table.'],
  [
    'a table of an extension',
    { definition: { belongsTo: 'extension timescaledb' } },
    'public.revenues',
    'It belongs to extension timescaledb',
  ],
  ['a temporary table', { definition: { persistence: 'temporary' } }, 'public.revenues', 'It is a temporary table'],
  ['an unlogged table', { definition: { persistence: 'unlogged' } }, 'public.revenues', 'ALTER TABLE public.revenues SET LOGGED;'],
  ['a typed table', { definition: { ofType: 'public.row' } }, 'public.revenues', 'ALTER TABLE public.revenues NOT OF;'],
  ['an heir', { definition: { parents: [named('all')] } }, 'public.revenues', 'ALTER TABLE public.revenues NO INHERIT public."all";'],
  ['a parent', { definition: { heirs: [named('more')] } }, 'public.revenues', 'public.more inherit from it'],
  ['somebody else as owner', { circumstances: { isOwner: false } }, 'public.revenues', 'GRANT owner TO app;'],
  [
    'a superuser as owner',
    { circumstances: { isOwner: false, isOwnerSuperuser: true } },
    'public.revenues',
    'ALTER TABLE public.revenues OWNER TO app;',
    'for its owner owner is a superuser',
  ],
  ['no right to read', { circumstances: { mayRead: false } }, 'public.revenues', 'GRANT SELECT ON public.revenues TO app;'],
  ['no right to create', { circumstances: { mayCreateIn: false } }, 'public.revenues', 'GRANT CREATE ON SCHEMA public TO app;'],
  ['no such column', { migration: { partitionKey: 'Occurred' } }, '"Occurred"', 'has no column "Occurred"', 'id, occurred_at, amount'],
  [
    'a generated column',
    { definition: { columns: [id, { ...at, generated: 'stored' }] } },
    'occurred_at',
    'ALTER TABLE public.revenues ALTER COLUMN occurred_at DROP EXPRESSION;',
  ],
  ['a type without intervals', { definition: { columns: [id, column('occurred_at', 'interval')] } }, 'occurred_at', 'is of type interval'],
  ['a type of other intervals', { migration: { partitionKey: 'id' } }, 'id', 'The interval 1 quarter is calendar time'],
  [
    'values that are no key',
    { definition: { columns: [id, column('occurred_at', 'text')] }, policy: { encoding: { kind: 'ulid' } } },
    'occurred_at',
    'It holds a value',
  ],
  [
    'rows without a key',
    { definition: { columns: [id, { ...at, isNotNull: false }], indexes: [primary(['id'])] }, circumstances: { nullKeys: 1200 } },
    'occurred_at',
    '1,200 rows have no occurred_at',
    'UPDATE public.revenues SET occurred_at = ... WHERE occurred_at IS NULL; then ALTER TABLE public.revenues ALTER COLUMN occurred_at SET NOT NULL;',
  ],
  [
    'more partitions than anybody wants',
    { policy: { interval: parseInterval('1 hour') } },
    'occurred_at',
    'more than 10,000 partitions',
    'a wider interval',
  ],
  [
    'a row far ahead',
    { circumstances: { maxKey: '9999-12-31 00:00:00+00' } },
    'occurred_at',
    'is 9999-12-31T00:00:00Z',
    'defaultPartition: managed',
  ],
  [
    'a row at the end of time',
    { circumstances: { maxKey: 'infinity' } },
    'occurred_at',
    'occurred_at infinity, which lies in no partition',
  ],
  [
    'no key',
    { definition: { indexes: [index('i', ['id']), unique('p', ['id', 'occurred_at'], { isPartial: true })] } },
    'public.revenues',
    'No key tells its rows apart',
    'ADD PRIMARY KEY',
  ],
  [
    'a key that may be null',
    { definition: { indexes: [unique('u', ['amount', 'occurred_at'])] } },
    'public.revenues',
    'Index u would serve: ALTER TABLE public.revenues ALTER COLUMN amount SET NOT NULL;',
  ],
  [
    'a key that is checked late',
    { definition: { indexes: [primary(undefined, { isDeferrable: true })] } },
    'public.revenues',
    'if it were not DEFERRABLE',
  ],
  [
    'a key that is invalid',
    { definition: { indexes: [unique('u', ['id', 'occurred_at'], { isValid: false })] } },
    'public.revenues',
    'REINDEX INDEX CONCURRENTLY u;',
  ],
  [
    'attach without the partition key',
    { migration: { strategy: 'attach' }, definition: { indexes: [primary(['id'])] } },
    'public.revenues',
    'revenues_pkey would have to hold occurred_at',
    'migration.strategy: copy',
  ],
  [
    'a temporal key without the partition key',
    { definition: { indexes: [primary(), unique('t', ['id', 'amount'], { isTemporal: true, constraint: 'unique' })] } },
    't',
    'Unique constraint t is WITHOUT OVERLAPS and lacks occurred_at',
  ],
  [
    'an exclusion constraint before 17',
    {
      circumstances: { serverVersion: 160_014 },
      definition: { indexes: [primary(), index('x', ['occurred_at'], { constraint: 'exclusion', equalColumns: ['occurred_at'] })] },
    },
    'x',
    'none before PostgreSQL 17; upgrade first, or drop it',
  ],
  [
    'an exclusion constraint without equality on the key',
    { definition: { indexes: [primary(), index('x', ['occurred_at'], { constraint: 'exclusion', equalColumns: ['id'] })] } },
    'x',
    'does not compare occurred_at with =',
  ],
  [
    'a row trigger with transition tables',
    { definition: { triggers: [trigger('t', { hasTransitionTables: true })] } },
    't',
    'make it FOR EACH STATEMENT',
  ],
  [
    'attach with a CHECK that nobody inherits',
    { migration: { strategy: 'attach' }, definition: { checks: [check] } },
    'positive',
    'DROP CONSTRAINT positive, ADD CONSTRAINT positive CHECK ((amount > 0)) NOT VALID;',
  ],
  [
    'a row filter that publishes partitions',
    { definition: { publications: [{ ...publication, isViaRoot: false, filter: '(id > 5)' }] } },
    'feed',
    'ALTER PUBLICATION feed SET (publish_via_partition_root = true);',
  ],
  [
    'columns that publish partitions',
    { definition: { publications: [{ ...publication, isViaRoot: false, columns: ['id'] }] } },
    'feed',
    'a list of columns',
  ],
  [
    'columns without the partition key',
    { definition: { publications: [{ ...publication, columns: ['id', 'amount'] }] } },
    'feed',
    'lists columns of public.revenues without occurred_at',
    'UPDATE and DELETE would fail after the switch',
  ],
  [
    'what nobody knows',
    { definition: { unknownDependents: ['function f(public.revenues)'] } },
    'function f(public.revenues)',
    'Function f(public.revenues) depends on the table',
  ],
  [
    'a name that is taken',
    { circumstances: { takenNames: ['revenues_partitioned', 'else'] } },
    'public.revenues_partitioned',
    'rename or drop what has it',
    '`partitiond migrate abort --table public.revenues` removes that. Where the journal knows of no such migration, as after a DROP SCHEMA: DROP TABLE public.revenues_partitioned;',
  ],
  [
    'a view of readSchemas whose name is taken',
    {
      migration: { readSchemas: { old: 'blue', new: 'green' } },
      circumstances: { readSchemas: [{ schema: 'green', exists: true, mayCreate: true, isTaken: true }] },
    },
    'green.revenues',
    'where migration.readSchemas wants a view',
    'rename what has it',
  ],
  [
    'a schema of readSchemas that may not be made',
    {
      migration: { readSchemas: { old: 'blue', new: 'green' } },
      circumstances: { readSchemas: [{ schema: 'blue', exists: false, mayCreate: false, isTaken: false }] },
    },
    'blue.revenues',
    'CREATE SCHEMA blue AUTHORIZATION',
    'may not make schema blue',
  ],
  [
    'a small disk',
    { migration: { copy: { workers: 2, batchTimeMs: 300, pace: 0.25, maxBacklog: 1000, diskFreeBytes: 10 * gib } } },
    'disk',
    'about 11 GB more',
    '10 GB are free',
  ],
];

const waivable: readonly (readonly [string, Wanted, (typeof waivers)[number], string, string, string])[] = [
  [
    'a primary key that lacks the partition key',
    { definition: { indexes: [primary(['id'])] } },
    'unique-without-key',
    'revenues_pkey',
    'Primary key revenues_pkey (id) lacks occurred_at, which every unique key of a partitioned table must hold, and becomes (id, occurred_at)',
    'The same (id) may then come twice',
  ],
  [
    'a unique expression',
    { definition: { indexes: [primary(), unique('mail', [null])] } },
    'unique-without-key',
    'mail',
    'Unique index mail (<expression>) lacks occurred_at',
    'The same (<expression>) may then come twice',
  ],
  [
    'a foreign key of another table',
    { definition: { incoming: [foreignKey()] } },
    'drop-incoming-key',
    'payments_revenue_fkey',
    'references (id), and can only reference a unique key, which must hold occurred_at',
    'nothing keeps (revenue_id) of public.payments from naming rows that are not there',
  ],
  [
    'a materialized view',
    { definition: { strays: [{ kind: 'matview', description: 'materialized view public.daily' }] } },
    'keep-on-old',
    'materialized view public.daily',
    'make it again after the switch',
    'finish waits until it is gone',
  ],
  [
    'a publication of all tables',
    { definition: { publications: [{ ...publication, scope: 'all' }] } },
    'publication',
    'feed',
    'Publication feed publishes all tables',
    'are sent every row a second time',
  ],
  [
    'a publication of the schema',
    { definition: { publications: [{ ...publication, scope: 'schema' }] } },
    'publication',
    'feed',
    'all tables of schema public',
    'are sent every row a second time',
  ],
  [
    'capture that writes both',
    { migration: { capture: 'dual' } },
    'dual-errors',
    'public.revenues',
    'or write capture: log',
    'fails the write of the application',
  ],
];

describe('a migration is refused for', () => {
  it.each(firm.map(([what, wanted, subject, ...parts]) => ({ what, wanted, subject, parts })))('$what', ({ wanted, subject, parts }) => {
    const refusal = refusalOf({ ...wanted, migration: { waive: waivers, ...wanted.migration } });
    expect(refusal).toMatchObject({ subject, waiver: null, consequence: null });
    for (const part of parts) expect(refusal.message).toContain(part);
  });

  it.each(waivable)('%s, unless that is waived', (_what, wanted, waiver, subject, message, consequence) => {
    const refusal = refusalOf(wanted);
    expect(refusal).toMatchObject({ waiver, subject });
    expect(refusal.message).toContain(message);
    expect(refusal.consequence).toContain(consequence);
    const others = waivers.filter((name) => name !== waiver);
    expect(plan({ ...wanted, migration: { ...wanted.migration, waive: others } }).refusals).toEqual([refusal]);
    const accepted = plan({ ...wanted, migration: { ...wanted.migration, waive: [waiver] } });
    expect(accepted).toMatchObject({ refusals: [], waived: [refusal], spec: { waived: [waiver] } });
  });

  it('a partition key that is no column, and for nothing that follows from it', () => {
    const columns = Array.from({ length: 20 }, (_, n) => column(`c${n}`, 'bigint'));
    const wanted = { migration: { partitionKey: 'no', capture: 'dual', waive: ['publication'] }, definition: { columns } } as const;
    const { refusals, notes } = plan(wanted);
    expect(refusals.map(({ message }) => message)).toEqual([
      `public.revenues has no column no (migration.partitionKey); its columns are ${columns.map(({ name }) => name).join(', ')}.`,
    ]);
    expect(notes.join()).not.toContain('not needed');
    expect(refusalOf({ ...wanted, definition: { columns: [...columns, id] } }).message).toContain('c0, c1, c2 and 18 more');
  });

  it('all that stands in the way at once', () => {
    const all = firm.slice(4).map(([, wanted]) => wanted.definition ?? {});
    const definition = Object.assign({}, ...all, { columns: revenues().columns, incoming: [foreignKey()] });
    const { refusals, spec } = plan({
      definition,
      circumstances: { isOwner: false, nullKeys: 1, takenNames: ['revenues_unpartitioned'] },
      migration: { capture: 'dual' },
    });
    expect(refusals.length).toBeGreaterThan(10);
    expect(new Set(refusals.map(({ message }) => message)).size).toBe(refusals.length);
    expect(refusals.map(({ message }) => message)).toContain(
      '1 row has no occurred_at, and so no partition: UPDATE public.revenues SET occurred_at = ... WHERE occurred_at IS NULL; then ALTER TABLE public.revenues ALTER COLUMN occurred_at SET NOT NULL;',
    );
    expect(spec).toBeNull();
  });

  it('none of what the other strategy does not touch', () => {
    const attach = { strategy: 'attach', capture: 'dual' } as const;
    expect(plan({ migration: attach, definition: { indexes: [] } }).refusals).toEqual([]);
    expect(plan({ definition: { checks: [check] } }).refusals).toEqual([]);
    const own = foreignKey({ name: 'parent', table: named('revenues'), tableOid: '5' });
    expect(refusalOf({ definition: { outgoing: [own], incoming: [own] } }).subject).toBe('parent');
    expect(plan({ definition: { incoming: [foreignKey({ referencedColumns: ['occurred_at', 'id'] })] } }).refusals).toEqual([]);
    expect(plan({ definition: { publications: [publication, { ...publication, columns: ['occurred_at', 'id'] }] } }).refusals).toEqual([]);
    const exclusion = index('x', ['occurred_at'], { constraint: 'exclusion', equalColumns: ['occurred_at'] });
    expect(plan({ definition: { indexes: [primary(), exclusion] } }).refusals).toEqual([]);
    for (const maxKey of ['infinity', '9999-12-31 00:00:00+00'])
      expect(plan({ policy: { defaultPartition: 'managed' }, circumstances: { maxKey } }).refusals).toEqual([]);
  });
});

describe('a plan notes', () => {
  it.each<readonly [string, Wanted, string]>([
    ['a waiver that nothing asks for', { migration: { waive: ['publication'] } }, 'The waiver publication is not needed.'],
    [
      'a partition key that may be null later',
      {
        definition: { columns: [id, { ...at, isNotNull: false }], indexes: [primary(), unique('u', ['id', 'occurred_at'])] },
        migration: { waive: [] },
      },
      'has no NOT NULL',
    ],
    [
      'triggers before each row',
      { definition: { triggers: [trigger('stamp', { isBeforeRow: true })] } },
      'Trigger stamp runs BEFORE INSERT',
    ],
    ['a CHECK that nobody inherits', { definition: { checks: [check] } }, 'the new table has it without'],
    ['an invalid index', { definition: { indexes: [primary(), index('i', ['amount'], { isValid: false })] } }, 'Index i is invalid'],
    [
      'a publication that will speak of partitions',
      { definition: { publications: [{ ...publication, isViaRoot: false }] } },
      'under the names of partitions',
    ],
    [
      'a slot that holds back WAL',
      {
        circumstances: {
          slots: [
            { name: 's', retainedBytes: 6 * gib },
            { name: 'other', retainedBytes: null },
          ],
        },
      },
      'Replication slot s holds back 6144 MB',
    ],
    ['old transactions', { circumstances: { longTransactions: ['process 7 (psql)'] } }, 'now there is process 7 (psql).'],
    [
      'forced row security',
      { definition: { template: { ...template, rowSecurity: { enabled: true, forced: true, policies: [] } } } },
      'has BYPASSRLS',
    ],
    ['identity columns', { definition: { columns: [{ ...id, identity: 'always' }, at] } }, '1,000 values further'],
    [
      'views',
      { definition: { views: [{ oid: '8', name: named('v'), statement: '', owner: 'o', groupsByKey: false }] } },
      'Views are made again',
    ],
    [
      'schemas to read from',
      { migration: { readSchemas: { old: 'blue', new: 'green' } } },
      'blue.revenues reads the old table and green.revenues the new one',
    ],
    [
      'rows for the default partition',
      { policy: { defaultPartition: 'managed' }, circumstances: { maxKey: '9999-12-31 00:00:00+00' } },
      'Rows far ahead, up to 9999-12-31T00:00:00Z',
    ],
  ])('%s', (_what, wanted, note) => {
    expect(plan(wanted).notes.join('\n')).toContain(note);
  });

  it('refuses to attach a table with rows far ahead, default partition or not, or with a key whose type ends', () => {
    const attach = { migration: { strategy: 'attach' }, policy: { defaultPartition: 'managed' } } as const;
    for (const maxKey of ['9999-12-31 00:00:00+00', 'infinity']) {
      const { refusals } = plan({ ...attach, circumstances: { maxKey } });
      expect(refusals.map(({ message }) => message)).toEqual([
        expect.stringMatching(/too far ahead for the partition that the table becomes/),
      ]);
    }
    expect(plan({ ...attach, circumstances: { minKey: '-infinity' } }).refusals).toEqual([]);
  });

  it('nothing about WAL and new keys when no row moves', () => {
    const { notes } = plan({
      migration: { strategy: 'attach' },
      circumstances: { slots: [{ name: 's', retainedBytes: 6 * gib }] },
      definition: {
        columns: [{ ...id, identity: 'always' }, at],
        views: [{ oid: '8', name: named('v'), statement: '', owner: 'o', groupsByKey: false }],
      },
    });
    expect(notes).toEqual([
      expect.stringMatching(/^Views are made again over the new table/),
      expect.stringMatching(/^Identity columns go on 1,000 values further/),
      'From step 2 to the switch public.revenues refuses rows at or after 2026-07-01T00:00:00Z, where the first new partition begins; switch before then.',
      expect.stringContaining('partitiond migrate plan --table public.revenues --partitions public.revenues_first --interval'),
    ]);
  });
});
