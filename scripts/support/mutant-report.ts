import { mkdir, readFile, writeFile } from 'node:fs/promises';

export interface MutantReport {
  readonly killed: number;
  readonly planted: number;
}

const file = '.cache/mutants.json';

export async function writeMutantReport(report: MutantReport): Promise<void> {
  await mkdir('.cache', { recursive: true });
  await writeFile(file, JSON.stringify(report));
}

/** Throws when the mutants have not run. */
export async function readMutantReport(): Promise<MutantReport> {
  return JSON.parse(await readFile(file, 'utf8')) as MutantReport;
}
