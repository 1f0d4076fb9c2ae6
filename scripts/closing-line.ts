/** The last lines of `.ci/run`, from the reports that its steps left behind. Throws when a step left none. */
import { olderMajors } from '../test/support/postgres-binaries.ts';
import { readMutantReport } from './support/mutant-report.ts';
import { reportFolder } from './support/run-vitest.ts';
import { add, readTestReport, suites } from './support/test-report.ts';

const main = await readTestReport(`${reportFolder}/default.json`);
const others = [...olderMajors.map((major) => `postgres-${major}`), 'node-24', 'deploy'];
const reports = [main, ...(await Promise.all(others.map((name) => readTestReport(`${reportFolder}/${name}.json`))))];
const total = reports.map((report) => report.total).reduce(add);
const mutants = await readMutantReport();
const deploy = reports.map((report) => report.suites.deploy).reduce(add);
const counts = [...suites.map((suite) => `${suite} ${main.suites[suite].passed}`), `deploy ${deploy.passed}`].join(', ');
const majors = `${Math.min(...olderMajors)}-${Math.max(...olderMajors) + 1}`;
const nodes = `${process.versions.node.split('.')[0]} 24`;
console.log(
  `ci ok: ${counts}, PostgreSQL ${majors}, Node ${nodes}, mutants ${mutants.killed}/${mutants.planted}, skipped ${total.skipped}\n` +
    `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`,
);
