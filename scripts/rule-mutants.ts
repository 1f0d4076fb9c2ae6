/**
 * `npm run test:mutants -- rules`: plants one mistake at a time in the rules of deploy/prometheus and runs those of its tests that concern
 * the rule. Survivors fail the run. Further words pick rules whose name contains one.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { runTool } from '../test/support/deploy/deploy-tool.ts';
import { mutantsOf, type RuleMutant } from '../test/support/deploy/rules/rule-mutants.ts';
import {
  isAlert,
  isRecording,
  type Rule,
  readRules,
  recordingsOf,
  rulesPath,
  testsFolder,
} from '../test/support/deploy/rules/rules-file.ts';

/** A rule, what has to be there for its tests, and those tests. */
interface Ground {
  readonly rule: Rule;
  readonly rules: readonly Rule[];
  readonly testFiles: readonly string[];
}

interface Planted extends RuleMutant {
  readonly ground: Ground;
}

/** Plants all mistakes; answers whether none survived. */
export async function plantInRules(words: readonly string[]): Promise<boolean> {
  const rules = readRules();
  const grounds = rules
    .filter((rule) => words.length === 0 || words.some((word) => nameOf(rule).includes(word)))
    .map((rule) => groundOf(rule, rules));
  const folder = mkdtempSync(join(tmpdir(), 'partitiond-rules-'));
  try {
    const red = await inParallel(grounds, folder, async (ground, own) =>
      (await isRed(ground, ground.rule, own)) ? nameOf(ground.rule) : null,
    );
    for (const name of red) console.error(`The tests of ${name} are red without any mistake in it.`);
    const planted = grounds.flatMap((ground) => mutantsOf(ground.rule).map((mutant): Planted => ({ ...mutant, ground })));
    const survivors = red.length > 0 ? red : await inParallel(planted, folder, survives);
    for (const survivor of survivors) console.error(`SURVIVED ${survivor}`);
    console.log(`rule mutants ${red.length > 0 ? 0 : planted.length - survivors.length}/${planted.length}`);
    return survivors.length === 0 && planted.length > 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function groundOf(rule: Rule, rules: readonly Rule[]): Ground {
  const readers = rules
    .filter(isAlert)
    .filter((alert) => alert.alert === nameOf(rule) || recordingsOf(alert.expr, rules).some((recording) => recording === rule));
  const recordings = new Set([
    ...readers.flatMap(({ expr }) => recordingsOf(expr, rules)),
    ...(isRecording(rule) ? rules.filter(isRecording) : []),
  ]);
  const testFiles = [...new Set(readers.map(({ alert }) => `${alert}.test.yaml`)), ...(isRecording(rule) ? ['recordings.test.yaml'] : [])];
  return { rule, rules: [...recordings, ...readers], testFiles };
}

async function survives({ ground, rule, mistake }: Planted, folder: string): Promise<string | null> {
  const isNoticed = await isRed(ground, rule, folder);
  console.log(`${isNoticed ? 'noticed ' : 'SURVIVED'} ${nameOf(rule)}: ${mistake}`);
  return isNoticed ? null : `${nameOf(rule)}: ${mistake}`;
}

/** First the few cases that notice most mistakes, then all of them. */
async function isRed(ground: Ground, rule: Rule, folder: string): Promise<boolean> {
  mkdirSync(join(folder, 'tests'), { recursive: true });
  const rules = ground.rules.map((one) => (one === ground.rule ? rule : one));
  writeFileSync(join(folder, basename(rulesPath)), stringify({ groups: [{ name: 'partitiond', rules }] }));
  for (const file of ground.testFiles) cpSync(join(testsFolder, file), join(folder, 'tests', file));
  if (rule !== ground.rule && (await isRedBy(firstOf(ground.testFiles, folder), folder))) return true;
  return await isRedBy(ground.testFiles, folder);
}

function firstOf(files: readonly string[], folder: string): readonly string[] {
  return files.map((file) => {
    const tests: { tests: readonly { readonly name: string }[] } = parse(readFileSync(join(testsFolder, file), 'utf8'));
    const first = `first-${file}`;
    const few = tests.tests.filter(({ name }) => name.endsWith(': fires'));
    writeFileSync(join(folder, 'tests', first), stringify({ ...tests, tests: few.length > 0 ? few : tests.tests.slice(0, 1) }));
    return first;
  });
}

async function isRedBy(files: readonly string[], folder: string): Promise<boolean> {
  const paths = files.map((file) => join('tests', file));
  const { code, stdout, stderr } = await runTool('promtool', ['test', 'rules', ...paths], { cwd: folder, env: { TMPDIR: folder } });
  if (code !== 0 && !/FAILED/.test(stdout + stderr)) throw new Error(`promtool did not run: ${stdout}${stderr}`);
  return code !== 0;
}

/** What `work` answers for each item, without nulls; every worker has a folder of its own. */
async function inParallel<T>(
  items: readonly T[],
  folder: string,
  work: (item: T, folder: string) => Promise<string | null>,
): Promise<readonly string[]> {
  const waiting = [...items];
  const answers: string[] = [];
  const workers = Array.from({ length: Math.max(2, availableParallelism()) }, async (_, index) => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      const answer = await work(item, join(folder, String(index)));
      if (answer !== null) answers.push(answer);
    }
  });
  await Promise.all(workers);
  return answers;
}

function nameOf(rule: Rule): string {
  return isAlert(rule) ? rule.alert : rule.record;
}
