import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { runCommand } from './run-command.ts';
import { readTestReport, type Suite, suites, type TestReport } from './test-report.ts';

/** Where reports lie until the next run; not under version control. */
export const reportFolder = '.cache/test-reports';

const secondTryReporter = './scripts/support/second-try-reporter.ts';

export interface VitestRun {
  /** The report's file name, without folder and ending. */
  readonly name: string;
  /** Suites that must each hold a test that passed. */
  readonly suites: readonly Suite[];
  /** Test files that say nothing new in this run. */
  readonly exclude?: readonly string[];
  /** Further arguments for vitest; with a filter among them an empty suite is no mistake. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Runs vitest on some suites and prints one line of counts. Returns the report, or null when anything is wrong: a red test, a suite
 * without tests (which vitest itself takes for green), or two tests of one name in a file.
 */
export async function runVitest(run: VitestRun): Promise<TestReport | null> {
  const file = `${reportFolder}/${run.name}.json`;
  await mkdir(reportFolder, { recursive: true });
  await rm(file, { force: true });
  const projects = run.suites.flatMap((suite) => ['--project', suite]);
  const exclude = (run.exclude ?? []).flatMap((path) => ['--exclude', path]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`, `--reporter=${secondTryReporter}`];
  // Some 2,500 tests run up to six times in one run of CI, most against a clock that others share.
  const tries = process.env['CI'] === undefined ? [] : ['--retry=1'];
  const exitCode = await runCommand(
    'node',
    ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...exclude, ...reporters, ...tries, ...run.args],
    run.env,
  );
  if (!existsSync(file)) {
    console.error(`${run.name}: vitest ended with exit code ${exitCode} and left no report.`);
    return null;
  }
  const report = await readTestReport(file);
  const problems = findProblems(run, report);
  console.log(`${run.name}: ${describe(report)}`);
  for (const problem of problems) console.error(problem);
  return exitCode === 0 && problems.length === 0 ? report : null;
}

function findProblems(run: VitestRun, report: TestReport): readonly string[] {
  const empty = run.args.length > 0 ? [] : run.suites.filter((suite) => report.suites[suite].passed === 0);
  return [
    ...empty.map((suite) => `The suite ${suite} has no test that passed: its glob matches nothing, or everything is skipped.`),
    ...report.duplicates.map((name) => `Two tests have the same name: ${name}`),
    ...report.brokenFiles.map((path) => `${path} could not be run.`),
  ];
}

function describe(report: TestReport): string {
  const counts = [...suites, 'deploy' as const]
    .filter((suite) => report.suites[suite].passed > 0)
    .map((suite) => `${suite} ${report.suites[suite].passed}`);
  return `${counts.length === 0 ? 'nothing passed' : counts.join(', ')}, failed ${report.total.failed}, skipped ${report.total.skipped}`;
}
