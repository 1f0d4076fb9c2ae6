import { ConfigError, type ConfigProblem } from '../errors.ts';
import type { Configuration } from './configuration.ts';
import { unknownKeyAdvice } from './declaration/known-keys.ts';
import { rootSection } from './declaration/root-keys.ts';
import type { ConfigNode, MapNode, Report } from './document/config-node.ts';
import { readDocument } from './document/read-document.ts';
import { redact } from './document/redact.ts';
import type { Environment } from './environment.ts';
import { readDatabases } from './reading/read-databases.ts';
import { type ProcessValues, readProcess } from './reading/read-process.ts';

export interface ConfigurationText {
  /** YAML or JSON. */
  readonly text: string;
  /** How messages call it: the name of the file. */
  readonly source: string;
  readonly env: Environment;
  /** Absolute; file names in the configuration are relative to it. */
  readonly folder: string;
}

/**
 * Reads a configuration. Throws `ConfigError` with all problems at once, in the order of the file: PD103 when the text is not YAML,
 * PD104 when what it says cannot be used. No message holds a password or what a variable holds.
 */
export function parseConfiguration({ text, source, env, folder }: ConfigurationText): Configuration {
  const { report, problems } = collectProblems();
  const document = readDocument(text, env, report);
  if (document === null) throw configError('PD103', source, problems());
  const root = rootMap(document, report);
  if (root === null) throw configError('PD104', source, problems());
  const known = Object.keys(rootSection.keys);
  for (const [name, node] of root.entries) {
    if (!known.includes(name)) report(node, `unknown key; ${unknownKeyAdvice(name, known)}`);
  }
  const process = readProcess(root, env, report);
  if (process !== null) checkTogether(process, root, report);
  const databases = readDatabases(root, folder, report);
  const found = problems();
  if (process === null || found.length > 0) throw configError('PD104', source, found);
  return assemble(process, databases);
}

function rootMap(document: ConfigNode, report: Report): MapNode | null {
  if (document.kind === 'map') return document;
  const isEmpty = document.kind === 'scalar' && document.value === null;
  report(
    { path: '', line: isEmpty ? null : 1 },
    isEmpty ? 'the file is empty; it needs at least `databases`' : 'the file is not a map of keys and values',
  );
  return null;
}

/** What no key can know on its own. */
function checkTogether({ http, admin, safety }: ProcessValues, root: MapNode, report: Report): void {
  const place = (name: string): { path: string; line: number | null } => ({ path: name, line: root.entries.get(name)?.line ?? null });
  if (http.port !== 0 && http.port === admin.port) {
    report(place('admin'), `http.port and admin.port are both ${http.port}; give them different ports`);
  }
  if (safety.lockBudget < safety.lockTimeout) {
    report(
      place('safety'),
      `lockBudget (${safety.lockBudget}ms) is shorter than one attempt of lockTimeout (${safety.lockTimeout}ms); make it longer`,
    );
  }
}

function assemble(values: ProcessValues, databases: Configuration['databases']): Configuration {
  const { safety, schedules, journal } = values;
  return {
    log: values.log,
    http: values.http,
    admin: values.admin,
    schedules: {
      timezone: schedules.timezone,
      maxRuntimeMs: schedules.maxRuntime,
      provision: schedules.provision,
      retention: schedules.retention,
      maintenance: schedules.maintenance,
      index: schedules.index,
      migrate: schedules.migrate,
      probe: schedules.probe,
      collect: schedules.collect,
    },
    safety: {
      lockTimeoutMs: safety.lockTimeout,
      lockBudgetMs: safety.lockBudget,
      statementTimeoutMs: safety.statementTimeout,
      maxRemovals: safety.maxRemovals,
      maxClockSkewMs: safety.maxClockSkew,
    },
    leadership: values.leadership,
    metrics: values.metrics,
    journal: { keepMs: journal.keep },
    databases,
  };
}

/** A report that keeps each problem once (a bad default would otherwise be told for every table), and the problems in file order. */
function collectProblems(): { readonly report: Report; readonly problems: () => readonly ConfigProblem[] } {
  const found = new Map<string, ConfigProblem>();
  const report: Report = ({ path, line }, message) => {
    const problem = { path, line, message: redact(message) };
    const identity = JSON.stringify([path, problem.message]);
    if (!found.has(identity)) found.set(identity, problem);
  };
  // Problems without a line (the environment) come first; sorting is stable.
  return { report, problems: () => [...found.values()].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)) };
}

function configError(code: string, source: string, problems: readonly ConfigProblem[]): ConfigError {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  const lines = problems.map(explainProblem);
  return new ConfigError(code, `The configuration ${source} cannot be used: ${count}.\n${lines.join('\n')}`, problems, {
    context: { file: source, problems: lines },
  });
}

/** `line 12, databases[0].tables[2].interval: "1 fortnight" cannot be used: ...` */
export function explainProblem({ path, line, message }: ConfigProblem): string {
  const place = [line === null ? '' : `line ${line}`, path].filter((part) => part !== '').join(', ');
  return place === '' ? message : `${place}: ${message}`;
}
