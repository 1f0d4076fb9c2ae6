import { access, chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../src/demo/free-port.ts';
import { type Cluster, startCluster } from '../support/cluster.ts';
import { anyPorts, startDaemon } from '../support/daemon.ts';
import { startServerProcess } from '../support/deploy/alerting/server-process.ts';
import { type ComposeFile, composeFolder, hostPath, mountsOf, readCompose } from '../support/deploy/compose.ts';
import { deployTool, runTool } from '../support/deploy/deploy-tool.ts';
import { runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'ptd-compose-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Keys of the Compose specification that compose.yaml uses: a word that is not among them is a typing error, which Compose would refuse. */
const topKeys = ['name', 'services', 'volumes', 'secrets'];
const serviceKeys =
  'build cap_drop command depends_on environment healthcheck image mem_limit ports pull_policy read_only restart secrets security_opt shm_size stop_grace_period tmpfs user volumes';

it('uses words that Compose knows', async () => {
  const compose = await readCompose();
  for (const key of Object.keys(compose)) expect(topKeys).toContain(key);
  for (const service of Object.values(compose.services))
    for (const key of Object.keys(service)) expect(serviceKeys.split(' ')).toContain(key);
});

it('mounts what exists, each path once, and only volumes and secrets that it defines', async () => {
  const compose = await readCompose();
  const mounts = mountsOf(compose);
  for (const { source, isBind } of mounts) {
    if (isBind) await access(source);
    else expect(Object.keys(compose.volumes)).toContain(source);
  }
  for (const { isBind, isReadOnly } of mounts) expect(isReadOnly).toBe(isBind);
  const targets = mounts.map(({ service, target }) => `${service}:${target}`);
  expect(new Set(targets).size).toBe(targets.length);
  const used = new Set(mounts.map(({ source }) => source));
  for (const volume of Object.keys(compose.volumes)) expect(used).toContain(volume);
  for (const { file } of Object.values(compose.secrets)) expect(used).toContain(join(composeFolder, file));
});

it('pins every image by tag, and listens on this machine only', async () => {
  const { services } = await readCompose();
  const ports = Object.values(services).flatMap((service) => service.ports ?? []);
  for (const { image } of Object.values(services)) expect(image).toMatch(/^[a-z0-9/-]+:v?\d+\.\d+/);
  expect(ports).toHaveLength(5);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
});

it('builds partitiond from this repository and never pulls an image of its name', async () => {
  const { partitiond } = (await readCompose()).services;
  expect(partitiond).toMatchObject({ build: { context: '../..' }, pull_policy: 'build', command: ['run'] });
  await access(join(composeFolder, partitiond?.build?.context ?? '', 'Dockerfile'));
});

it('has a health check for every service, and waits only for such', async () => {
  const { services } = await readCompose();
  const own = Object.entries(services).filter(([, { healthcheck }]) => healthcheck === undefined);
  expect(own.map(([name]) => name)).toEqual(['partitiond']);
  expect(await readFile('Dockerfile', 'utf8')).toMatch(/^HEALTHCHECK .*CMD \[/m);
  const waits = Object.values(services).flatMap((service) => Object.entries(service.depends_on ?? {}));
  for (const [name, { condition }] of waits) expect([Object.keys(services).includes(name), condition]).toEqual([true, 'service_healthy']);
  // Without a shell in between: not every image has one.
  for (const { healthcheck } of Object.values(services)) if (healthcheck !== undefined) expect(healthcheck.test[0]).toBe('CMD');
});

it('runs partitiond without rights: an ordinary user, a root that cannot be written, no capability', async () => {
  const { partitiond, ...others } = (await readCompose()).services;
  expect(partitiond).toMatchObject({ user: '65532:65532', read_only: true, cap_drop: ['ALL'] });
  for (const service of [partitiond, ...Object.values(others)]) expect(service?.['security_opt']).toEqual(['no-new-privileges:true']);
});

it('keeps passwords in the files of secrets, and nowhere else', async () => {
  const compose = await readCompose();
  const files = (await readdir(composeFolder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  const secrets = Object.values(compose.secrets).map(({ file }) => join(composeFolder, file));
  expect(paths.filter((path) => path.startsWith(join(composeFolder, 'secrets/'))).toSorted()).toEqual(secrets.toSorted());
  const url = new URL(await readFile(join(composeFolder, 'secrets/partitiond-url'), 'utf8'));
  const passwords = [url.password, (await readFile(join(composeFolder, 'secrets/postgres-password'), 'utf8')).trim()];
  for (const path of paths.filter((one) => !secrets.includes(one))) {
    const text = await readFile(path, 'utf8');
    for (const password of passwords) expect(text).not.toContain(password);
  }
  expect([url.hostname, url.port, url.pathname]).toEqual([
    'postgres',
    '5432',
    `/${compose.services['postgres']?.environment?.['POSTGRES_DB']}`,
  ]);
});

it('gives the role the password of its URL', async () => {
  const compose = await readCompose();
  const script = hostPath(compose, 'postgres', '/docker-entrypoint-initdb.d/30-password.sh') ?? '';
  const place = await mkdtemp(join(tmpdir(), 'ptd-compose-'));
  try {
    const url = join(place, 'url');
    await writeFile(url, 'postgresql://partitiond:p%40ss-w:rd@postgres:5432/app?sslmode=disable\n');
    await writeFile(join(place, 'psql'), '#!/bin/bash\nprintf "%s\\n" "$@" "$(cat)"\n');
    await chmod(join(place, 'psql'), 0o755);
    const text = (await readFile(script, 'utf8')).replace('/run/secrets/partitiond-url', url);
    const env = { PATH: `${place}:${process.env['PATH'] ?? ''}`, POSTGRES_USER: 'postgres', POSTGRES_DB: 'app' };
    const { code, stdout, stderr } = await runTool('bash', ['-c', text], { env });
    expect(code, stderr).toBe(0);
    const words = ['--no-psqlrc', '--set=ON_ERROR_STOP=1', '--set=password=p@ss-w:rd', '--username=postgres', '--dbname=app'];
    expect(stdout.trim().split('\n')).toEqual([...words, "ALTER ROLE partitiond PASSWORD :'password'"]);
  } finally {
    await rm(place, { recursive: true });
  }
});

it('has a policy that partitiond accepts, with the URL from its secret', async () => {
  const compose = await readCompose();
  const { PARTITIOND_CONFIG: inside = '' } = compose.services['partitiond']?.environment ?? {};
  const path = hostPath(compose, 'partitiond', inside) ?? '';
  const { exitCode, stderr } = await runPartitiond(['validate', '--config', path]);
  expect(exitCode, stderr).toBe(0);
  const policy = parse(await readFile(path, 'utf8')) as { readonly databases: readonly { readonly urlFile: string }[] };
  for (const { urlFile } of policy.databases)
    expect(hostPath(compose, 'partitiond', urlFile)).toBe(`${composeFolder}/secrets/partitiond-url`);
});

/** What Prometheus scrapes and whom it tells, host by host. */
async function prometheusTargets(compose: ComposeFile): Promise<readonly string[]> {
  const text = await readFile(hostPath(compose, 'prometheus', '/etc/prometheus/prometheus.yml') ?? '', 'utf8');
  return [...text.matchAll(/targets: \["([^"]+)"\]/g)].map(([, target = '']) => target);
}

it('scrapes and tells services that exist, on the ports that they have', async () => {
  const compose = await readCompose();
  const ports = new Map([
    ['partitiond', '9788'],
    ['alertmanager', '9093'],
    ['localhost', '9090'],
  ]);
  const targets = await prometheusTargets(compose);
  expect(targets).toHaveLength(4);
  for (const target of targets) {
    const [host = '', port] = target.split(':');
    expect(port).toBe(ports.get(host));
    expect([...Object.keys(compose.services), 'localhost']).toContain(host);
  }
});

it.for(['promtool', 'promtool3'] as const)('has a configuration of Prometheus that %s accepts, rules included', async (name, context) => {
  const tool = deployTool(context, name);
  const compose = await readCompose();
  const rules = hostPath(compose, 'prometheus', '/etc/prometheus/rules/partitiond.rules.yaml');
  expect(rules).toBe('deploy/prometheus/partitiond.rules.yaml');
  const place = await mkdtemp(join(tmpdir(), 'ptd-compose-'));
  try {
    const path = join(place, 'prometheus.yml');
    const text = await readFile(hostPath(compose, 'prometheus', '/etc/prometheus/prometheus.yml') ?? '', 'utf8');
    expect(text).toContain('/etc/prometheus/rules/*.rules.yaml');
    await writeFile(path, text.replace('/etc/prometheus/rules/', `${process.cwd()}/deploy/prometheus/`));
    const { code, stdout, stderr } = await runTool(tool, ['check', 'config', path]);
    expect(code, stdout + stderr).toBe(0);
    expect(stdout).toMatch(/partitiond\.rules\.yaml\n\s+SUCCESS: \d+ rules found/);
  } finally {
    await rm(place, { recursive: true });
  }
});

it('routes and mutes alerts as the example does, and sends them nowhere', async () => {
  const path = hostPath(await readCompose(), 'alertmanager', '/etc/alertmanager/alertmanager.yml') ?? '';
  const [own, example] = await Promise.all([path, 'deploy/alertmanager/alertmanager.example.yml'].map((file) => readFile(file, 'utf8')));
  const { receivers, ...rest } = parse(own ?? '') as { readonly receivers: readonly { readonly name: string }[] };
  const { receivers: wanted, ...routes } = parse(example ?? '') as { readonly receivers: readonly { readonly name: string }[] };
  expect(rest).toEqual(routes);
  expect(receivers).toEqual(wanted.map(({ name }) => ({ name })));
});

it('has a configuration of Alertmanager that amtool accepts', async (context) => {
  const path = hostPath(await readCompose(), 'alertmanager', '/etc/alertmanager/alertmanager.yml') ?? '';
  const { code, stdout, stderr } = await runTool(deployTool(context, 'amtool'), ['check-config', path]);
  expect(code, stdout + stderr).toBe(0);
});

it('gives Grafana sources that are services, and the dashboards of deploy/grafana', async () => {
  const compose = await readCompose();
  const folder = hostPath(compose, 'grafana', '/etc/grafana/provisioning') ?? '';
  const { datasources } = parse(await readFile(`${folder}/datasources/datasources.yaml`, 'utf8')) as {
    readonly datasources: readonly { readonly uid: string; readonly type: string; readonly url: string }[];
  };
  expect(datasources.map(({ type, url }) => [type, url])).toEqual([
    ['prometheus', 'http://prometheus:9090'],
    ['alertmanager', 'http://alertmanager:9093'],
  ]);
  const { providers } = parse(await readFile(`${folder}/dashboards/dashboards.yaml`, 'utf8')) as {
    readonly providers: readonly { readonly options: { readonly path: string } }[];
  };
  const [dashboards] = providers.map(({ options }) => hostPath(compose, 'grafana', options.path));
  expect(dashboards).toBe('deploy/grafana');
  expect((await readdir('deploy/grafana')).filter((name) => name.endsWith('.json')).toSorted()).toEqual([
    'daemon.json',
    'overview.json',
    'table.json',
  ]);
  const home = compose.services['grafana']?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
  await access(hostPath(compose, 'grafana', home) ?? 'not mounted');
});

/** What the container of PostgreSQL does at its first start: its scripts in their order, then the password of the role. */
async function initialise(compose: ComposeFile, cluster: Cluster, password: string): Promise<void> {
  const admin = new pg.Client({ connectionString: cluster.url });
  await admin.connect();
  await admin.query('CREATE DATABASE app');
  await admin.end();
  const client = new pg.Client({ connectionString: cluster.urlOf('app') });
  await client.connect();
  const scripts = mountsOf(compose).filter(({ target }) => /^\/docker-entrypoint-initdb\.d\/.*\.sql$/.test(target));
  expect(scripts).toHaveLength(2);
  const inOrder = scripts.toSorted((a, b) => (a.target < b.target ? -1 : 1));
  for (const { source } of inOrder) await client.query(await readFile(source, 'utf8'));
  await client.query(`ALTER ROLE partitiond PASSWORD ${client.escapeLiteral(password)}`);
  await client.end();
}

async function api<T>(url: string, path: string): Promise<T> {
  const answer = (await (await fetch(`${url}/api/v1/${path}`)).json()) as { readonly data: T };
  return answer.data;
}

/** The health check of a service as compose.yaml has it, with a tool and an address of this machine. */
async function checkHealth(compose: ComposeFile, service: string, tool: string, url: string): Promise<number> {
  const [, , ...args] = compose.services[service]?.healthcheck?.test ?? [];
  const here = args.map((arg) => arg.replace(/http:\/\/127\.0\.0\.1:\d+/, url));
  expect(here).not.toEqual(args);
  return (await runTool(tool, here)).code;
}

interface Vector {
  readonly result: readonly { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] }[];
}

/** The configuration of Prometheus with addresses and paths of this machine, and impatient. */
async function prometheusHere(compose: ComposeFile, addresses: Readonly<Record<string, string>>): Promise<string> {
  const text = await readFile(hostPath(compose, 'prometheus', '/etc/prometheus/prometheus.yml') ?? '', 'utf8');
  const moved = Object.entries(addresses).reduce((so, [from, to]) => so.replaceAll(`"${from}"`, `"${to}"`), text);
  const here = moved.replaceAll(/_interval: 15s/g, '_interval: 1s');
  return here.replace('/etc/prometheus/rules/', `${process.cwd()}/deploy/prometheus/`);
}

/** The policy with ports and the file of the URL of this machine. */
async function policyHere(compose: ComposeFile, urlFile: string): Promise<string> {
  const text = await readFile(hostPath(compose, 'partitiond', '/etc/partitiond/partitiond.yaml') ?? '', 'utf8');
  return `${anyPorts}\n${text.replace('/run/secrets/partitiond-url', urlFile)}`;
}

it('brings up its parts: partitions are made, scraped, and watched by rules whose alerts have somewhere to go', async (context) => {
  const tools = {
    prometheus: deployTool(context, 'prometheus3'),
    promtool: deployTool(context, 'promtool3'),
    alertmanager: deployTool(context, 'prometheus-alertmanager'),
    amtool: deployTool(context, 'amtool'),
  };
  const compose = await readCompose();
  await using place = await temporaryFolder();
  await using cluster = await startCluster();
  const url = new URL(await readFile(join(composeFolder, 'secrets/partitiond-url'), 'utf8'));
  await initialise(compose, cluster, decodeURIComponent(url.password));
  const socket = new URL(cluster.urlOf('app'));
  [socket.username, socket.password] = [url.username, url.password];
  await writeFile(join(place.path, 'url'), `${socket.href}\n`);
  await writeFile(join(place.path, 'partitiond.yaml'), await policyHere(compose, join(place.path, 'url')));
  await using daemon = await startDaemon(join(place.path, 'partitiond.yaml'));
  const attached = async (): Promise<readonly (number | undefined)[]> => {
    const samples = await daemon.scrape();
    const tables = ['behavioral_event', 'behavioral_event_archive', 'revenues', 'expenses'];
    return tables.map((table) => samples.get(`table_partitions{database="app",schema="public",table="${table}",state="attached"}`));
  };
  const counts = await waitFor(
    'partitions of the four tables',
    attached,
    (seen) => seen.every((count) => count !== undefined && count > 1),
    { timeoutMs: 60_000 },
  );
  // The current month and four more; this year and the next.
  expect(counts.slice(0, 2)).toEqual([5, 2]);
  const findings = (await daemon.status()).databases.flatMap(({ tables }) => tables.flatMap((table) => table.findings));
  expect(findings).toEqual([]);

  const [port, alertPort] = [await freePort(0), await freePort(0)];
  const [prometheusUrl, alertUrl] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${alertPort}`];
  const alertFile = hostPath(compose, 'alertmanager', '/etc/alertmanager/alertmanager.yml') ?? '';
  const alertArgs = ['--cluster.listen-address=', `--web.listen-address=127.0.0.1:${alertPort}`, `--storage.path=${place.path}/alerts`];
  await using alertmanager = await startServerProcess(
    tools.alertmanager,
    [`--config.file=${alertFile}`, ...alertArgs],
    `${alertUrl}/-/ready`,
  );
  const addresses = {
    'partitiond:9788': new URL(daemon.http).host,
    'alertmanager:9093': `127.0.0.1:${alertPort}`,
    'localhost:9090': `127.0.0.1:${port}`,
  };
  const file = join(place.path, 'prometheus.yml');
  await writeFile(file, await prometheusHere(compose, addresses));
  const args = [`--config.file=${file}`, `--storage.tsdb.path=${place.path}/series`, `--web.listen-address=127.0.0.1:${port}`];
  await using prometheus = await startServerProcess(tools.prometheus, args, `${prometheusUrl}/-/ready`);

  const query = async (expression: string): Promise<Vector['result']> =>
    (await api<Vector>(prometheusUrl, `query?query=${encodeURIComponent(expression)}`)).result;
  const up = async (): Promise<readonly string[]> =>
    (await query('up == 1')).map(({ metric }) => metric['job'] ?? '').toSorted((a, b) => a.localeCompare(b));
  const jobs = await waitFor('all targets to be up', up, (seen) => seen.length === 3, { timeoutMs: 30_000 });
  expect(jobs, prometheus.log).toEqual(['alertmanager', 'partitiond', 'prometheus']);
  const { groups } = parse(await readFile('deploy/prometheus/partitiond.rules.yaml', 'utf8')) as Rules;
  const rules = await waitFor(
    'all rules to be evaluated',
    async () => (await api<Rules>(prometheusUrl, 'rules')).groups.flatMap((group) => group.rules),
    (seen) => seen.length > 0 && seen.every(({ health }) => health !== 'unknown'),
    { timeoutMs: 30_000 },
  );
  expect(rules.map(({ health }) => health)).toEqual(groups.flatMap((group) => group.rules).map(() => 'ok'));
  const runways = (): Promise<Vector['result']> => query('table:partitiond_runway_seconds:max > 0');
  await waitFor('a runway of each table', runways, (seen) => seen.length === 4, { timeoutMs: 30_000 });
  expect(await query('ALERTS{alertstate="firing"}')).toEqual([]);
  const known = await waitFor(
    'Alertmanager to be known to Prometheus',
    () => api<{ readonly activeAlertmanagers: readonly { readonly url: string }[] }>(prometheusUrl, 'alertmanagers'),
    ({ activeAlertmanagers }) => activeAlertmanagers.length === 1,
    { timeoutMs: 30_000 },
  );
  expect(known.activeAlertmanagers[0]?.url, alertmanager.log).toContain(`127.0.0.1:${alertPort}/`);
  expect(await checkHealth(compose, 'alertmanager', tools.amtool, alertUrl)).toBe(0);
  expect(await checkHealth(compose, 'prometheus', tools.promtool, prometheusUrl)).toBe(0);
});

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly health?: string }[] }[];
}
