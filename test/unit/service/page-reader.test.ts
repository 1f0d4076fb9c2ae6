import { expect, it } from 'vitest';
import { systemClock } from '../../../src/postgres/clock.ts';
import type { ServedStatus } from '../../../src/service/http/status-reader.ts';
import { createPatientReader, type PageReading } from '../../../src/service/page/patient-reader.ts';
import { servedStatus } from '../../support/served-status.ts';

/** A reader whose readings end, and whose time passes, when it is told to. */
class Desk {
  now = 0;
  readings = 0;
  #answers: { readonly resolve: (statuses: readonly ServedStatus[]) => void; readonly reject: (error: Error) => void }[] = [];
  #sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  readonly read: () => Promise<PageReading>;

  constructor() {
    const sleep = (ms: number): Promise<void> => new Promise((wake) => this.#sleepers.push({ atMs: this.now + ms, wake }));
    this.read = createPatientReader(
      () => {
        this.readings += 1;
        return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
      },
      { ...systemClock, monotonicMs: () => this.now, sleep },
    );
  }

  pass(ms: number): void {
    this.now += ms;
    for (const { atMs, wake } of this.#sleepers) if (atMs <= this.now) wake();
  }

  async end(database: string): Promise<void> {
    for (const { resolve } of this.#answers.splice(0)) resolve([servedStatus([], { database })]);
    await new Promise((resolve) => setImmediate(resolve));
  }

  async fail(): Promise<void> {
    for (const { reject } of this.#answers.splice(0)) reject(new Error('broken'));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const seen = ({ statuses, ageMs }: PageReading) => [statuses[0]?.database, ageMs];

/** A desk at which `first` was read at 0. */
async function afterFirst(): Promise<Desk> {
  const desk = new Desk();
  const first = desk.read();
  await desk.end('first');
  expect(seen(await first)).toEqual(['first', null]);
  return desk;
}

it('a page waits for the first reading', async () => {
  const desk = new Desk();
  const first = desk.read();
  desk.pass(10_000);
  expect(await Promise.race([first, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe('waits');
  await desk.end('first');
  expect(seen(await first)).toEqual(['first', null]);
});

it('a page shows the last reading with its age when a newer one takes more than 100 ms, and the newer one afterwards', async () => {
  const desk = await afterFirst();
  desk.pass(30_000);
  const page = desk.read();
  desk.pass(99);
  expect(await Promise.race([page, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe('waits');
  desk.pass(1);
  expect(seen(await page)).toEqual(['first', 30_000]);
  await desk.end('second');
  expect(seen(await desk.read())).toEqual(['second', null]);
  expect(desk.readings).toBe(2);
});

it('a page shows a reading that is quick, and one of the last 2 s without reading', async () => {
  const desk = await afterFirst();
  desk.pass(2_000);
  expect(seen(await desk.read())).toEqual(['first', null]);
  desk.pass(1);
  const page = desk.read();
  await desk.end('second');
  expect(seen(await page)).toEqual(['second', null]);
  expect(desk.readings).toBe(2);
});

it('a page never shows a reading of more than a minute ago', async () => {
  const desk = await afterFirst();
  desk.pass(60_001);
  const page = desk.read();
  desk.pass(1_000);
  await desk.end('second');
  expect(seen(await page)).toEqual(['second', null]);
});

it('pages that come together share a reading', async () => {
  const desk = await afterFirst();
  desk.pass(90_000);
  const pages = [desk.read(), desk.read(), desk.read()];
  await desk.end('second');
  expect((await Promise.all(pages)).map(seen)).toEqual([
    ['second', null],
    ['second', null],
    ['second', null],
  ]);
  expect(desk.readings).toBe(2);
});

it('a reading that fails is tried again, and is an error only where there is nothing to show', async () => {
  const desk = await afterFirst();
  desk.pass(30_000);
  const page = desk.read();
  await desk.fail();
  desk.pass(100);
  expect(seen(await page)).toEqual(['first', 30_000]);
  desk.pass(60_000);
  const late = desk.read();
  await Promise.all([expect(late).rejects.toThrow('broken'), desk.fail()]);
  expect(desk.readings).toBe(3);
});
