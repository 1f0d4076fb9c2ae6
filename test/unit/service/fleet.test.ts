import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { parseConfiguration } from '../../../src/config/parse-configuration.ts';
import { type Clock, systemClock } from '../../../src/postgres/clock.ts';
import { Fleet } from '../../../src/service/fleet.ts';
import type { Surroundings } from '../../../src/service/surroundings.ts';
import { silentLogger } from '../../../src/telemetry/logger.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

const limits = { partitions: 'top', topPerTable: 20, maxSeries: 50_000 } as const;
const metrics = createMetrics({ version: '1', revision: '', databases: [], limits, nowSeconds: () => 1 });
const series = async (): Promise<string> => await metrics.render();

/** A configuration with databases of those names, none of which can be reached. */
function load(names: readonly string[], clock: Clock, { port = 1, rest = '' } = {}): Surroundings {
  const databases = names.map(
    (name) => `{ name: ${name}, url: "postgresql://127.0.0.1:${port}/x", tables: [{ table: public.a, interval: 1 month }] }`,
  );
  const configuration = parseConfiguration({ text: `databases: [${databases.join(', ')}]\n${rest}`, source: 'test', env: {}, folder: '/' });
  const others = { loadedAtMs: 0, logger: silentLogger, logRun: () => undefined, metrics, clock, who: 'test', crash: () => undefined };
  return { configuration, ...others };
}

describe('a fleet', () => {
  it('of many databases brings no warning of listeners, and all end with its signal', async () => {
    const stop = new AbortController();
    const names = Array.from({ length: 15 }, (_, i) => `db${i}`);
    const warnings: Error[] = [];
    const keep = (warning: Error): number => warnings.push(warning);
    process.on('warning', keep);
    try {
      const fleet = new Fleet(load(names, systemClock), stop.signal);
      await fleet.adopt(fleet.surroundings);
      await delay(50);
      stop.abort();
      await fleet.ended();
    } finally {
      process.off('warning', keep);
    }
    expect(warnings).toEqual([]);
  });

  it('calls a database changed when what leads it begins anew, be it for another URL or another schedule', async () => {
    const stop = new AbortController();
    const fleet = new Fleet(load(['a'], systemClock), stop.signal);
    await fleet.adopt(fleet.surroundings);
    const changed = async (change: { port?: number; rest?: string }) => (await fleet.adopt(load(['a'], systemClock, change))).changed;
    expect(await changed({})).toEqual([]);
    expect(await changed({ port: 2 })).toEqual(['a']);
    expect(await changed({ port: 2 })).toEqual([]);
    expect(await changed({ port: 2, rest: 'schedules: { provision: "7 * * * *" }' })).toEqual(['a']);
    stop.abort();
    await fleet.ended();
  });

  it('waits for a removed database no longer than 20 s, and drops its series when it has ended', async () => {
    const stop = new AbortController();
    const release = new AbortController();
    // A pause of the removed one does not end when it should; the 20 s are over at once.
    const sleep: Clock['sleep'] = async (ms) => {
      if (ms !== 20_000 && !release.signal.aborted) await once(release.signal, 'abort');
    };
    const clock: Clock = { ...systemClock, sleep };
    const fleet = new Fleet(load(['stays', 'goes'], clock), stop.signal);
    await fleet.adopt(fleet.surroundings);
    expect((await fleet.adopt(load(['stays'], clock))).removed).toEqual(['goes']);
    expect([...fleet].map(({ name }) => name)).toEqual(['goes', 'stays']);
    expect(await series()).toContain('"goes"');
    // Wanted again meanwhile: a new worker, and the series stay.
    expect((await fleet.adopt(load(['stays', 'goes'], clock))).added).toEqual(['goes']);
    expect([...fleet]).toHaveLength(3);
    expect((await fleet.adopt(load(['stays'], clock))).removed).toEqual(['goes']);
    release.abort();
    stop.abort();
    await fleet.ended();
    expect(await series()).not.toContain('"goes"');
    expect([...fleet].map(({ name }) => name)).toEqual(['stays']);
  });
});
