import type { Configuration } from '../../config/configuration.ts';
import { InvariantError, type PartitiondError } from '../../errors.ts';
import { readProbeRecords } from '../../journal/probe-records.ts';
import type { Safety } from '../../partition/policy.ts';
import type { ProbeRecord } from '../../partition/probe-record.ts';
import { connectSession, type Session } from '../../postgres/session.ts';
import { type ProbeResult, runProbes } from '../../probe/run-probes.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, type Verdict, verdictOfVisit } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { hasProbe, selectProbes } from '../databases/probe-selection.ts';
import { type Selection, selectDatabases } from '../databases/selection.ts';
import { type Visit, visitDatabases } from '../databases/visit-databases.ts';
import { coloursOf } from '../output/colours.ts';
import type { Io } from '../output/io.ts';
import { errorText } from '../output/plan-document.ts';
import { printError } from '../output/print-error.ts';
import { printJson } from '../output/print-json.ts';
import { printable } from '../output/printable.ts';
import { probeDocument, probeRecordDocument } from '../output/probe-document.ts';
import { lastMissText, type ProbedDatabase, probeDetails, probesSummary, probesText } from '../output/probe-text.ts';

const { config, database, table, probe, last, json } = options;

export const probeCommand: Command = {
  name: 'probe',
  summary: 'whether queries prune, and if not, why',
  description:
    'Plans the `probes` of each table with EXPLAIN (runs them too, where they say `analyze: true`) and prints how many partitions are left after\n' +
    'pruning, what that took, and of each probe that is not met why. No row is written and no DDL done: the transaction is read-only and rolled\n' +
    'back. What a function does outside of it (a replication slot, another server, a file) is not undone, so let `probeRole` be one that may only\n' +
    'read. A probe that is run holds ACCESS SHARE on what it reads for as long as it runs, and DDL without a lock_timeout waits for that; the\n' +
    'daemon ends one behind which somebody waits for longer than `safety.lockTimeout`, this command does not. Nothing is kept of it; the daemon\n' +
    'runs the same probes by schedule, and `--last` prints what it kept of those that were not met.',
  operand: null,
  options: [config, database, table, probe, last, json],
  examples: [
    { command: 'partitiond probe', does: 'one line per probe, and why those did not prune that should have' },
    { command: 'partitiond probe --table public.revenues', does: 'that table, with what each of its probes scans and prunes' },
    { command: 'partitiond probe --last', does: 'the plans that the daemon kept of probes that were not met; nothing is run' },
    { command: 'partitiond probe --probe daily-report --json', does: 'that probe with its whole plan, for a script' },
  ],
  exits: [
    '0 all probes are met; with --last: printed',
    '1 a probe missed what it should meet',
    '3 no database could be reached',
    '4 a probe or a database failed',
  ],
  run: runProbeCommand,
};

async function runProbeCommand(invocation: Invocation, io: Io): Promise<number> {
  const configuration = loadConfigured(invocation, io);
  const selections = selectProbes(selectDatabases(configuration.databases, invocation), invocation.values(probe));
  return invocation.has(last)
    ? await printLast(configuration, selections, invocation, io)
    : await printNow(configuration, selections, invocation, io);
}

async function printNow({ safety }: Configuration, selections: readonly Selection[], invocation: Invocation, io: Io): Promise<number> {
  const visits = await visitDatabases(selections, 'probe', safety, io, (session, selection) => runNow(session, selection, safety, io));
  if (invocation.has(json)) printJson(io.stdout, { databases: documentsOf(visits, probeDocument) });
  else printResults(visits, io, invocation.has(table));
  const code = exitCodeOf(visits.map(verdictOf));
  const isMissed = visits.some(({ answer }) => answer?.some(({ outcome }) => outcome === 'missed') ?? false);
  return code === 0 && isMissed ? 1 : code;
}

