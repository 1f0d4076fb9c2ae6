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
const ownServer = ['demo'];

/** End to end on every major: what sends the most kinds of statements. The SQL of all others is run there by the integration tests. */
const ofEveryMajor = ['apply', 'migrate'];

/** Of arguments, files, HTTP and signals: they say nothing of the server. */
const ofNoServer = ['bad-input', 'command-line', 'openapi', 'page', 'process', 'readme', 'reload'];

/** Of what the newer Node does they say nothing that the tests of other commands do not say. */
const ofNoNode = ['attach', 'dual', 'hand-over', 'regrain', 'traffic'].map((name) => `migrate-${name}`).concat('maintenance-crash');

/** Tests of connections, of the journal's records and of the daemon's parts: seen on the oldest and the newest major, they say nothing new in between. */
const ofNoMajor = [
  'cardinality',
  'cluster',
  'conduct',
  'database-worker',
  'leadership',
  'led-database',
  'metrics',
  'partition-calendar',
  'pooler',
  'probe-records',
  'probe-task',
  'read-pause',
  'reconcile-interrupted',
  'session',
  'session-observer',
  'status',
  'task-runner',
  'tenancy',
  'term',
  'tls',
].map((name) => `test/integration/${name}.pg.test.ts`);

const wanted = process.argv.slice(2);
await install();
const failures: string[] = [];
for (const major of olderMajors.filter((candidate) => wanted.length === 0 || wanted.includes(String(candidate)))) {
  const env = { PARTITIOND_TEST_PG: String(major) };
  const exclude = major === Math.min(...olderMajors) ? ofEnd([...ownServer, ...ofNoServer]) : await sayingNothingNew();
  const report = await runVitest({ name: `postgres-${major}`, suites: ['integration', 'e2e'], exclude, args: [], env });
  if (report === null) failures.push(`PostgreSQL ${major}`);
}
if (wanted.length === 0 || wanted.includes('node')) {
  // The program is started some thousand times; of this Node on it can keep what it has compiled.
  const env = {
    PARTITIOND_TEST_NODE: resolve('test/matrix/node_modules/node-24/bin/node'),
    NODE_COMPILE_CACHE: resolve('.cache/node-24-compiled'),
  };
  if ((await runVitest({ name: 'node-24', suites: ['e2e'], exclude: ofEnd(ofNoNode), args: [], env })) === null) failures.push('Node 24');
}
if (failures.length > 0) console.error(`Red: ${failures.join(', ')}`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function sayingNothingNew(): Promise<readonly string[]> {
  const names = (await readdir('test/e2e')).filter((name) => name.endsWith('.test.ts')).map((name) => name.slice(0, -'.test.ts'.length));
  return [...ofNoMajor, ...ofEnd(names.filter((name) => !ofEveryMajor.includes(name)))];
}

function ofEnd(names: readonly string[]): readonly string[] {
  return names.map((name) => `test/e2e/${name}.test.ts`);
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
