import type { JsonSchema } from '../../src/config/format/format.ts';
import { cronPattern } from './cron-pattern.ts';
import {
  choice,
  closed,
  flag,
  kubernetesObject,
  listOf,
  refused,
  section,
  text,
  textMap,
  type ValueNode,
  value,
  whole,
  worded,
} from './value-node.ts';

const dnsName = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const objectName = `^(${dnsName}(\\.${dnsName})*)?$`;
const seconds: ValueNode = whole(1, 31_536_000);
const scrapeTime: ValueNode = worded('^[1-9][0-9]*(ms|s|m|h)$', 'a whole number with ms, s, m or h behind it, such as 30s');
const alertKey = '^[A-Z][A-Za-z0-9]*(/(critical|warning|info))?$';

/** A URL with a password in it, or a password beside it. Kept apart from host:port, which has no @ behind it. */
export const passwordPattern = '://[^/?#@]*:[^/@]*@|[Pp][Aa][Ss][Ss][Ww][Oo][Rr][Dd][ \\t]*=';

const peers: ValueNode = listOf({
  ...closed({ podSelector: kubernetesObject(), namespaceSelector: kubernetesObject(), ipBlock: kubernetesObject('cidr') }, []),
  minProperties: 1,
});

const variable: JsonSchema = closed({ name: { type: 'string', minLength: 1 }, value: { type: 'string' }, valueFrom: kubernetesObject() }, [
  'name',
]);

const environmentVariable: JsonSchema = {
  ...variable,
  patternProperties: {
    '^value$': refused(
      { type: 'string', pattern: passwordPattern },
      'without a password: keep it in a secret (databaseSecrets, or valueFrom)',
    ),
  },
};

const monitor: Readonly<Record<string, ValueNode>> = { enabled: flag, labels: textMap, interval: scrapeTime, scrapeTimeout: scrapeTime };

/**
 * Every value of the chart but `config`, in the order of values.yaml, whose comments describe them. Objects of Kubernetes that are rendered
 * as given stay open: their schema is the cluster's.
 */
export const chartValues: Readonly<Record<string, ValueNode>> = {
  mode: choice('deployment', 'cronjob', 'none'),
  replicaCount: whole(0, 200),
  image: section({
    repository: worded('^([^@\\s]+/)?[^:@/\\s]+$', 'a repository alone: its tag belongs into image.tag, its digest into image.digest'),
    tag: value({
      type: 'string',
      pattern: '^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$',
      ...refused({ const: 'latest' }, 'a version, or empty for that of the chart: latest is another image tomorrow'),
    }),
    digest: text('^(sha256:[a-f0-9]{64})?$'),
    pullPolicy: choice('Always', 'IfNotPresent', 'Never'),
  }),
  imagePullSecrets: listOf(closed({ name: { type: 'string', minLength: 1 } }, ['name'])),
  nameOverride: text(`^(${dnsName})?$`),
  fullnameOverride: text(`^(${dnsName})?$`),
  existingConfigMap: section({ name: text(objectName), key: text('^[-._a-zA-Z0-9]+$') }),
  acknowledgeDataLoss: flag,
  restartOnConfigChange: flag,
  databaseSecrets: value({
    type: 'object',
    propertyNames: { pattern: `^${dnsName}$` },
    additionalProperties: closed(
      { secretName: { type: 'string', minLength: 1, pattern: objectName }, key: { type: 'string', pattern: '^[-._a-zA-Z0-9]+$' } },
      ['secretName'],
    ),
  }),
  tls: section({
    mode: choice('disable', 'require', 'verify-ca', 'verify-full'),
    caSecret: section({ name: text(objectName), key: text('^[-._a-zA-Z0-9]+$') }),
  }),
  resources: value(closed({ requests: kubernetesObject(), limits: kubernetesObject() }, [])),
  heapMiB: whole(64, 65_536),
  terminationGracePeriodSeconds: whole(25, 3600),
  serviceAccount: section({ create: flag, name: text(objectName), annotations: textMap }),
  podAnnotations: textMap,
  podLabels: textMap,
  nodeSelector: textMap,
  tolerations: listOf(kubernetesObject()),
  affinity: value(kubernetesObject()),
  priorityClassName: text(objectName),
  topologySpreadConstraints: listOf(kubernetesObject('maxSkew', 'topologyKey', 'whenUnsatisfiable')),
  podDisruptionBudget: section({
    enabled: flag,
    maxUnavailable: value({
      type: 'integer',
      ...refused({ type: 'integer', maximum: 0 }, '1 or more: with 0 no pod may be evicted, and no node could be drained'),
    }),
  }),
  networkPolicy: section({
    enabled: flag,
    metricsFrom: peers,
    databaseTo: peers,
    databasePort: whole(1, 65_535),
    objectStoreTo: peers,
    objectStorePort: whole(1, 65_535),
    dnsTo: peers,
    dnsPort: whole(1, 65_535),
  }),
  extraEnv: listOf(environmentVariable),
  extraVolumes: listOf(kubernetesObject('name')),
  extraVolumeMounts: listOf(kubernetesObject('name', 'mountPath')),
  extraContainers: listOf(kubernetesObject('name')),
  extraObjects: listOf(kubernetesObject('apiVersion', 'kind')),
  cronjob: section({
    schedule: worded(
      cronPattern,
      'five fields, such as */15 * * * * (minute, hour, day, month, day of the week), or a word such as @hourly',
    ),
    only: listOf({ enum: ['provision', 'retention', 'maintenance', 'index'] }, { minItems: 1, uniqueItems: true }),
    startingDeadlineSeconds: whole(10, 31_536_000),
    activeDeadlineSeconds: seconds,
    backoffLimit: whole(0, 100),
    ttlSecondsAfterFinished: whole(0, 31_536_000),
  }),
  migration: section({ enabled: flag, args: listOf({ type: 'string' }), activeDeadlineSeconds: seconds }),
  monitoring: section({
    podMonitor: section({ ...monitor, selector: textMap }),
    serviceMonitor: section(monitor),
    rules: section({
      enabled: flag,
      labels: textMap,
      disabled: listOf({ type: 'string', pattern: alertKey }, { uniqueItems: true }),
      overrides: value({
        type: 'object',
        propertyNames: { pattern: alertKey },
        additionalProperties: {
          ...closed(
            { for: { type: 'string', pattern: '^([0-9]+(ms|[smhdwy]))+$' }, severity: { enum: ['critical', 'warning', 'info'] } },
            [],
          ),
          minProperties: 1,
        },
      }),
      runbookBaseUrl: text('^(https?://[^\\s]+)?$'),
      dashboardBaseUrl: text('^(https?://[^\\s]+)?$'),
    }),
    dashboards: section({ enabled: flag, labels: textMap, annotations: textMap }),
  }),
};
