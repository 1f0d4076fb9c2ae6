import type { JsonSchema } from '../../src/config/format/format.ts';
import { found, given } from './partial-schema.ts';

/** Values that are each allowed, and refused together. */
interface Refusal {
  readonly when: readonly JsonSchema[];
  /** Where the message points to. */
  readonly at: string;
  /** Completes "value must be ...". */
  readonly sentence: string;
}

const enabled = (path: string): JsonSchema => found(`${path}.enabled`, { const: true });
const mode = (...modes: readonly string[]): JsonSchema => found('mode', { enum: modes });
const isGiven: JsonSchema = { minProperties: 1 };
const ownConfigMap: JsonSchema = found('existingConfigMap.name', { minLength: 1 });
/** A variable of the environment may turn out to be drop. */
const removes: JsonSchema = { not: { const: 'detach' } };

const refusals: readonly Refusal[] = [
  {
    when: [ownConfigMap, found('config', isGiven)],
    at: 'existingConfigMap.name',
    sentence: 'empty, since config is given: exactly one of the two is the configuration',
  },
  {
    when: [mode('deployment', 'cronjob'), { not: ownConfigMap }, { not: found('config', isGiven) }],
    at: 'config',
    sentence: 'the configuration (databases and their tables), or existingConfigMap.name must name a ConfigMap that holds it',
  },
  {
    when: [
      found('acknowledgeDataLoss', { const: false }),
      {
        anyOf: [found('config.defaults.retention.action', removes), found('config.databases.?.tables.?.retention.action', removes)],
      },
    ],
    at: 'acknowledgeDataLoss',
    sentence: 'true, since a retention in config has an action other than detach: dropped partitions are gone',
  },
  {
    when: [mode('deployment'), found('replicaCount', { minimum: 2 }), found('config.leadership.enabled', { const: false })],
    at: 'replicaCount',
    sentence: '1, since config.leadership.enabled is false: nothing would keep several daemons from doing the same at once',
  },
  {
    when: [enabled('monitoring.podMonitor'), enabled('monitoring.serviceMonitor')],
    at: 'monitoring.serviceMonitor.enabled',
    sentence: 'false, since monitoring.podMonitor.enabled is true: two monitors would read every pod twice',
  },
  ...['podMonitor', 'serviceMonitor', 'rules'].map((name) => ({
    when: [mode('cronjob'), enabled(`monitoring.${name}`)],
    at: `monitoring.${name}.enabled`,
    sentence: 'false in mode cronjob: a run serves no metrics',
  })),
  {
    when: [mode('none'), enabled('monitoring.serviceMonitor')],
    at: 'monitoring.serviceMonitor.enabled',
    sentence: 'false in mode none: sidecars have no Service, a podMonitor finds them',
  },
  {
    when: [mode('none'), enabled('monitoring.podMonitor'), found('monitoring.podMonitor.selector', { maxProperties: 0 })],
    at: 'monitoring.podMonitor.selector',
    sentence: 'labels of the pods that run the sidecar: an empty selector would be all pods',
  },
  {
    when: [mode('none'), enabled('networkPolicy')],
    at: 'networkPolicy.enabled',
    sentence: 'false in mode none: the pods are not of this chart',
  },
  {
    when: [enabled('networkPolicy'), found('networkPolicy.databaseTo', { maxItems: 0 })],
    at: 'networkPolicy.databaseTo',
    sentence: 'the peers that are your databases, since networkPolicy.enabled is true: nothing else may be reached',
  },
  {
    when: [enabled('networkPolicy'), found('networkPolicy.dnsTo', { maxItems: 0 })],
    at: 'networkPolicy.dnsTo',
    sentence: 'the peers that are your DNS: without it no database has an address',
  },
  {
    when: [mode('none'), enabled('migration')],
    at: 'migration.enabled',
    sentence: 'false in mode none: there is no pod of this chart to go before; run the command as a hook of your own chart',
  },
  {
    when: [enabled('migration'), found('migration.args', { maxItems: 0 })],
    at: 'migration.args',
    sentence: 'the command of the Job, since migration.enabled is true',
  },
];

/** For the root of values.schema.json. Each refuses by a text that the value cannot be, as Helm prints nothing else of ours. */
export const refusalSchemas: readonly JsonSchema[] = [
  ...refusals.map(({ when, at, sentence }) => given({ allOf: when }, found(at, { const: sentence }))),
  // Alone among the rules it needs no sentence: "missing property 'databases'" says it.
  given(found('config', isGiven), found('config.databases')),
];
