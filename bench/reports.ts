/**
 * The table of the requirements: reports of one organisation and across all of them, and the work of keeping the table, once as one table and
 * once by quarter. `npm run bench -- reports [--rows N]`.
 */
import { parseArgs } from 'node:util';
import { startPeerServer } from './peer-server.ts';
import { timed } from './report.ts';
import { loadRevenues, type Revenues } from './reports/load-revenues.ts';
import { maintenanceRows } from './reports/maintenance-rows.ts';
import { printComparison } from './reports/print-comparison.ts';
import { reportRows } from './reports/report-rows.ts';

/** About two minutes of loading on two cores. */
const defaultRows = 4_000_000;

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({ args: [...argv], options: { rows: { type: 'string', default: String(defaultRows) } } });
  const rows = Number(values.rows);
  if (!Number.isSafeInteger(rows) || rows < 10_000) throw new Error('--rows wants a whole number of at least 10000');
  const server = await startPeerServer({ autovacuum: 'off', maintenance_work_mem: '256MB', shared_buffers: '1GB' });
  try {
    const client = await server.client('postgres');
    let loaded: Revenues | null = null;
    const seconds = (await timed(async () => (loaded = await loadRevenues(server, client, rows)))) / 1_000;
    if (loaded === null) throw new Error('nothing was loaded');
    process.stdout.write(`${rows} rows of eight quarters, twice, loaded and indexed in ${seconds.toFixed(0)} s\n\n`);
    printComparison([...(await reportRows(client, loaded)), ...(await maintenanceRows(client, loaded))]);
    await client.end();
  } finally {
    await server.stop();
  }
}
