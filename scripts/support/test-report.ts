import { readFile } from 'node:fs/promises';
import { relative } from 'node:path';

/** The five kinds of test that need nothing but npm packages, by the folder below test/. */
export const suites = ['unit', 'property', 'integration', 'e2e', 'fault'] as const;

/** Those, and the checks of deploy/, helm/ and the image with the field's own tools. */
export type Suite = (typeof suites)[number] | 'deploy';

const allSuites: readonly Suite[] = [...suites, 'deploy'];

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** What one run of vitest did, from its JSON report. */
export interface TestReport {
  readonly suites: Readonly<Record<Suite, Counts>>;
  readonly total: Counts;
  /** Test names that occur twice in a file, as `file: name`: one of the two would hide in every report. */
  readonly duplicates: readonly string[];
  /** Files that could not be read or run at all. */
  readonly brokenFiles: readonly string[];
}

interface JsonReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const none: Counts = { passed: 0, failed: 0, skipped: 0 };

/** Reads the report that vitest wrote. Throws when there is none: a run that did not report is a failed run. */
export async function readTestReport(reportPath: string): Promise<TestReport> {
  const report = JSON.parse(await readFile(reportPath, 'utf8')) as JsonReport;
  const counts: Record<Suite, Counts> = { unit: none, property: none, integration: none, e2e: none, fault: none, deploy: none };
  const duplicates: string[] = [];
  const brokenFiles: string[] = [];
  for (const file of report.testResults) {
    const path = relative(process.cwd(), file.name);
    const suite = allSuites.find((candidate) => path.startsWith(`test/${candidate}/`));
    if (suite === undefined) throw new Error(`${path} belongs to none of the suites ${allSuites.join(', ')}.`);
    counts[suite] = add(counts[suite], countFile(file.assertionResults));
    if (file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed')) brokenFiles.push(path);
    const names = file.assertionResults.map(({ fullName }) => fullName);
    duplicates.push(...new Set(names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${path}: ${name}`)));
  }
  return { suites: counts, total: allSuites.map((suite) => counts[suite]).reduce(add, none), duplicates, brokenFiles };
}

export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

function countFile(tests: JsonReport['testResults'][number]['assertionResults']): Counts {
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const failed = tests.filter(({ status }) => status === 'failed').length;
  return { passed, failed, skipped: tests.length - passed - failed };
}
