import { describe, expect, it } from 'vitest';
import { installJournal } from '../../src/journal/install.ts';
import { trimJournal } from '../../src/journal/operations.ts';
import {
  noUpkeepMarks,
  readUpkeepMarks,
  renderForgetIndex,
  renderMarkIndex,
  renderRememberFrozen,
} from '../../src/journal/upkeep-marks.ts';
import type { IndexMark } from '../../src/partition/upkeep.ts';
import { createDatabase } from '../support/database.ts';
import { dropMigrationTables } from '../support/migrate/older-journal.ts';
import { noAbort, openSession } from '../support/open-session.ts';

const schema = 'Jour"nal.\'; DROP SCHEMA public; --';

function mark(changes: Partial<IndexMark> = {}): IndexMark {
  return {
    relationOid: '4000000001',
    tableOid: '4000000000',
    index: { schema: 'pub"lic', name: "in'dex\\" },
    policyName: "in'dex",
    definition: "USING btree (lower('a''b'))",
    state: 'building',
    rebuilt: null,
    ...changes,
  };
}

describe('marks of upkeep', () => {
  it('are none where there is no journal, and where it is of a version that has none', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    expect(await readUpkeepMarks(session, schema, noAbort)).toEqual(noUpkeepMarks);
    await installJournal(session, 'partitiond', noAbort);
    expect(await readUpkeepMarks(session, 'partitiond', noAbort)).toEqual(noUpkeepMarks);
    await database.query(
      `${dropMigrationTables}; DROP TABLE partitiond.index_mark, partitiond.frozen_partition, partitiond.probe_result; DELETE FROM partitiond.version WHERE version > 5`,
    );
    expect(await readUpkeepMarks(session, 'partitiond', noAbort)).toEqual(noUpkeepMarks);
    await installJournal(session, 'partitiond', noAbort);
    await session.complete([renderMarkIndex('partitiond', mark())], noAbort);
    expect(await readUpkeepMarks(session, 'partitiond', noAbort)).toEqual({ frozen: new Map(), indexes: [mark()] });
  });

  it('are read as they were written last, whatever the names', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    const reindexing = mark({ index: { schema: 'public', name: 'theirs' }, policyName: null, definition: null, state: 'reindexing' });
    await session.complete(
      [
        renderRememberFrozen(schema, { oid: '4000000001', filenode: '17', changes: 5 }),
        renderRememberFrozen(schema, { oid: '4000000001', filenode: '4294967295', changes: 9_000_000_000_000 }),
        renderMarkIndex(schema, mark()),
        renderMarkIndex(schema, reindexing),
      ],
      noAbort,
    );
    await session.complete([renderMarkIndex(schema, mark({ state: 'built', definition: 'USING hash (a)' }))], noAbort);
    expect(await readUpkeepMarks(session, schema, noAbort)).toEqual({
      frozen: new Map([['4000000001', { oid: '4000000001', filenode: '4294967295', changes: 9_000_000_000_000 }]]),
      indexes: [reindexing, mark({ state: 'built', definition: 'USING hash (a)' })],
    });
    // The same name on another relation is another index.
    const other = mark({ relationOid: '4000000002' });
    await session.complete([renderMarkIndex(schema, other), renderForgetIndex(schema, mark().relationOid, mark().index)], noAbort);
    expect((await readUpkeepMarks(session, schema, noAbort)).indexes).toEqual([reindexing, other]);
  });

  it('are not for everybody: the GRANT that helps is in the error', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, 'partitiond', noAbort);
    const role = await database.createRole('reader');
    await using theirs = await openSession(database, role.url);
    await expect(readUpkeepMarks(theirs, 'partitiond', noAbort)).rejects.toMatchObject({
      code: 'PD502',
      sqlstate: '42501',
      message: expect.stringContaining('GRANT SELECT ON ALL TABLES IN SCHEMA "partitiond"'),
    });
    await database.query(
      `GRANT USAGE ON SCHEMA partitiond TO "${role.name}"; GRANT SELECT ON ALL TABLES IN SCHEMA partitiond TO "${role.name}"`,
    );
    expect(await readUpkeepMarks(theirs, 'partitiond', noAbort)).toEqual(noUpkeepMarks);
  });

  it('go with their relations, and a day after their index', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await database.query('CREATE TABLE public.t (a int4); CREATE INDEX there ON public.t (a); CREATE TABLE public.u (a int4)');
    const oids = await database.query<{ t: string; u: string }>("SELECT 't'::regclass::oid::text AS t, 'u'::regclass::oid::text AS u");
    const { t, u } = oids[0] ?? { t: '', u: '' };
    const named = (relationOid: string, name: string): IndexMark => mark({ relationOid, index: { schema: 'public', name } });
    const marks = [named(t, 'there'), named(t, 'gone'), named(t, 'begun'), named(u, 'there'), named('4000000001', 'there')];
    await session.complete(
      [
        renderRememberFrozen(schema, { oid: t, filenode: '1', changes: 1 }),
        renderRememberFrozen(schema, { oid: '4000000001', filenode: '1', changes: 1 }),
        ...marks.map((each) => renderMarkIndex(schema, each)),
      ],
      noAbort,
    );
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    await database.query(`UPDATE ${quoted}.index_mark SET marked_at = now() - interval '25 hours' WHERE index_name <> 'begun'`);
    await trimJournal(session, schema, 1_000, null, noAbort);
    const left = await readUpkeepMarks(session, schema, noAbort);
    expect([...left.frozen.keys()]).toEqual([t]);
    expect(left.indexes.map(({ relationOid, index }) => [relationOid, index.name])).toEqual([
      [t, 'there'],
      [t, 'begun'],
    ]);
  });

  it('are of built indexes once these have been valid for an hour, with nothing invalid beside them', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    await database.query(
      'CREATE TABLE public.t (a int4); CREATE INDEX there ON public.t (a); CREATE INDEX fresh ON public.t (a); CREATE TABLE public.u (a int4); ' +
        'CREATE INDEX beside ON public.u (a); CREATE INDEX beside_ccnew ON public.u (a)',
    );
    await database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'beside_ccnew'::regclass");
    const [oids] = await database.query<{ t: string; u: string }>("SELECT 't'::regclass::oid::text AS t, 'u'::regclass::oid::text AS u");
    const named = (relationOid: string, name: string): IndexMark =>
      mark({ relationOid, index: { schema: 'public', name }, state: 'reindexing' });
    const marks = [named(oids?.t ?? '', 'there'), named(oids?.t ?? '', 'fresh'), named(oids?.u ?? '', 'beside')];
    await session.complete(
      marks.map((each) => renderMarkIndex(schema, each)),
      noAbort,
    );
    const quoted = `"${schema.replaceAll('"', '""')}"`;
    await database.query(`UPDATE ${quoted}.index_mark SET marked_at = now() - interval '61 minutes' WHERE index_name <> 'fresh'`);
    await trimJournal(session, schema, 1_000, null, noAbort);
    const left = await readUpkeepMarks(session, schema, noAbort);
    expect(new Map(left.indexes.map(({ index, state }) => [index.name, state]))).toEqual(
      new Map([
        ['there', 'built'],
        ['beside', 'reindexing'],
        ['fresh', 'reindexing'],
      ]),
    );
  });
});
