import { describe, expect, it } from 'vitest';
import { startApplication } from '../support/migrate/crash/application.ts';
import { describeMigration, type Story, undisturbed, unlike } from '../support/migrate/crash/describe-migration.ts';
import {
  attachPoints,
  chosenPoints,
  exchangePoints,
  type KillPoint,
  type KillPoints,
  killSeed,
} from '../support/migrate/crash/kill-points.ts';
import { attachKind, exchangeKinds, type Kind, source } from '../support/migrate/crash/kinds.ts';
import { randomDeaths } from '../support/migrate/crash/random-deaths.ts';
import { describeDatabase } from '../support/migrate/describe-database.ts';
import { compareLedger } from '../support/migrate/ledger.ts';
import { killParked } from '../support/migrate/parking.ts';
import { compareBoth, createRevenues, type Revenues } from '../support/migrate/revenues.ts';

const kinds: readonly { readonly kind: Kind; readonly name: string; readonly pointsOf: (story: Story) => KillPoints }[] = [
  ...exchangeKinds.map((kind) => ({ kind, name: kind.name, pointsOf: () => exchangePoints(kind) })),
  { kind: attachKind, name: attachKind.name, pointsOf: (story: Story) => attachPoints(lastPartition(story)) },
];

/** Those that a migration by attach makes are called after the day on which it is made. */
function lastPartition({ ready }: Story): string {
  const names = ready.flatMap((line) => /^relation (?<name>public\.revenues_\d{4}_\d{2}) r /.exec(line)?.groups?.['name'] ?? []);
  return names.at(-1) ?? '';
}

async function killAtEach(revenues: Revenues, points: readonly KillPoint[], seen: string[]): Promise<void> {
  for (const { name, before, action, park } of chosenPoints(points, revenues.kind.name)) {
    if (before !== undefined) await revenues.ok(...before);
    const inTheWay = await park(revenues);
    seen.push(name);
    await killParked(revenues, action, inTheWay).catch((error: unknown) => {
      throw new Error(`at "${name}", PARTITIOND_KILL_SEED=${killSeed}: ${String(error)}`, { cause: error });
    });
  }
}

describe.each(kinds)('$name', ({ kind, pointsOf }) => {
  it('goes on by the same command after kill -9 in every step, beside a reader and writers with half a second', async () => {
    const expected = await undisturbed(kind);
    const points = pointsOf(expected);
    await using revenues = await createRevenues({ kind });
    const { database } = revenues;
    const application = await startApplication(database, kind);
    const seen: string[] = [];
    const isLike = async (chapter: keyof Story, when: 'before' | 'after'): Promise<void> =>
      await application.quietly(async () => {
        await revenues.ok('start');
        expect(await compareBoth(revenues, when), chapter).toEqual([]);
        expect(unlike(await describeMigration(revenues), expected[chapter]), chapter).toEqual([]);
      });

    await killAtEach(revenues, points.start, seen);
    await isLike('ready', 'before');
    await killAtEach(revenues, points.switch, seen);
    await revenues.ok('switch');
    await isLike('switched', 'after');
    await killAtEach(revenues, points.rollback, seen);
    await revenues.ok('rollback');
    await isLike('back', 'before');
    await revenues.ok('verify');
    await revenues.ok('switch');
    await killAtEach(
      revenues,
      points.finish.filter(({ always }) => always.includes(kind.name)),
      seen,
    );
    await revenues.ok('finish', '--yes');
    expect(await application.stop()).toEqual([]);
    expect(await compareLedger(database.url, source)).toEqual([]);
    expect(unlike(await describeMigration(revenues), expected.finished)).toEqual([]);
    expect(seen.length).toBeGreaterThan(6);
  });

  it('loses no row to kills and lost sessions at random instants, in both directions and to the end', async () => {
    const expected = await undisturbed(kind);
    await using revenues = await createRevenues({ kind });
    const { database } = revenues;
    const application = await startApplication(database, kind, 5_000);
    const { through } = randomDeaths(revenues, killSeed);
    await through(['start'], 2);
    await through(['switch'], 1);
    await through(['rollback'], 1);
    await revenues.ok('verify');
    await revenues.ok('switch');
    await through(['finish', '--yes'], 1);
    expect(await application.stop()).toEqual([]);
    expect(await compareLedger(database.url, source)).toEqual([]);
    expect(unlike(await describeMigration(revenues), expected.finished), `PARTITIOND_KILL_SEED=${killSeed}`).toEqual([]);
  });

  it('leaves the schema as it was when aborted after a kill, and after one of the abort itself', async () => {
    const points = pointsOf(await undisturbed(kind));
    await using revenues = await createRevenues({ kind, rows: 2_000 });
    const { database } = revenues;
    const outside = async (): Promise<readonly string[]> =>
      (await describeDatabase(database)).filter((line) => !/^\w+ partitiond\b/.test(line));
    const ours = async (): Promise<readonly string[]> =>
      (await describeDatabase(database)).filter((line) => /\b(capture|guard)_\d/.test(line));
    const before = await outside();
    const aborted = async (name: string): Promise<void> => {
      expect(JSON.parse(await revenues.ok('abort', '--json'))).toMatchObject({ phase: 'aborted' });
      expect([...unlike(await outside(), before), ...(await ours())], name).toEqual([]);
    };
    // A log is numbered like its migration, which the first one's points of the log are not for.
    const at = points.start.filter(({ name }) => name !== 'the log');
    for (const index of [killSeed % 4, at.length - 1 - (killSeed % 3)]) {
      const point = at[index % at.length];
      if (point === undefined) continue;
      await killAtEach(revenues, [{ ...point, always: [kind.name] }], []);
      await aborted(point.name);
    }
    await revenues.ok('start');
    await revenues.ok('switch');
    expect((await revenues.run('abort')).stderr).toMatch(/migrate rollback/);
    await revenues.ok('rollback');
    const own: KillPoint = {
      name: 'abort',
      action: ['abort'],
      park: points.finish[0]?.park ?? (() => Promise.reject(new Error('no point'))),
      always: [kind.name],
    };
    await killAtEach(revenues, [own], []);
    await aborted('abort');
    expect(await compareLedger(database.url, source)).toEqual([]);
  });
});
