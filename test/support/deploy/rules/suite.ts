import { place, type Series, type Stretch, withoutEmpty } from './series.ts';

/** The tests of one alert, as promtool runs them from deploy/prometheus/tests/<alert>.test.yaml. */
export interface Suite {
  readonly alert: string;
  readonly branches: readonly Branch[];
  readonly cases?: readonly Case[];
  /** Minutes between two evaluations, 1 unless told: what takes hours is evaluated less often, what takes one minute more often. */
  readonly every?: number;
}

/** One way of an alert to fire: one operand of an `or` of one rule. */
export interface Branch {
  readonly severity: Severity;
  /** What tells it from others of that severity; null when it is the only one. */
  readonly name: string | null;
  /** `for` of the rule, in minutes. */
  readonly minutes: number;
  /** Just over the threshold, and just under it. */
  readonly over: readonly Series[];
  readonly under: readonly Series[];
  /** The alert that `over` brings about. */
  readonly alert: Fired;
  /** Metrics without which nothing can be said: the policy's, of a task or a key of another kind. */
  readonly policy?: readonly string[];
  /** carried: an alert outlives a change of leaders, pending or firing. anew: it ends with the leader. apart: told by cases of its own. */
  readonly leaderMoves: 'carried' | 'anew' | 'apart';
  /** Of many pods only the leader exports these metrics, or each its own: then two at once say nothing. */
  readonly isOfLeader: boolean;
}

export type Severity = 'critical' | 'warning';

/** What is expected of an alert, its labels of the place left out. */
export interface Fired {
  readonly severity: Severity;
  readonly labels: Readonly<Record<string, string>>;
  readonly summary: string;
  /** `where`: cluster and namespace as the descriptions write them before the name of a database, `eu/shop/`, or nothing. */
  readonly description: (where: string) => string;
  readonly dashboard: string;
  readonly place?: Readonly<Record<string, string>>;
}

export interface Case {
  /** Begins with the branch where it is about one, as `nameOf` writes it. */
  readonly name: string;
  readonly stretches: readonly Stretch[];
  /** At which minute which alerts fire; the last one is the end of the test. */
  readonly checks: readonly Check[];
}

export interface Check {
  readonly minute: number;
  readonly fired: readonly Fired[];
}

/** As of a branch in the names of its cases: `warning, integer keys`. */
export function nameOf({ severity, name }: Pick<Branch, 'severity' | 'name'>): string {
  return name === null ? severity : `${severity}, ${name}`;
}

/** The cases that every branch has; what is particular to one is in `Suite.cases`. */
export function standardCases(branch: Branch, every: number): readonly Case[] {
  const { minutes, over, under } = branch;
  const name = nameOf(branch);
  const firing = (minute: number): Check => ({ minute, fired: [branch.alert] });
  const quiet = (minute: number): Check => ({ minute, fired: [] });
  const alone = (series: readonly Series[]): readonly Stretch[] => [{ pod: 'a', from: 0, series }];
  const cases: Case[] = [
    { name: `${name}: fires`, stretches: alone(over), checks: [firing(minutes), firing(minutes + 15)] },
    { name: `${name}: quiet`, stretches: alone(under), checks: [quiet(minutes), quiet(minutes + 15)] },
    { name: `${name}: without the label cluster`, ...inPlace({ cluster: '' }, branch, firing(minutes)) },
    { name: `${name}: without cluster and namespace`, ...inPlace({ cluster: '', namespace: '' }, branch, firing(minutes)) },
    { name: `${name}: of two clusters only the one concerned`, ...twoClusters(branch, firing(minutes)) },
  ];
  if (minutes > 0)
    cases.push({
      name: `${name}: one evaluation before it has lasted`,
      stretches: alone(over),
      checks: [quiet(minutes - Math.min(every, 1))],
    });
  if (branch.leaderMoves !== 'apart') cases.push(...leaderMoves(branch));
  if (branch.isOfLeader) {
    const both = ['a', 'b'].map((pod): Stretch => ({ pod, from: 0, series: over }));
    cases.push({ name: `${name}: two pods export at once`, stretches: both, checks: [firing(minutes), firing(minutes + 10)] });
  }
  for (const metric of branch.policy ?? []) {
    const series = over.filter((one) => one.metric !== metric);
    const checks = [quiet(minutes), quiet(minutes + 15)];
    cases.push({ name: `${name}: quiet without ${metric}`, stretches: alone(series), checks });
  }
  return cases;
}

function inPlace(own: Readonly<Record<string, string>>, { over, alert }: Branch, { minute }: Check): Pick<Case, 'stretches' | 'checks'> {
  return {
    stretches: [{ pod: 'a', from: 0, series: over, place: own }],
    checks: [{ minute, fired: [{ ...alert, place: own }] }],
  };
}

function twoClusters({ over, under }: Branch, check: Check): Pick<Case, 'stretches' | 'checks'> {
  return {
    stretches: [
      { pod: 'a', from: 0, series: over },
      { pod: 'c', from: 0, series: under, place: { cluster: 'us' } },
    ],
    checks: [check],
  };
}

/** Pod a leaves a staleness marker, pod b begins two minutes later; the marker is where also a test that evaluates every five minutes looks. */
function leaderMoves(branch: Branch): readonly Case[] {
  const { minutes, over, under, alert } = branch;
  const name = nameOf(branch);
  const last = minutes > 5 ? minutes - 6 : 1;
  const next = last + 3;
  const moved = (series: readonly Series[]): readonly Stretch[] => [
    { pod: 'a', from: 0, to: last, series },
    { pod: 'b', from: next, series },
  ];
  const quiet = {
    name: `${name}: leader moves and nothing is new`,
    stretches: moved(under),
    checks: at([last + 2, next + minutes + 10], []),
  };
  if (branch.leaderMoves === 'carried') {
    const before = minutes > 0 ? at([minutes - 1], []) : [];
    const checks = [
      ...before,
      ...at(
        [...new Set([minutes, last + 2, next, minutes + 10])].filter((minute) => minute >= minutes),
        [alert],
      ),
    ];
    return [{ name: `${name}: leader moves and it goes on`, stretches: moved(over), checks }, quiet];
  }
  const checks = [
    ...at([last], last >= minutes ? [alert] : []),
    ...at([last + 2, next + minutes - 1], []),
    ...at([next + minutes], [alert]),
  ];
  return [{ name: `${name}: leader moves and it begins anew`, stretches: moved(over), checks }, quiet];
}

function at(minutes: readonly number[], fired: readonly Fired[]): readonly Check[] {
  return minutes.map((minute) => ({ minute, fired }));
}

/** ` in eu/shop`, or nothing where a namespace is not known. */
export function inWhere(where: string): string {
  return where === '' ? '' : ` in ${where.slice(0, -1)}`;
}

/** The labels that promtool expects of an alert. */
export function firedLabels({ labels, severity, place: ownPlace }: Fired): Readonly<Record<string, string>> {
  return withoutEmpty({ severity, ...place, ...ownPlace, ...labels });
}

/** As descriptions write it before the name of a database: `eu/shop/`. */
export function whereOf({ labels, place: ownPlace }: Fired): string {
  const all: Readonly<Record<string, string | undefined>> = { ...place, ...ownPlace, ...labels };
  return [all['cluster'], all['namespace']].map((part) => (part === undefined || part === '' ? '' : `${part}/`)).join('');
}
