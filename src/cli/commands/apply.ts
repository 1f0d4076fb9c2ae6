import { readServerFacts } from '../../catalog/read-server-facts.ts';
import type { Configuration } from '../../config/configuration.ts';
import { NotLeaderError } from '../../errors.ts';
import type { Session } from '../../postgres/session.ts';
import { assertUsableServer } from '../../reconcile/assert-usable-server.ts';
import type { ReconcileEvent, RunReport } from '../../reconcile/event.ts';
import { reconcileDatabase } from '../../reconcile/reconcile-database.ts';
import { type Leadership, tryLead } from '../../service/election/leadership.ts';
import { policyHash } from '../../service/election/policy-hash.ts';
import { logReconcile } from '../../telemetry/log-reconcile.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { Command } from '../command-line/declaration.ts';
import type { Invocation } from '../command-line/invocation.ts';
import { options } from '../command-line/options.ts';
import { exitCodeOf, verdictOfApply } from '../databases/exit-code.ts';
import { loadConfigured } from '../databases/load-configured.ts';
import { plannedNow, type RunOptions, runContext, runOptions, whoRuns } from '../databases/reconcile-databases.ts';
import { type Selection, selectDatabases } from '../databases/selection.ts';
import { visitDatabases } from '../databases/visit-databases.ts';
import type { Io } from '../output/io.ts';
import { planDocument } from '../output/plan-document.ts';
import { printFailures } from '../output/print-failures.ts';
import { printJson } from '../output/print-json.ts';
import { printOutcomes } from '../output/print-outcomes.ts';
import { startProgress } from '../output/progress.ts';
import { applySummary } from '../output/summary.ts';

const { config, database, table, json, now, only, allowRemovals } = options;

export const applyCommand: Command = {
  name: 'apply',
  summary: 'do once what plan prints, and exit',
  description:
    'Plans each table afresh and takes its steps one by one inside the lock budget, reads the catalog again after each, and journals all of it.\n' +
    'Maintenance and indexes come last, side by side for different partitions; what gives way to somebody is left to a later run.\n' +
    'A table that fails does not stop the others. While a daemon or another apply leads a database, nothing is done there.',
  operand: null,
  options: [config, database, table, json, only, allowRemovals, now],
  examples: [
    { command: 'partitiond apply', does: 'everything that is due' },
    { command: 'partitiond apply --only provision', does: 'make partitions ahead, remove nothing' },
    { command: 'partitiond apply --only maintenance', does: 'vacuum, analyse and freeze what is due, with a progress bar' },
    {
      command: 'partitiond apply --table public.revenues --allow-removals 20',
      does: 'let this run detach or drop up to 20 partitions of that table',
    },
  ],
  exits: [
    '0 done, or nothing to do',
    '3 no database could be reached',
    '4 a step or a table failed, was refused or was skipped (but for maintenance that gave way); the others were done',
    '5 another instance leads; nothing was done',
  ],
  run: runApply,
};

async function runApply(invocation: Invocation, io: Io): Promise<number> {
  const asked = runOptions(invocation);
  const configuration = loadConfigured(invocation, io);
  const selections = selectDatabases(configuration.databases, invocation);
  const visits = await visitDatabases(selections, 'apply', configuration.safety, io, (session, selection) => {
    return applyDatabase(session, selection, asked, configuration, io);
  });
  if (invocation.has(json)) {
    printJson(io.stdout, planDocument(visits, plannedNow(visits, invocation, io), 'applied'));
  } else {
    for (const { selection, answer } of visits)
      for (const report of answer?.tables ?? []) printOutcomes(io, selection.database.name, report);
    io.stdout.write(applySummary(visits));
  }
  printFailures(io, visits);
  const code = exitCodeOf(visits.map(verdictOfApply));
  return code === 0 && io.signal.aborted ? 4 : code;
}

/** Leads `selection.database` for the length of one run. */
export async function applyDatabase(
  session: Session,
  selection: Selection,
  asked: RunOptions,
  configuration: Configuration,
  io: Io,
): Promise<RunReport> {
  const { database: policy, tables } = selection;
  const progress = startProgress(io.stderr);
  // On a terminal the bar and the result say it all; in a cron job or a pod the log is what is kept.
  const level = io.stderr.isInteractive ? 'error' : configuration.log.level;
  const log = logReconcile(createLogger({ level, format: configuration.log.format }));
  const observe = (event: ReconcileEvent): void => {
    log(event);
    progress.observe(event);
  };
  // Before the journal is touched: a standby or an old server gets its own sentence.
  assertUsableServer(await readServerFacts(session, io.clock, io.signal), 'apply', policy.name);
  const leadership = await lead(session, selection, asked, configuration, io);
  try {
    const context = runContext(configuration, policy, 'apply', io, observe, leadership?.guardSql ?? null);
    return await reconcileDatabase(session, policy, { ...asked, mode: 'apply', tables }, context, io.signal);
  } finally {
    progress.stop();
    await leadership?.release();
  }
}

async function lead(
  session: Session,
  selection: Selection,
  asked: RunOptions,
  configuration: Configuration,
  io: Io,
): Promise<Leadership | null> {
  if (!configuration.leadership.enabled) return null;
  const { name, journalSchema } = selection.database;
  const leadership = await tryLead(
    session,
    { journalSchema, who: whoRuns('apply', io), configurationHash: policyHash(selection.database) },
    io.signal,
  );
  if (leadership !== null) return leadership;
  const { host, port } = configuration.admin;
  const orders = asked.tasks.map((task) => `curl -X POST http://${host}:${port}/-/run?task=${task}`);
  const message = `Another partitiond leads database ${name}; nothing was done. Ask it to work now: ${orders.join(' && ')}`;
  throw new NotLeaderError('PD301', message);
}
