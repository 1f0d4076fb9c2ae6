import { describe, expect, it } from 'vitest';
import { NotLeaderError, StatementError } from '../../src/errors.ts';
import { installJournal } from '../../src/journal/install.ts';
import { epochGuard } from '../../src/journal/leadership.ts';
import { readProbeRecords, readProbeSummaries, writeProbeRecords } from '../../src/journal/probe-records.ts';
import type { ProbeRecord } from '../../src/partition/probe-record.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { dropMigrationTables } from '../support/migrate/older-journal.ts';
import { noAbort, openSession, type TestSession } from '../support/open-session.ts';

const hostile = 'Jour"nal.\'; DROP SCHEMA public; --';
const free = 'SELECT 1';
const nowMicros = BigInt(Date.now()) * 1_000n;

function record(changes: Partial<ProbeRecord> = {}): ProbeRecord {
  return {
    table: { schema: 'public', name: 'events' },
    probe: 'daily',
    ranAt: nowMicros + 7n,
    outcome: 'met',
    scanned: 1,
    total: 12,
    allowed: 2,
    planningMs: 0.25,
    executionMs: 1.5,
    problems: [],
    lastMiss: null,
    ...changes,
  };
}

async function journalled(database: TestDatabase, schema = 'partitiond'): Promise<TestSession> {
  const session = await openSession(database);
  await installJournal(session, schema, noAbort);
  return session;
}

async function read(session: TestSession, schema = 'partitiond'): Promise<readonly ProbeRecord[]> {
  return await readProbeRecords(session, schema, noAbort);
}

describe('results of probes', () => {
  it('are none where there is no journal, and where it is of a version that has none, which is brought forward', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    expect(await read(session)).toEqual([]);
    expect(await readProbeSummaries(session, 'partitiond', noAbort)).toEqual([]);
    await installJournal(session, 'partitiond', noAbort);
    await database.query(`${dropMigrationTables}; DROP TABLE partitiond.probe_result; DELETE FROM partitiond.version WHERE version > 6`);
    expect(await read(session)).toEqual([]);
    await installJournal(session, 'partitiond', noAbort);
    await writeProbeRecords(session, 'partitiond', [record()], free, noAbort);
    expect(await read(session)).toEqual([record()]);
  });

  it('are read as they were written, whatever is in them', async () => {
    await using database = await createDatabase();
    await using session = await journalled(database, hostile);
    const odd = record({
      table: { schema: 'pub"lic', name: "ev'ents\\" },
      probe: '<script>alert("1")</script>, {x}',
      outcome: 'failed',
      scanned: null,
      total: null,
      allowed: null,
      planningMs: null,
      executionMs: null,
      problems: ['{"a",NULL}', 'it\'s \\ "quoted"\nand goes on', '', '☃ 💥'],
      lastMiss: { at: nowMicros, report: 'one\ntwo 💥' },
    });
    await writeProbeRecords(session, hostile, [odd, record()], free, noAbort);
    expect(await read(session, hostile)).toEqual([odd, record()]);
    expect(await readProbeSummaries(session, hostile, noAbort)).toMatchObject([
      { probe: odd.probe, lastMissAt: nowMicros },
      { probe: 'daily', lastMissAt: null },
    ]);
  });

  it('hold characters that PostgreSQL has no text for as the sign of those', async () => {
    await using database = await createDatabase();
    await using session = await journalled(database);
    const broken = record({ outcome: 'missed', problems: ['a\0b', '\ud83d'], lastMiss: { at: nowMicros, report: '\udca5 and \0' } });
    await writeProbeRecords(session, 'partitiond', [broken], free, noAbort);
    expect(await read(session)).toMatchObject([{ problems: ['a\ufffdb', '\ufffd'], lastMiss: { report: '\ufffd and \ufffd' } }]);
  });

  it('keep the last miss when a later run was met, and replace it by a newer one', async () => {
    await using database = await createDatabase();
    await using session = await journalled(database);
    const missed = record({ outcome: 'missed', problems: ['12 partitions'], lastMiss: { at: nowMicros, report: 'first' } });
    await writeProbeRecords(session, 'partitiond', [missed], free, noAbort);
    const met = record({ ranAt: nowMicros + 1_000_000n });
    await writeProbeRecords(session, 'partitiond', [met], free, noAbort);
    expect(await read(session)).toEqual([{ ...met, lastMiss: missed.lastMiss }]);
    const again = record({ outcome: 'missed', lastMiss: { at: nowMicros + 2_000_000n, report: 'second' } });
    await writeProbeRecords(session, 'partitiond', [again], free, noAbort);
    expect(await read(session)).toEqual([again]);
  });

  it('are forgotten with their probe, and those of tables that nobody asked about when they are old', async () => {
    await using database = await createDatabase();
    await using session = await journalled(database);
    const other = { schema: 'public', name: 'other' };
    const older = record({ table: other, probe: 'old', ranAt: nowMicros - 91n * 86_400_000_000n });
    const oldButKept = record({ table: other, probe: 'kept', ranAt: nowMicros - 89n * 86_400_000_000n });
    await writeProbeRecords(session, 'partitiond', [record(), record({ probe: 'monthly' }), older, oldButKept], free, noAbort);
    // Of another table, but of the same name.
    const namesake = record({ table: { schema: 'other', name: 'events' }, probe: 'monthly' });
    await writeProbeRecords(session, 'partitiond', [record(), namesake], free, noAbort);
    expect((await read(session)).map(({ table, probe }) => [table.schema, table.name, probe])).toEqual([
      ['other', 'events', 'monthly'],
      ['public', 'events', 'daily'],
      ['public', 'other', 'kept'],
    ]);
  });

  it('have reports of 100,000 characters at most, and say when one was longer', async () => {
    await using database = await createDatabase();
    await using session = await journalled(database);
    const reportOf = (length: number): ProbeRecord =>
      record({ outcome: 'missed', lastMiss: { at: nowMicros, report: '💥'.repeat(length / 2) } });
    await writeProbeRecords(session, 'partitiond', [reportOf(100_000)], free, noAbort);
    expect((await read(session))[0]).toEqual(reportOf(100_000));
    await writeProbeRecords(session, 'partitiond', [reportOf(100_002)], free, noAbort);
    const report = (await read(session))[0]?.lastMiss?.report ?? '';
    expect(report).toHaveLength(100_000);
    expect(report).toMatch(/^💥.*\n\.\.\. cut here, the report has 100002 characters; `partitiond probe` prints all of a new run\.$/su);
  });

  it('are not written by a leader whose epoch is over', async () => {
    await using database = await createDatabase();
    await using session = await journalled(database);
    await database.query("INSERT INTO partitiond.leadership (epoch, holder, configuration_generation) VALUES (2, 'test', 'test')");
    await writeProbeRecords(session, 'partitiond', [record()], epochGuard('partitiond', 2n), noAbort);
    const late = [record({ scanned: 5 }), record({ probe: 'monthly' })];
    await expect(writeProbeRecords(session, 'partitiond', late, epochGuard('partitiond', 1n), noAbort)).rejects.toBeInstanceOf(
      NotLeaderError,
    );
    expect(await read(session)).toEqual([record()]);
  });

  it('name the GRANT to a role that may not read them', async () => {
    await using database = await createDatabase();
    await using owner = await journalled(database);
    expect(await read(owner)).toEqual([]);
    const role = await database.createRole('reader');
    await using stranger = await openSession(database, role.url);
    const error = await read(stranger).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(StatementError);
    expect(error).toMatchObject({ code: 'PD502', sqlstate: '42501', message: expect.stringContaining('GRANT SELECT ON ALL TABLES') });
  });
});
