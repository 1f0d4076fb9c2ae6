import { parseConfiguration } from '../../src/config/parse-configuration.ts';
import { type Clock, systemClock } from '../../src/postgres/clock.ts';
import type { Surroundings } from '../../src/service/surroundings.ts';
import { silentLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';

/** Of a daemon that says nothing and connects nowhere. `databases` are names; each has the table `public.events`. */
export function silentSurroundings(databases: readonly string[], clock: Clock = systemClock): Surroundings {
  const configuration = parseConfiguration({ text: configurationOf(databases), source: 'test', env: {}, folder: '/' });
  const metrics = createMetrics({ version: '1', revision: '', databases, limits: configuration.metrics, nowSeconds: () => 0 });
  const crash = (error: Error): void => {
    throw error;
  };
  return { configuration, loadedAtMs: 0, logger: silentLogger, logRun: () => undefined, metrics, clock, who: 'test', crash };
}

/** The text of such a configuration. */
export function configurationOf(databases: readonly string[]): string {
  const entries = databases.map(
    (name) => `  - { name: ${name}, url: "postgresql://u@127.0.0.1:1/x", tables: [{ table: events, interval: 1 day }] }\n`,
  );
  return `databases:\n${entries.join('')}`;
}
