import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { relative } from 'node:path';
import { promisify } from 'node:util';

interface JsonReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/**
 * Whether the report of a whole run says of a test file that all tests whose full names contain one of `names` were green; always false when
 * there is no report, or when a file of the project is younger than it: then somebody has to run them.
 */
export async function seenGreen(reportPath: string): Promise<(file: string, names: readonly string[]) => boolean> {
  const report = await readFile(reportPath, 'utf8').catch(() => null);
  if (report === null || (await newestChangeMs()) > (await stat(reportPath)).mtimeMs) return () => false;
  const { testResults } = JSON.parse(report) as JsonReport;
  const byFile = new Map(testResults.map((result) => [relative(process.cwd(), result.name), result.assertionResults]));
  return (file, names) =>
    names.every((name) => {
      const named = (byFile.get(file) ?? []).filter(({ fullName }) => fullName.includes(name));
      return named.length > 0 && named.every(({ status }) => status === 'passed');
    });
}

async function newestChangeMs(): Promise<number> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    maxBuffer: 1 << 26,
  });
  const changes = stdout.split('\0').filter((path) => path !== '');
  const times = await Promise.all(
    changes.map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
