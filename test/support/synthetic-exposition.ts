/**
 * A process of its own (`node --import tsx`) with the metrics of a leader of 200 tables of 500 partitions, scraped over HTTP now and then. What
 * it costs is printed as JSON: memory and event loop are those of this process, which does nothing else.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { led, newMetrics, patientMs, snapshotOf, statisticsOf } from '../unit/telemetry/support.ts';
import { modelOf, named, partition } from './model.ts';

/** What the process prints. */
export interface SyntheticCost {
  readonly partitions: number;
  readonly series: number;
  readonly droppedSeries: number;
  /** Of the whole process, which also carries the translator of its source. */
  readonly peakRssMib: number;
  /** 99th percentile while a scrape is answered; the best of several, as the machine may have other work. */
  readonly loopP99Ms: number;
}

const tables = 200;
const perTable = 500;
const scrapes = 3;

const metrics = newMetrics({ partitions: 'top', topPerTable: 20 });
const models = Array.from({ length: tables }, (_, t) => {
  const partitions = Array.from({ length: perTable }, (__, i) =>
    partition(`t${t}_p${i}`, { kind: 'unreadable', reason: '' }, { estimatedRows: i, estimatedBytes: i * 8192 }),
  );
  return modelOf({ partitions, policy: { table: named(`t${t}`) } });
});
metrics.acquired(led(models.map(({ policy }) => policy)), 1n);
const server = createServer((_, response) => {
  // On a busy machine one that is kept would be closed for being idle just when it is used again.
  response.setHeader('connection', 'close');
  metrics.render(patientMs).then(
    (text) => response.end(text),
    () => response.destroy(),
  );
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
if (address === null || typeof address === 'string') throw new Error('No port.');
const url = `http://127.0.0.1:${address.port}/`;

const loopP99Ms: number[] = [];
let text = '';
for (let i = 0; i < scrapes; i += 1) {
  metrics.observeCollection(snapshotOf(models, 'app', i * 60));
  metrics.statisticsCollected(
    'app',
    models.map(({ policy, table }) =>
      statisticsOf(policy, Object.fromEntries(table.partitions.map(({ oid }, n) => [oid, { heapBytes: n * i }]))),
    ),
  );
  // The first waits for what is printed of the snapshot; the second only copies it.
  await (await fetch(url)).text();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  text = await (await fetch(url)).text();
  delay.disable();
  loopP99Ms.push(delay.percentile(99) / 1e6);
}
server.close();
server.closeAllConnections();
const value = (name: string): number => Number(new RegExp(`^partitiond_${name} (\\S+)$`, 'm').exec(text)?.[1]);
const cost: SyntheticCost = {
  partitions: tables * perTable,
  series: text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length,
  droppedSeries: value('metrics_dropped_series_total'),
  peakRssMib: process.resourceUsage().maxRSS / 1024,
  loopP99Ms: Math.min(...loopP99Ms),
};
process.stdout.write(`${JSON.stringify(cost)}\n`);
