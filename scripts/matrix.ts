/**
 * `npm run test:matrix`: integration and end-to-end tests on the older majors, end-to-end tests on the newer Node. The default major and
 * this Node are what `npm test` runs on. A number as argument picks one major: `npm run test:matrix -- 16`.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { olderMajors } from '../test/support/postgres-binaries.ts';
import { runCommand } from './support/run-command.ts';
import { runVitest } from './support/run-vitest.ts';

/** Tests of commands that bring a PostgreSQL 18 of their own. */
const ownServer = ['test/e2e/demo.test.ts'];

/** Tests of connections and of the daemon's parts: seen on the oldest and the newest major, they say nothing new on those in between. */
const ofNoMajor = ['cardinality', 'database-worker', 'pooler', 'session', 'session-observer', 'task-runner', 'term', 'tls'].map(
  (name) => `test/integration/${name}.pg.test.ts`,
);

/** Commands whose SQL differs by major, end to end on every major. The SQL of all others is run by the integration tests. */
const ofEveryMajor = ['apply', 'index-roll-out', 'maintenance-crash', 'migrate'].map((name) => `test/e2e/${name}.test.ts`);

/** Their SQL is run by the tests of every major; of Node they need what the tests of other commands have seen already. */
const ofNoNode = ['attach', 'dual', 'hand-over', 'regrain', 'traffic'].map((name) => `test/e2e/migrate-${name}.test.ts`);

const wanted = process.argv.slice(2);
await install();
const failures: string[] = [];
for (const major of olderMajors.filter((candidate) => wanted.length === 0 || wanted.includes(String(candidate)))) {
  const env = { PARTITIOND_TEST_PG: String(major) };
  const exclude = major === Math.min(...olderMajors) ? ownServer : await sayingNothingNew();
  const report = await runVitest({ name: `postgres-${major}`, suites: ['integration', 'e2e'], exclude, args: [], env });
  if (report === null) failures.push(`PostgreSQL ${major}`);
}
if (wanted.length === 0 || wanted.includes('node')) {
  const env = { PARTITIOND_TEST_NODE: resolve('test/matrix/node_modules/node-24/bin/node') };
  if ((await runVitest({ name: 'node-24', suites: ['e2e'], exclude: ofNoNode, args: [], env })) === null) failures.push('Node 24');
}
if (failures.length > 0) console.error(`Red: ${failures.join(', ')}`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function sayingNothingNew(): Promise<readonly string[]> {
  const names = (await readdir('test/e2e')).filter((name) => name.endsWith('.test.ts')).map((name) => `test/e2e/${name}`);
  return [...ofNoMajor, ...names.filter((name) => !ofEveryMajor.includes(name))];
}

/** 400 MB of binaries are only fetched when the lock file says so; a second run works offline. */
async function install(): Promise<void> {
  const [lock, installed] = await Promise.all([
    readFile('test/matrix/package-lock.json', 'utf8'),
    readFile('test/matrix/node_modules/.installed-lock.json', 'utf8').catch(() => ''),
  ]);
  if (lock === installed) return;
  const exitCode = await runCommand('npm', ['ci', '--prefix', 'test/matrix', '--no-fund', '--no-audit']);
  if (exitCode !== 0) throw new Error('npm ci --prefix test/matrix failed.');
  await writeFile('test/matrix/node_modules/.installed-lock.json', lock);
}
