import { graphPanel } from '../../parts/graph.ts';
import { timelinePanel } from '../../parts/other-panels.ts';
import type { Panel, Words } from '../../parts/panel.ts';
import { byDatabase, happened, metric } from '../../parts/query.ts';
import { tablePanel } from '../../parts/table.ts';

const byInstance = `${byDatabase}, instance`;
const yesNo = (yes: string, no: string): Words => ({ '1': ['yes', yes], '0': ['no', no] });

export const leadershipRow: readonly Panel[] = [
  timelinePanel({
    title: 'Who leads',
    description:
      'A band for each database and instance. Exactly one leads at a time; many changes an hour mean lost connections or a stalled event loop.',
    unit: 'short',
    size: [14, 8],
    query: { expr: `max by (${byInstance}) (${metric('leader', 'database')})`, legend: '{{database}} {{instance}}' },
    words: { '1': ['leads', 'green'], '0': ['follows', 'super-light-blue'] },
  }),
  tablePanel({
    title: 'The database as each instance sees it',
    description:
      'From the last attempt to connect. Not up: address, password, TLS or network of that instance. A standby never gets a leader.',
    size: [10, 8],
    rows: ['database', 'instance'],
    hidden: ['cluster', 'namespace', 'job'],
    columns: [
      { title: 'up', expr: `max by (${byInstance}) (${metric('database_up', 'database')})`, unit: 'short', words: yesNo('green', 'red') },
      {
        title: 'standby',
        expr: `max by (${byInstance}) (${metric('postgres_in_recovery', 'database')})`,
        unit: 'short',
        words: yesNo('orange', 'text'),
      },
      { title: 'server version', expr: `max by (${byInstance}) (${metric('postgres_version_num', 'database')})`, unit: 'none' },
    ],
    sortBy: 'up',
  }),
  graphPanel({
    title: 'Changes of leadership',
    description:
      'Acquired and released belong to a rollout. Lost: the connection or the event loop failed. Fenced: somebody with a newer epoch was faster; harmless once.',
    unit: 'short',
    size: [6, 7],
    queries: [{ expr: happened(`${byDatabase}, reason`, 'leader_transitions_total', 'database'), legend: '{{database}} {{reason}}' }],
    draw: 'bars',
  }),
  graphPanel({
    title: 'Age of the last renewal',
    description:
      'Since the leader last confirmed its lock, every 5 s. At 15 s it steps down, at 30 s the liveness probe fails: look at the event loop and the network.',
    unit: 's',
    size: [6, 7],
    queries: [
      {
        expr: `max by (${byInstance}) (time() - ${metric('leader_last_renewal_timestamp_seconds', 'database')} and ${metric('leader', 'database')} == 1)`,
        legend: '{{database}} {{instance}}',
      },
    ],
    limits: [
      [15, 'orange'],
      [30, 'red'],
    ],
    noValue: 'nobody leads',
  }),
  graphPanel({
    title: 'Epoch',
    description:
      'The highest that each instance held; it grows by one with each new leader. Two instances that lead with different epochs: the lower one is fenced off.',
    unit: 'none',
    size: [4, 7],
    queries: [{ expr: `max by (${byInstance}) (${metric('leader_epoch', 'database')})`, legend: '{{database}} {{instance}}' }],
    fromZero: false,
  }),
  tablePanel({
    title: 'Must not lead',
    description:
      'Why an instance refuses: a standby, a pooler in transaction mode, an older policy, a newer journal, drained. Empty is good; an old policy needs a reload or a restart.',
    size: [8, 7],
    rows: ['reason', 'database', 'instance'],
    hidden: ['cluster', 'namespace', 'job'],
    columns: [
      {
        title: 'refuses',
        expr: `max by (${byInstance}, reason) (${metric('leadership_refused', 'database')}) == 1`,
        unit: 'short',
        words: yesNo('orange', 'text'),
      },
    ],
    sortBy: 'database',
    noValue: 'none',
  }),
];
