import type { RunResult } from '../../support/run-partitiond.ts';

/** What it printed, of a command that must succeed. */
export async function ok(result: Promise<RunResult>): Promise<string> {
  const { exitCode, stdout, stderr } = await result;
  if (exitCode !== 0) throw new Error(`exit code ${exitCode}\n${stdout}\n${stderr}`);
  return stdout;
}
