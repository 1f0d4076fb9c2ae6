import { expect, it } from 'vitest';
import { installJournal } from '../../src/journal/install.ts';
import { setPause } from '../../src/journal/pause.ts';
import { readPause } from '../../src/reconcile/read-pause.ts';
import { createDatabase } from '../support/database.ts';
import { noAbort, openSession } from '../support/open-session.ts';

it('tells of a pause in one query, and of none where there is no journal', async () => {
  await using database = await createDatabase();
  await using session = await openSession(database);
  expect(await readPause(session, 'partitiond', noAbort)).toBeNull();
  await installJournal(session, 'partitiond', noAbort);
  expect(await readPause(session, 'partitiond', noAbort)).toBeNull();
  await setPause(session, 'partitiond', { reason: 'upgrade', by: 'me' }, noAbort);
  session.reads.splice(0);
  expect(await readPause(session, 'partitiond', noAbort)).toMatchObject({ reason: 'upgrade', by: 'me' });
  expect(session.reads).toEqual(['read-pause']);
});

it('names the GRANT that a role without privileges needs to know of a pause', async () => {
  await using database = await createDatabase();
  await using owner = await openSession(database);
  await installJournal(owner, 'partitiond', noAbort);
  const role = await database.createRole('stranger');
  await using session = await openSession(database, role.url);
  await expect(readPause(session, 'partitiond', noAbort)).rejects.toThrow(/GRANT USAGE ON SCHEMA/);
});
