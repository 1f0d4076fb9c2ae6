import { describe, expect, it } from 'vitest';
import type { DatabasePolicy } from '../../../src/partition/policy.ts';
import { systemClock } from '../../../src/postgres/clock.ts';
import type { DatabaseStatus } from '../../../src/reconcile/status.ts';
import { createStatusReader, type StatusSource } from '../../../src/service/http/status-reader.ts';
import { scheduledTasks } from '../../../src/service/tasks/schedule.ts';
import { silentSurroundings } from '../../support/surroundings.ts';

/** Two databases: `app` answers at once, `dead` when it is told to; time passes when it is told to. */
class Desk {
  readonly asked: string[] = [];
  now = 0;
  readonly #waiting: { readonly atMs: number; readonly wake: () => void }[] = [];
  #answers: ((error: string | null) => void)[] = [];
  readonly read: ReturnType<typeof createStatusReader>;

  constructor() {
    const clock = {
      ...systemClock,
      monotonicMs: () => this.now,
      sleep: (ms: number): Promise<void> => new Promise((wake) => this.#waiting.push({ atMs: this.now + ms, wake })),
    };
    const source: StatusSource = {
      surroundings: silentSurroundings(['app', 'dead'], clock),
      [Symbol.iterator]: () => [{ name: 'app', isLeading: true, epoch: 3n, refused: null }][Symbol.iterator](),
    };
    this.read = createStatusReader(source, async (database) => await this.#readOne(database));
  }

  async #readOne({ name }: DatabasePolicy): Promise<DatabaseStatus> {
    this.asked.push(name);
    const status = (error: string | null): DatabaseStatus => ({
      database: name,
      now: null,
      paused: null,
      error,
      tables: [],
      runs: [],
      leader: null,
    });
    if (name === 'app') return status(null);
    return await new Promise((resolve) => this.#answers.push((error) => resolve(status(error))));
  }

  pass(ms: number): void {
    this.now += ms;
    for (const { atMs, wake } of this.#waiting) if (atMs <= this.now) wake();
  }

  async answer(error: string | null = null): Promise<void> {
    for (const answer of this.#answers.splice(0)) answer(error);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async errors(...names: readonly string[]): Promise<readonly (string | null)[]> {
    return (await this.read(names)).map(({ error }) => error);
  }
}

const late = 'The database has not answered within 5 s.';

describe('the status of databases', () => {
  it('is read of those that are named, and of no other', async () => {
    const desk = new Desk();
    expect(await desk.read(['app'])).toMatchObject([{ database: 'app', leadership: { isLeading: true, epoch: '3', refused: null } }]);
    expect(desk.asked).toEqual(['app']);
  });

  it('comes with the next runs of the configuration that is in force, also where there is no answer', async () => {
    const desk = new Desk();
    const all = desk.read();
    desk.pass(5_000);
    for (const { database, nextRuns } of await all) {
      expect(nextRuns.map(({ task }) => task).toSorted(), database).toEqual(scheduledTasks.toSorted());
      expect(nextRuns.map(({ at }) => at)).toEqual(nextRuns.map(({ at }) => at).toSorted());
    }
  });

  it('waits 5 s for one that does not answer, and shows the others', async () => {
    const desk = new Desk();
    const all = desk.read();
    desk.pass(4_999);
    expect(await Promise.race([all, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe('waits');
    desk.pass(1);
    expect(await all).toMatchObject([
      { database: 'app', error: null },
      { database: 'dead', error: late, leadership: { isLeading: false, epoch: null } },
    ]);
    expect(await desk.errors('dead')).toEqual([late]);
    expect(desk.asked).toEqual(['app', 'dead']);
  });

  it('shows what came late to those who ask within half a minute', async () => {
    const desk = new Desk();
    const first = desk.errors('dead');
    desk.pass(5_000);
    expect(await first).toEqual([late]);
    desk.pass(7_000);
    await desk.answer();
    desk.pass(30_000);
    expect(await desk.errors('dead')).toEqual([null]);
    expect(desk.asked).toEqual(['dead']);
    desk.pass(1);
    const again = desk.errors('dead');
    await desk.answer();
    expect(await again).toEqual([null]);
    expect(desk.asked).toEqual(['dead', 'dead']);
  });

  it('asks again a second after an answer in time, and after an error however late', async () => {
    const desk = new Desk();
    await desk.errors('app');
    desk.pass(1_000);
    await desk.errors('app');
    expect(desk.asked).toEqual(['app']);
    desk.pass(1);
    await desk.errors('app');
    expect(desk.asked).toEqual(['app', 'app']);

    const failing = desk.errors('dead');
    desk.pass(9_000);
    await failing;
    await desk.answer('It is down.');
    expect(await desk.errors('dead')).toEqual(['It is down.']);
    desk.pass(1_001);
    const again = desk.errors('dead');
    await desk.answer();
    expect(await again).toEqual([null]);
  });

  it('is one reading for those who ask together', async () => {
    const desk = new Desk();
    const answers = [desk.read(), desk.read(['dead']), desk.read()];
    await desk.answer();
    await Promise.all(answers);
    expect(desk.asked).toEqual(['app', 'dead']);
  });
});
