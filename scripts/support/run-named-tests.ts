import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProjectCopy } from './project-copy.ts';

export interface NamedTests {
  readonly file: string;
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** How often a red test is tried again; 0 unless told. */
  readonly retries?: number;
}

export interface NamedTestsResult {
  readonly passed: number;
  readonly failed: number;
  /** The tests could not be run at all: no such file, or it does not load. */
  readonly isBroken: boolean;
  /** Killed at the deadline: a mistake may well make a loop endless. */
  readonly isLate: boolean;
  readonly output: string;
}

const deadlineMs = 180_000;

/** Runs the tests of one file whose full names contain one of `names`, in a copy of the project; builds first where the test needs it. */
export async function runNamedTests(copy: ProjectCopy, tests: NamedTests): Promise<NamedTestsResult> {
  if (tests.file.startsWith('test/e2e/')) {
    await rm(join(copy.folder, 'dist'), { recursive: true, force: true });
    // A mistake may be a type error too; the compiler writes the program all the same.
    await run(copy, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], tests.env);
    await run(copy, ['scripts/copy-assets.mjs'], tests.env);
  }
  const report = join(copy.folder, '.cache', 'named-tests.json');
  await rm(report, { force: true });
  const pattern = tests.names.map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  const args = ['node_modules/vitest/vitest.mjs', 'run', tests.file, '-t', pattern, `--retry=${tests.retries ?? 0}`];
  args.push('--reporter=json', `--outputFile.json=${report}`);
  const { output, isLate } = await run(copy, args, tests.env);
  const counts = await readCounts(report);
  return {
    passed: counts?.numPassedTests ?? 0,
    failed: counts?.numFailedTests ?? 0,
    isBroken: counts === null || isUnread(counts),
    isLate,
    output,
  };
}

interface JsonCounts {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly numTotalTests: number;
}

function isUnread(counts: JsonCounts): boolean {
  return counts.numTotalTests === 0 || (counts.numFailedTestSuites > 0 && counts.numFailedTests === 0);
}

async function readCounts(path: string): Promise<JsonCounts | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as JsonCounts);
}

async function run(
  copy: ProjectCopy,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ readonly output: string; readonly isLate: boolean }> {
  const child = spawn(process.execPath, [...args], {
    cwd: copy.folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, deadlineMs);
  await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  clearTimeout(timer);
  return { output: output.slice(-3000), isLate };
}
