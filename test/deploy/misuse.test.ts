import { expect, it, type TestContext } from 'vitest';
import { minimalValues } from '../support/deploy/chart-renders.ts';
import { podsOf } from '../support/deploy/pods-of.ts';
import { renderChart } from '../support/deploy/render-chart.ts';

const [database] = minimalValues.config.databases;

/** What the chart says to these values; fails where it takes them. */
async function refusal(context: TestContext, set: object): Promise<string> {
  const { code, stderr } = await renderChart(context, { set: { ...minimalValues, ...set } });
  expect(code).not.toBe(0);
  // With the place in the templates in front, and a hint on debugging behind.
  return stderr;
}

function withUrlFile(urlFile: string): object {
  return { config: { databases: [{ ...database, urlFile }] } };
}

it('names the secret that is missing for a file below its own directory', async (context) => {
  expect(await refusal(context, withUrlFile('/var/run/secrets/partitiond/orders/url'))).toContain(
    'database app: nothing puts a file at urlFile /var/run/secrets/partitiond/orders/url; add databaseSecrets.orders.secretName',
  );
  expect(await refusal(context, withUrlFile('/var/run/secrets/partitiond/app/uri'))).toContain(
    'that of databaseSecrets.app is /var/run/secrets/partitiond/app/url',
  );
});

it('takes a file that a mount of your own puts there, or that is somewhere else', async (context) => {
  const own = { extraVolumeMounts: [{ name: 'vault', mountPath: '/var/run/secrets/partitiond/orders' }] };
  const vault = { ...own, extraVolumes: [{ name: 'vault', emptyDir: { sizeLimit: '1Mi', medium: 'Memory' } }] };
  for (const set of [{ ...withUrlFile('/var/run/secrets/partitiond/orders/url'), ...vault }, withUrlFile('/vault/secrets/app')]) {
    const { code, stderr } = await renderChart(context, { set: { ...minimalValues, ...set } });
    expect(code, stderr).toBe(0);
  }
});

it('keeps the addresses at which it is looked for', async (context) => {
  const { config } = minimalValues;
  expect(await refusal(context, { config: { ...config, http: { port: 8080 } } })).toContain(
    'probes and monitors look for 9788; leave it out',
  );
  expect(await refusal(context, { config: { ...config, admin: { port: 8081 } } })).toContain(
    'the preStop hook looks for 9789; leave it out',
  );
  for (const host of ['127.0.0.1', '127.0.1.1', '::1', '::ffff:127.0.0.1', 'localhost']) {
    expect(await refusal(context, { config: { ...config, http: { host } } })).toContain(
      `config.http.host is ${host}, where no probe of the kubelet arrives; leave it out`,
    );
    expect(await refusal(context, { config: { ...config, admin: { host } } })).toContain(
      `config.admin.host is ${host}, where the preStop hook of the kubelet does not arrive; leave it out`,
    );
  }
  expect(await refusal(context, { config: { ...config, admin: { host: '${POD_IP}' } } })).toContain('write the address itself');
});

it('listens where the configuration says, which the variable of the chart would override', async (context) => {
  const { config } = minimalValues;
  for (const [set, expected] of [
    [{}, '0.0.0.0'],
    [{ config: { ...config, http: { host: '::' }, admin: { host: '::' } } }, '::'],
  ] as const) {
    const { code, stderr, objects } = await renderChart(context, { set: { ...minimalValues, ...set } });
    expect(code, stderr).toBe(0);
    const hosts = podsOf(objects).flatMap(({ spec }) => spec.containers.map((container) => container['env']));
    expect(hosts.length).toBeGreaterThan(1);
    for (const env of hosts) expect(env).toContainEqual({ name: 'PARTITIOND_ADMIN_HOST', value: expected });
  }
});

it('names the value that sets a variable, rather than setting it twice', async (context) => {
  expect(await refusal(context, { extraEnv: [{ name: 'PGSSLMODE', value: 'disable' }] })).toContain('use tls.mode instead');
  expect(await refusal(context, { extraEnv: [{ name: 'NODE_OPTIONS', value: '-v' }] })).toContain('use heapMiB instead');
});

