import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runTool } from '../deploy-tool.ts';
import { type Day, renderDay, span } from './day.ts';
import { openStore } from './prometheus-store.ts';

const days: readonly Day[] = ['good', 'bad'];

/** A folder with blocks of both days, to be opened by any Prometheus; removed at the end of the scope. */
export interface DayBlocks extends AsyncDisposable {
  readonly folder: string;
}

/**
 * Makes the blocks with promtool: first the samples, then what the shipped recording rules make of them, evaluated by a real Prometheus. That
 * needs two calls, one for each day, and a server that is started anew to see the result.
 */
export async function makeDayBlocks(promtool: string, prometheus: string): Promise<DayBlocks> {
  const folder = await mkdtemp(join(tmpdir(), 'ptd-days-'));
  const data = join(folder, 'data');
  await mkdir(data);
  for (const day of days) {
    const samples = join(folder, `${day}.om`);
    await writeFile(samples, renderDay(day));
    await run(promtool, ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', samples, data]);
  }
  await using store = await openStore({ binary: prometheus, folder });
  for (const day of days) {
    const { from, to } = span(day);
    const times = [`--start=${from}`, `--end=${to}`];
    const rules = resolve('deploy/prometheus/partitiond.rules.yaml');
    await run(promtool, ['tsdb', 'create-blocks-from', 'rules', ...times, `--url=${store.url}`, `--output-dir=${data}`, rules]);
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await runTool(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}\n${stdout}\n${stderr}`);
}
