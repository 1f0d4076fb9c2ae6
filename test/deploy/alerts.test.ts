import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type BadDay, createBadDay, usual } from '../support/deploy/alerting/bad-day.ts';
import { disposeAll } from '../support/deploy/alerting/dispose-all.ts';
import type { Fault } from '../support/deploy/alerting/faults.ts';
import { quickenRules, withoutTimes } from '../support/deploy/alerting/quicken-rules.ts';
import { Replica } from '../support/deploy/alerting/replicas.ts';
import { nameOf, startWatcher, type Watcher } from '../support/deploy/alerting/watcher.ts';
import type { ReceivedAlert } from '../support/deploy/alerting/webhook.ts';
import { type DeployTool, deployTool } from '../support/deploy/deploy-tool.ts';
import { waitFor } from '../support/wait-for.ts';

const shippedRules = readFileSync('deploy/prometheus/partitiond.rules.yaml', 'utf8');
const shippedRoutes = readFileSync('deploy/alertmanager/alertmanager.example.yml', 'utf8');

/** The oldest that is supported and the newest see the same day. */
const prometheusTools: readonly DeployTool[] = ['prometheus', 'prometheus3'];

interface RuleFile {
  readonly groups: readonly { readonly rules: readonly { readonly alert?: string; readonly labels?: { readonly severity: string } }[] }[];
}

/** Down, or of a replica in particular: what is said of databases comes from the bad day. */
const down = 'PartitiondDown critical';
const drift = 'PartitiondConfigDrift warning pruned';
/** A leader looks at indexes at its start and then every quarter of an hour: this one is known, and over, with the next leader. */
const seldomRead = 'PartitionInvalidIndex warning data public.indexed';
const twoLeaders = 'PartitiondMultipleLeaders critical pruned';

describe('the shipped rules with shorter times', () => {
  it('differ from the file in nothing but times', () => {
    const { text, changes } = quickenRules(shippedRules);
    expect(withoutTimes(text)).toBe(withoutTimes(shippedRules));
    expect(text).not.toBe(shippedRules);
    for (const change of changes) expect(change).toMatch(/^(?:for|interval): \S+ -> |\[\w+\].* -> .*\[(?:1m|90s)\]|900.* -> .*30/);
    const parsed: RuleFile = parse(text);
    const alerts = (file: RuleFile): unknown => file.groups.flatMap(({ rules }) => rules.map(({ alert, labels }) => [alert, labels]));
    expect(alerts(parsed)).toEqual(alerts(parse(shippedRules)));
  });
});