/** `session` is its visitor's to close; what stands in for it when a probe has ended it is closed here. */
async function runNow(session: Session, { database: policy, tables }: Selection, safety: Safety, io: Io): Promise<readonly ProbeResult[]> {
  const { statementTimeoutMs, lockTimeoutMs } = safety;
  const others: Session[] = [];
  const reconnect = async (signal: AbortSignal): Promise<Session> => {
    const settings = { applicationName: 'partitiond:probe', statementTimeoutMs, lockTimeoutMs };
    const other = await connectSession(policy.connection, settings, signal);
    others.push(other);
    return other;
  };
  const warn = (sentence: string): void => {
    io.stderr.write(printable(`Warning: ${policy.name}: ${sentence}`) + '\n');
  };
  try {
    return await runProbes(session, policy, { safety, clock: io.clock, tables, reconnect, warn }, io.signal);
  } finally {
    for (const other of others) await other.close();
  }
}

async function printLast({ safety }: Configuration, selections: readonly Selection[], invocation: Invocation, io: Io): Promise<number> {
  const visits = await visitDatabases(selections, 'probe', safety, io, async (session, { database: policy }) => {
    const records = await readProbeRecords(session, policy.journalSchema, io.signal);
    return records.filter((record) => hasProbe(policy, record.table, record.probe));
  });
  if (invocation.has(json)) printJson(io.stdout, { databases: documentsOf(visits, probeRecordDocument) });
  else printRecords(visits, io);
  return exitCodeOf(visits.map(verdictOfVisit));
}

function printResults(visits: readonly Visit<readonly ProbeResult[]>[], io: Io, isDetailed: boolean): void {
  const databases = answered(visits);
  const results = databases.flatMap(({ probes }) => probes);
  const colours = coloursOf(io.stdout);
  if (results.length > 0) io.stdout.write(probesText(databases, colours));
  for (const { database: name, probes } of databases) {
    for (const result of probes) {
      if (isDetailed || result.outcome !== 'met') io.stdout.write(`\n${probeDetails(name, result, colours)}`);
    }
  }
  if (databases.length > 0) io.stdout.write(`\n${probesSummary(results)}`);
  printUnanswered(visits, io);
}

function printRecords(visits: readonly Visit<readonly ProbeRecord[]>[], io: Io): void {
  const colours = coloursOf(io.stdout);
  const misses = answered(visits).flatMap(({ database: name, probes }) =>
    probes.flatMap((record) => lastMissText(name, record, colours) ?? []),
  );
  if (misses.length > 0) io.stdout.write(misses.join('\n'));
  else if (answered(visits).length > 0) io.stdout.write(nothingKept(visits));
  printUnanswered(visits, io);
}

function nothingKept(visits: readonly Visit<readonly ProbeRecord[]>[]): string {
  const isRun = visits.some(({ answer }) => answer !== null && answer.length > 0);
  return isRun
    ? 'All probes that the daemon has run were met every time.\n'
    : 'The journal has no results of these probes yet: the daemon (`partitiond run`) writes them. `partitiond probe` without --last runs the probes now.\n';
}

function printUnanswered(visits: readonly Visit<unknown>[], io: Io): void {
  for (const { error, selection } of visits) if (error !== null) printError(io, error, selection.database.name);
  if (io.signal.aborted) io.stderr.write('Interrupted; the remaining probes were not run.\n');
}

function answered<T>(visits: readonly Visit<readonly T[]>[]): readonly ProbedDatabase<T>[] {
  return visits.flatMap(({ selection, answer }) => (answer === null ? [] : [{ database: selection.database.name, probes: answer }]));
}

function documentsOf<T>(visits: readonly Visit<readonly T[]>[], documentOf: (item: T) => unknown): readonly unknown[] {
  return visits.map(({ selection, answer, error }) => ({
    database: selection.database.name,
    error: error === null ? (answer === null ? 'Interrupted before it was read.' : null) : errorText(error),
    probes: (answer ?? []).map(documentOf),
  }));
}

function verdictOf(visit: Visit<readonly ProbeResult[]>): Verdict {
  const errors = (visit.answer ?? []).flatMap(({ error }): readonly PartitiondError[] => (error === null ? [] : [error]));
  if (errors.some((error) => error instanceof InvariantError)) return 'bug';
  const isFailed = visit.answer?.some(({ outcome }) => outcome === 'failed') ?? false;
  return isFailed ? 'failed' : verdictOfVisit(visit);
}