it('lets no variable move the addresses or switch leadership off behind its back', async (context) => {
  const { config } = minimalValues;
  for (const name of ['PARTITIOND_HTTP_HOST', 'PARTITIOND_HTTP_PORT', 'PARTITIOND_ADMIN_PORT']) {
    expect(await refusal(context, { extraEnv: [{ name, value: '0' }] })).toContain(`extraEnv sets ${name}, but probes`);
  }
  expect(await refusal(context, { extraEnv: [{ name: 'PARTITIOND_LEADERSHIP_ENABLED', value: 'false' }] })).toContain(
    'set leadership.enabled in the configuration',
  );
  expect(await refusal(context, { config: { ...config, http: { port: 0 } } })).toContain('config.http.port is 0');
  expect(await refusal(context, { config: { ...config, admin: { port: 0 } } })).toContain('config.admin.port is 0');
});

it('takes a password neither as a variable nor in a Secret of the release', async (context) => {
  for (const name of ['PGPASSWORD', 'AWS_SECRET_ACCESS_KEY', 'VAULT_TOKEN']) {
    const message = await refusal(context, { extraEnv: [{ name, value: 'not-a-secret' }] });
    expect(message).toContain(`extraEnv sets ${name} in the open; use valueFrom`);
    expect(message).not.toContain('not-a-secret');
  }
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'app' } };
  for (const data of [{ data: { url: 'bm90' } }, { stringData: { url: 'not-a-secret' } }]) {
    const message = await refusal(context, { extraObjects: [{ ...secret, ...data }] });
    expect(message).toContain('extraObjects has a Secret with its data');
    expect(message).not.toContain('not-a-secret');
  }
  const extraEnv = [
    { name: 'PGPASSWORD', valueFrom: { secretKeyRef: { name: 'app', key: 'password' } } },
    { name: 'VAULT_TOKEN', value: '$(PGPASSWORD)' },
    { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/secrets/aws/token' },
  ];
  const { code, stderr } = await renderChart(context, { set: { ...minimalValues, extraEnv, extraObjects: [secret] } });
  expect(code, stderr).toBe(0);
});

it('makes no monitor that Prometheus could not use', async (context) => {
  const networkPolicy = { enabled: true, databaseTo: [{ ipBlock: { cidr: '10.0.0.0/8' } }] };
  for (const monitor of ['podMonitor', 'serviceMonitor']) {
    expect(await refusal(context, { networkPolicy, monitoring: { [monitor]: { enabled: true } } })).toContain(
      'networkPolicy.metricsFrom is empty',
    );
    for (const [interval, scrapeTimeout] of [
      ['10s', '30s'],
      ['1m', '61s'],
      ['500ms', '1s'],
    ]) {
      expect(await refusal(context, { monitoring: { [monitor]: { enabled: true, interval, scrapeTimeout } } })).toContain(
        `monitoring.${monitor}.scrapeTimeout is ${scrapeTimeout}, above the interval, ${interval}`,
      );
    }
    const even = { [monitor]: { enabled: true, interval: '1m', scrapeTimeout: '60s' } };
    const { code, stderr } = await renderChart(context, { set: { ...minimalValues, monitoring: even } });
    expect(code, stderr).toBe(0);
  }
});

it('wants names of their own for volumes of your own', async (context) => {
  const extraVolumes = [{ name: 'partitiond-tmp', emptyDir: { sizeLimit: '1Gi' } }];
  expect(await refusal(context, { extraVolumes })).toContain('a volume partitiond-tmp, as the chart has; give yours another name');
});

it('puts no container into a Job that would keep it from completing', async (context) => {
  const extraContainers = [{ name: 'proxy', image: 'proxy:1' }];
  expect(await refusal(context, { mode: 'cronjob', extraContainers })).toContain('leave them out, or use mode deployment');
});

it('says that it cannot see changes of a ConfigMap of your own', async (context) => {
  const { databaseSecrets } = minimalValues;
  const set = { existingConfigMap: { name: 'policy' }, databaseSecrets, restartOnConfigChange: true };
  const { code, stderr } = await renderChart(context, { set });
  expect(code).not.toBe(0);
  expect(stderr).toContain('restartOnConfigChange sees config only');
});

it('leaves room beside the heap, in MiB or GiB', async (context) => {
  expect(await refusal(context, { heapMiB: 224 })).toContain('raise the limit to heapMiB and 90Mi more');
  expect(await refusal(context, { heapMiB: 1000, resources: { limits: { memory: '1Gi' } } })).toContain('resources.limits.memory, 1Gi');
  for (const set of [
    { heapMiB: 400, resources: { limits: { memory: '0.5Gi' } } },
    { heapMiB: 900, resources: { limits: { memory: '1G' } } },
  ]) {
    const { code, stderr } = await renderChart(context, { set: { ...minimalValues, ...set } });
    expect(code, stderr).toBe(0);
  }
});