/** A folder that goes with the test. */
function temporaryFolder(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'ptd-alerts-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

async function startReplicas(day: BadDay): Promise<AsyncDisposable & { readonly all: readonly Replica[] }> {
  const all: Replica[] = [];
  for (let i = 0; i < 3; i += 1) all.push(await Replica.start(day.configuration()));
  return { all, [Symbol.asyncDispose]: () => disposeAll(all) };
}

/** Who leads `data`, whose faults must outlive it, and two others. */
async function castReplicas(all: readonly Replica[]): Promise<{ readonly leader: Replica; readonly others: readonly [Replica, Replica] }> {
  const look = async (): Promise<readonly boolean[]> => Promise.all(all.map((replica) => replica.isLeading('data')));
  const leads = await waitFor('a leader of data', look, (seen) => seen.includes(true), { timeoutMs: 60_000 });
  const leader = all[leads.indexOf(true)];
  const [first, second] = all.filter((replica) => replica !== leader);
  if (leader === undefined || first === undefined || second === undefined) throw new Error('There are not three replicas.');
  return { leader, others: [first, second] };
}

async function everyWatcher(watchers: readonly Watcher[], body: (watcher: Watcher) => Promise<void>): Promise<void> {
  await Promise.all(watchers.map(body));
}

async function strike(faults: readonly Fault[]): Promise<void> {
  for (const fault of faults) await fault.strike();
}

function namesOf(alerts: readonly { readonly labels: Readonly<Record<string, string>> }[]): readonly string[] {
  return [...new Set(alerts.map(({ labels }) => nameOf(labels)))].toSorted();
}

/**
 * A task that fails, or falls behind, is a fault's company, which ones do depends on what runs when; so is a probe that
 * cannot be run, and what the windows carry on from a database that is lost. A busy machine takes longer than the half minute that is left
 * of a quarter of an hour to see a database again after its leader died: only where a snapshot must be stale is that asked for. */
function withoutCompany(names: readonly string[]): readonly string[] {
  return names.filter(
    (name) => !/^PartitiondTaskStale |^PartitionPruningRegression warning stuck |^PartitiondSnapshotStale warning (?!stuck$)/.test(name),
  );
}

/** Who waits behind the locks of a leader: with that one they go, and the next has to see for itself. */
function isOfTheMoment(name: string): boolean {
  return name.startsWith('PartitiondBlockingSessions ');
}

/** Notifications of an alert about one `startsAt` are one event, told twice or not. */
function events(received: readonly ReceivedAlert[], name: string): readonly string[] {
  return [...new Set(received.filter(({ labels }) => nameOf(labels) === name).map(({ status, startsAt }) => `${status} ${startsAt}`))];
}

function expectReadable({ labels, annotations, receiver }: ReceivedAlert): void {
  const { alertname, severity } = labels;
  expect(labels).toMatchObject({ job: 'partitiond', cluster: 'earth', namespace: 'shop' });
  expect(receiver, alertname).toBe(severity === 'critical' ? 'page' : 'ticket');
  expect(annotations['runbook_url']).toMatch(new RegExp(`/${alertname}\\.md$`));
  expect(annotations['dashboard_url']).toMatch(/\/d\/[0-9a-f]{32}/);
  for (const key of ['summary', 'description']) expect(annotations[key], alertname).toMatch(/^\S.{20,}\.$/s);
  expect(JSON.stringify([labels, annotations])).not.toMatch(/\{\{|\}\}|<no value>|<error|%!|NaN/);
}

/** Waits until Alertmanager keeps `name` to itself because of `by`. */
async function waitForMuted({ alertmanager }: Watcher, name: string, by: string): Promise<void> {
  const look = async (): Promise<readonly string[]> => {
    const alerts = await alertmanager.alerts();
    const muted = alerts.find(({ labels }) => nameOf(labels) === name)?.status.inhibitedBy ?? [];
    return muted.map((one) => nameOf(alerts.find(({ fingerprint }) => fingerprint === one)?.labels ?? {}));
  };
  await waitFor(`${name} to be muted by ${by}`, look, (muted) => muted.length === 1 && muted[0] === by, { timeoutMs: 20_000 });
}

describe('a day on which everything goes wrong', () => {
  it('makes every alert arrive once, also when the leader dies meanwhile, and end when it is put right', {
    timeout: 420_000,
  }, async (context) => {
    const tools = prometheusTools.map((name) => deployTool(context, name));
    const alertmanagerBinary = deployTool(context, 'prometheus-alertmanager');
    using folder = temporaryFolder();
    await using day = await createBadDay();
    await using replicas = await startReplicas(day);
    const started: Watcher[] = [];
    await using _ = { [Symbol.asyncDispose]: () => disposeAll(started) };
    const targets = [
      { job: 'partitiond', addresses: replicas.all.map(({ address }) => address), labels: { cluster: 'earth', namespace: 'shop' } },
    ];
    const shared = {
      alertmanagerBinary,
      folder: folder.path,
      rules: quickenRules(shippedRules).text,
      alertmanager: shippedRoutes,
      targets,
    };
    for (const prometheusBinary of tools) started.push(await startWatcher({ ...shared, prometheusBinary }));
    const watchers: readonly Watcher[] = started;

    const {
      leader,
      others: [careless, stray],
    } = await castReplicas(replicas.all);
    for (const database of ['app', 'data', 'pruned', 'lost', 'stuck']) {
      const probed = async (): Promise<number> =>
        Math.max(
          ...(await Promise.all(
            replicas.all.map(
              async ({ daemon }) => (await daemon.scrape()).get(`task_runs_total{database="${database}",task="collect",outcome="ok"}`) ?? 0,
            ),
          )),
        );
      await waitFor(`a snapshot of ${database}`, probed, (runs) => runs > 0, { timeoutMs: 60_000 });
    }

    // Nearly everything at once.
    await strike([day.runOut, day.stuck, day.full, ...day.others]);
    careless.configure('databases: []\nnonsense: true\n');
    stray.configure(day.configuration({ premake: 3, journal: 'another' }));
    const badReload = `PartitiondConfigReloadFailed warning ${careless.address}`;
    await everyWatcher(watchers, (watcher) => watcher.waitForAlerts(day.stuck.alerts, 'firing', 120_000));
    await day.stuck.repair();
    await everyWatcher(watchers, (watcher) => watcher.waitForAlerts(['PartitionDefaultRows warning data public.spilt'], 'firing', 60_000));

    await leader.kill();
    const faults = [day.runOut, day.full, ...day.others];
    const expected = [...faults.flatMap(({ alerts }) => alerts), drift, twoLeaders, badReload];
    await everyWatcher(watchers, (watcher) => watcher.waitForAlerts(expected, 'firing', 150_000));
    await everyWatcher(watchers, async ({ webhook, prometheus }) => {
      const told = webhook.received;
      expect(withoutCompany(namesOf(told))).toEqual(withoutCompany([...new Set([...expected, ...day.stuck.alerts])].toSorted()));
      for (const name of faults.flatMap(({ alerts }) => alerts)) {
        if (!isOfTheMoment(name)) expect(events(told, name), name).toHaveLength(1);
      }
      const fired = namesOf((await prometheus.alerts()).filter(({ state }) => state === 'firing'));
      expect(fired).toEqual(expect.arrayContaining(faults.flatMap(({ muted }) => muted)));
      expect(await prometheus.ruleErrors()).toEqual([]);
      for (const alert of told) expectReadable(alert);
    });
    await everyWatcher(watchers, async (watcher) => {
      await waitForMuted(watcher, 'PartitionRunwayLow warning app public.numbers', 'PartitionRunwayExhausted critical app public.numbers');
      await waitForMuted(watcher, 'PartitionRunwayLow warning app public.ticks', 'PartitionRunwayExhausted critical app public.ticks');
      await waitForMuted(
        watcher,
        'PartitionFreezeAgeHigh warning data public.oldest',
        'PartitionFreezeAgeHigh critical data public.oldest',
      );
    });

    // All but one is put right; that one goes on to the end.
    for (const fault of [day.runOut, ...day.others]) await fault.repair();
    for (const replica of [careless, stray]) replica.configure(day.configuration(usual));
    const over = [...[day.runOut, ...day.others, day.stuck].flatMap(({ alerts }) => alerts), drift, twoLeaders, badReload];
    const stays = new Set([...day.full.alerts, seldomRead]);
    await everyWatcher(watchers, (watcher) =>
      watcher.waitForAlerts(
        over.filter((name) => !stays.has(name)),
        'resolved',
        120_000,
      ),
    );

    for (const replica of [careless, stray]) await replica.kill();
    await everyWatcher(watchers, (watcher) => watcher.waitForAlerts([down], 'firing', 60_000));
    await everyWatcher(watchers, (watcher) => waitForMuted(watcher, 'PartitiondTaskStale warning app provision', down));
    await day.full.repair();
    for (const replica of replicas.all) await replica.start();
    await everyWatcher(watchers, (watcher) => watcher.waitForAlerts([down, seldomRead], 'resolved', 90_000));
    await everyWatcher(watchers, async ({ prometheus }) => {
      await waitFor(
        'nothing to fire',
        () => prometheus.alerts(),
        (alerts) => alerts.length === 0,
        { timeoutMs: 120_000, pollMs: 200 },
      );
    });
    const parsed: RuleFile = parse(shippedRules);
    const known = parsed.groups.flatMap(({ rules }) =>
      rules.flatMap(({ alert, labels }) => (alert === undefined ? [] : [`${alert} ${labels?.severity}`])),
    );
    await everyWatcher(watchers, async ({ webhook }) => {
      const seen = new Set(webhook.received.map(({ labels }) => `${labels['alertname']} ${labels['severity']}`));
      expect(known.filter((alert) => !seen.has(alert))).toEqual([]);
    });
  });
});
