import { describe, expect, it } from 'vitest';
import { installJournal } from '../../../src/journal/install.ts';
import { insertMigration, readMigration, readMigrations, readSpec, renderChangeMigration } from '../../../src/journal/migration/records.ts';
import type { MigrationSpec } from '../../../src/partition/migration/spec.ts';
import type { LastSwitch, Verdict } from '../../../src/partition/migration/status.ts';
import { createDatabase } from '../../support/database.ts';
import { noAbort, openSession } from '../../support/open-session.ts';

const schema = `odd "journal's"`;

/** As far as the journal looks into it. */
const spec: MigrationSpec = JSON.parse(`{
  "subject": "table", "strategy": "copy", "capture": "log",
  "table": { "schema": "pub\\"lic", "name": "it's \\\\ ünïcode" }, "definition": { "oid": "4711", "comment": "back\\\\slash, 'quote' and \\u0007" },
  "key": [{ "name": "id", "type": "bigint", "collation": null }], "partitionKey": { "name": "at", "type": "date", "collation": null }
}`);
const fresh = { spec, planHash: 'abc', rowsEstimated: 1.5e9, who: "o'hara" };

describe('records of migrations', () => {
  it('are none where there is no journal, and come back as they were written, the newest first', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    expect(await readMigrations(session, schema, noAbort)).toEqual([]);
    await installJournal(session, schema, noAbort);
    expect(await readMigrations(session, schema, noAbort)).toEqual([]);

    const first = await insertMigration(session, schema, fresh, noAbort);
    expect(await readSpec(session, schema, first, noAbort)).toEqual(spec);
    await expect(insertMigration(session, schema, fresh, noAbort)).rejects.toMatchObject({ sqlstate: '23505' });
    await session.execute(renderChangeMigration(schema, first, { phase: 'aborted' }), noAbort);
    const second = await insertMigration(session, schema, { ...fresh, rowsEstimated: null }, noAbort);

    const [newest, oldest] = await readMigrations(session, schema, noAbort);
    expect(oldest).toMatchObject({ id: first, phase: 'aborted', rowsEstimated: 1.5e9, finishedAt: expect.any(BigInt) });
    expect(newest).toMatchObject({
      id: second,
      table: spec.table,
      sourceOid: '4711',
      targetOid: null,
      strategy: 'copy',
      capture: 'log',
      planHash: 'abc',
      phase: 'planned',
      live: 'source',
      paused: null,
      verdict: null,
      lastSwitch: null,
      fingerprint: null,
      rowsEstimated: null,
      readyAt: null,
      switchedAt: null,
      finishedAt: null,
    });
  });

  it('change in what is said and nothing else, a phase with its instants', async () => {
    await using database = await createDatabase();
    await using session = await openSession(database);
    await installJournal(session, schema, noAbort);
    const id = await insertMigration(session, schema, fresh, noAbort);
    const change = (what: Parameters<typeof renderChangeMigration>[2]) => session.execute(renderChangeMigration(schema, id, what), noAbort);
    const read = () => readMigration(session, schema, id, noAbort);

    const verdict: Verdict = { at: 1_700_000_000_123_456n, live: 'source', rows: 7, mismatches: 0, differences: ["index's"] };
    const lastSwitch: LastSwitch = { at: 1_700_000_000_000_001n, direction: 'forward', lockMs: 31.5, attempts: 2 };
    await change({ targetOid: '815', verdict, lastSwitch, fingerprint: 'f', paused: { kind: 'disk', reason: "it's full" } });
    const changed = await read();
    expect(changed).toMatchObject({ targetOid: '815', verdict, lastSwitch, fingerprint: 'f', phase: 'planned', live: 'source' });
    expect(changed.paused).toEqual({ kind: 'disk', reason: "it's full" });

    await change({ phase: 'ready' });
    const ready = await read();
    expect(ready).toMatchObject({ phase: 'ready', verdict, switchedAt: null, paused: changed.paused });
    expect(ready.readyAt).toBeGreaterThan(changed.phaseAt);
    await change({ phase: 'switched', live: 'target', paused: null, verdict: null });
    const switched = await read();
    expect(switched).toMatchObject({ live: 'target', paused: null, verdict: null, lastSwitch, readyAt: ready.readyAt, fingerprint: null });
    await change({ hasProgressed: true });
    const progressed = await read();
    expect(progressed.phaseAt).toBe(switched.phaseAt);
    expect(progressed.progressAt).toBeGreaterThan(switched.progressAt);
    await change({});
    expect(await read()).toEqual(progressed);
  });
});
