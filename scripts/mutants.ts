/**
 * `npm run test:mutants`: plants each mistake of test/mutants.ts in a copy of the project and runs the test that must notice it. Survivors
 * fail the run, and so do entries whose text or test has gone. Words as arguments pick the entries whose file or mistake contains one; the
 * first word `rules` stands for the alerts of deploy/prometheus instead, which have a list of their own.
 */
import { availableParallelism } from 'node:os';
import { type Mutant, mutants } from '../test/mutants.ts';
import { startCluster } from '../test/support/cluster.ts';
import { plantInRules } from './rule-mutants.ts';
import { writeMutantReport } from './support/mutant-report.ts';
import { createProjectCopy, type ProjectCopy } from './support/project-copy.ts';
import { runNamedTests } from './support/run-named-tests.ts';
import { reportFolder } from './support/run-vitest.ts';
import { seenGreen } from './support/seen-green.ts';

const words = process.argv.slice(2);
const chosen = mutants.filter(({ file, mistake }) => words.length === 0 || words.some((word) => `${file} ${mistake}`.includes(word)));

/** One copy for each worker. */
const copies: ProjectCopy[] = [];
if (words[0] === 'rules') process.exitCode = (await plantInRules(words.slice(1))) ? 0 : 1;
else await plantInCode();

async function plantInCode(): Promise<void> {
  // One server for all: starting one costs more than most of the tests. One worker more than cores: most tests of mistakes wait for something.
  const cluster = await startCluster();
  try {
    const env = { [`PARTITIOND_TEST_PG_${cluster.major}`]: cluster.url };
    while (copies.length < Math.min(chosen.length, availableParallelism() + 1)) copies.push(await createProjectCopy());
    const survivors = [...(await findRedTests(env)), ...(await plantAll(env))];
    for (const survivor of survivors) console.error(survivor);
    const killed = Math.max(0, chosen.length - survivors.length);
    console.log(`mutants ${killed}/${chosen.length}`);
    await writeMutantReport({ killed, planted: chosen.length });
    process.exitCode = survivors.length > 0 || chosen.length === 0 ? 1 : 0;
  } finally {
    await Promise.all(copies.map((copy) => copy[Symbol.asyncDispose]()));
    await cluster[Symbol.asyncDispose]();
  }
}

/** A test that is red anyway proves nothing about any mistake; what the last whole run saw green is not run again. */
async function findRedTests(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const [copy] = copies;
  if (copy === undefined) return [];
  const byFile = new Map<string, Set<string>>();
  for (const { test } of chosen) byFile.set(test.file, (byFile.get(test.file) ?? new Set()).add(test.name));
  const problems: string[] = [];
  const isGreen = await seenGreen(`${reportFolder}/default.json`);
  for (const [file, names] of byFile) {
    if (isGreen(file, [...names])) continue;
    const result = await runNamedTests(copy, { file, names: [...names], env, retries: 1 });
    if (result.failed > 0 || result.isBroken) problems.push(`${file} is red without any mistake in it:\n${result.output}`);
  }
  return problems;
}

async function plantAll(env: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const waiting = [...chosen];
  const survivors: string[] = [];
  const work = async (copy: ProjectCopy): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const problem = await plant(mutant, copy, env);
      console.log(`${problem === null ? 'noticed ' : 'SURVIVED'} ${mutant.file}: it ${mutant.mistake}`);
      if (problem !== null) survivors.push(`${mutant.file} (it ${mutant.mistake}): ${problem}`);
    }
  };
  await Promise.all(copies.map(work));
  return survivors;
}

/** Null when the test turned red, else what is wrong. */
async function plant(mutant: Mutant, copy: ProjectCopy, env: Readonly<Record<string, string>>): Promise<string | null> {
  const original = await copy.read(mutant.file);
  if (original === null) return 'the file has gone.';
  const occurrences = original.split(mutant.text).length - 1;
  if (occurrences !== 1) return `its text occurs ${occurrences} times, expected once.`;
  await copy.write(
    mutant.file,
    original.replace(mutant.text, () => mutant.replacement),
  );
  try {
    const result = await runNamedTests(copy, { file: mutant.test.file, names: [mutant.test.name], env });
    if (result.failed > 0 || result.isLate) return null;
    if (result.isBroken) return `${mutant.test.file} could not be run:\n${result.output}`;
    if (result.passed === 0) return `no test in ${mutant.test.file} is called "${mutant.test.name}".`;
    return `"${mutant.test.name}" in ${mutant.test.file} stayed green.`;
  } finally {
    await copy.write(mutant.file, original);
  }
}
