import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningProgram, type RunOptions, type RunResult, runPartitiond, startPartitiond } from '../../support/run-partitiond.ts';

/** A folder with configuration files, and the built program run in it; removed at the end of its scope. */
export class Workspace {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'partitiond-e2e-'));

  /** Writes a file of the folder and returns its path. */
  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  /** Writes partitiond.yaml, which every command finds without `--config`. */
  configure(text: string): string {
    return this.write('partitiond.yaml', text);
  }

  run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return runPartitiond(args, { cwd: this.folder, ...options });
  }

  start(args: readonly string[], options: RunOptions = {}): RunningProgram {
    return startPartitiond(args, { cwd: this.folder, ...options });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * A configuration of one database `app`, without a daemon's schedules. Tables as `{ 'public.t': 'interval: 1 month' }`. As in `policyFile`
 * there is no maintenance unless a table asks for it or `extra` has `defaults` of its own.
 */
export function configurationText(url: string, tables: Readonly<Record<string, string>>, extra = ''): string {
  const entries = Object.entries(tables).map(([table, keys]) => `      - { table: ${JSON.stringify(table)}, ${keys} }\n`);
  const defaults = /^defaults:/m.test(extra) ? '' : 'defaults: { maintenance: false }\n';
  return `${extra}\n${defaults}databases:\n  - name: app\n    url: ${JSON.stringify(url)}\n    tables:\n${entries.join('')}`;
}
