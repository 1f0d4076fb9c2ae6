import { deployMutants } from './deploy-mutants.ts';
import { insightMutants } from './insight-mutants.ts';
import { migrateMutants } from './migrate-mutants.ts';
import { upkeepMutants } from './upkeep-mutants.ts';

/** A mistake that a test must notice. */
export interface Mutant {
  /** What partitiond would do then; the rest of the sentence "It ...". */
  readonly mistake: string;
  /** From the project's root. */
  readonly file: string;
  /** Occurs exactly once in the file; when it has gone, the run fails until somebody decides about the entry. */
  readonly text: string;
  readonly replacement: string;
  /** The test that must turn red: its file, and its sentence or the beginning of its full name. */
  readonly test: { readonly file: string; readonly name: string };
}

/**
 * Planted mistakes, each of which `npm run test:mutants` puts into a copy of the project; the named test must turn red. Every guard has
 * one: what stops a removal, what keeps a lock short, what fences off a second writer.
 */
export const mutants: readonly Mutant[] = [
  {
    mistake: 'attaches without the CHECK that proves the bound, so that ATTACH scans the table under its lock',
    file: 'src/ddl/step/new-table.ts',
    text: 'ALTER TABLE ${formatQualifiedName(step.partition)} ADD CONSTRAINT ${boundCheck} CHECK (${renderRangeCondition(step)})',
    replacement: 'SELECT 1',
    test: { file: 'test/unit/ddl/render-step.test.ts', name: 'makes the table, proves the bound, attaches' },
  },
  {
    mistake: 'makes the guard of the default partition valid at once, which scans it while nobody can write',
    file: 'src/ddl/step/create-partition.ts',
    text: '(NOT (${renderRangeCondition(step)})) NOT VALID',
    replacement: '(NOT (${renderRangeCondition(step)}))',
    test: { file: 'test/unit/ddl/render-step.test.ts', name: 'guards the default partition in transactions of its own' },
  },
  {
    mistake: 'drops a table that has become a partition again',
    file: 'src/ddl/step/drop-table.ts',
    text: '\n    AND NOT c.relispartition;',
    replacement: ';',
    test: { file: 'test/unit/ddl/render-step.test.ts', name: 'checks oid, name and that it is no partition' },
  },
  {
    mistake: 'asks for a lock timeout of 0, which waits for ever',
    file: 'src/apply/lock-budget.ts',
    text: 'Math.max(1, Math.floor(',
    replacement: 'Math.max(0, Math.floor(',
    test: { file: 'test/unit/apply/lock-budget.test.ts', name: 'never asks for a timeout of 0, which would wait for ever' },
  },
  {
    mistake: 'takes neighbours for overlapping',
    file: 'src/partition/position.ts',
    text: 'a.from < b.to && b.from < a.to',
    replacement: 'a.from <= b.to && b.from <= a.to',
    test: { file: 'test/unit/partition/bound.test.ts', name: 'overlap when they share a position' },
  },
  {
    mistake: 'lets a quote end a name',
    file: 'src/partition/qualified-name.ts',
    text: "name.replaceAll('\"', '\"\"')",
    replacement: 'name',
    test: { file: 'test/unit/partition/qualified-name.test.ts', name: 'quoteIdentifier writes' },
  },
  {
    mistake: 'removes the partition whose upper bound is just inside retention',
    file: 'src/plan/retention.ts',
    text: 'partition.bound.to > window.cutoff',
    replacement: 'partition.bound.from > window.cutoff',
    test: {
      file: 'test/unit/plan/retention.test.ts',
      name: 'includes a partition that ends exactly at the cut-off, and not one microsecond earlier',
    },
  },
  {
    mistake: 'keeps the partition that ends exactly at the cut-off',
    file: 'src/plan/retention.ts',
    text: 'partition.bound.to > window.cutoff',
    replacement: 'partition.bound.to >= window.cutoff',
    test: {
      file: 'test/unit/plan/retention.test.ts',
      name: 'includes a partition that ends exactly at the cut-off, and not one microsecond earlier',
    },
  },
  {
    mistake: 'removes the last partition',
    file: 'src/plan/retention.ts',
    text: 'if (partition === lastAttached) last = partition;\n    else if',
    replacement: 'if',
    test: { file: 'test/unit/plan/retention.test.ts', name: 'is the last partition, also when newer ones are about to be made' },
  },
  {
    mistake: 'removes what a hold keeps',
    file: 'src/plan/retention.ts',
    text: 'else if (hold !== null) held.push({ name: partition.name, hold });\n',
    replacement: '',
    test: { file: 'test/unit/plan/retention.test.ts', name: 'is what a hold covers in part or with the whole table' },
  },
  {
    mistake: 'removes foreign tables',
    file: 'src/plan/retention.ts',
    text: "else if (partition.kind === 'foreign') foreign.push(partition);\n",
    replacement: '',
    test: { file: 'test/unit/plan/retention.test.ts', name: 'is a foreign table' },
  },
  {
    mistake: 'trusts clocks that disagree',
    file: 'src/plan/guard.ts',
    text: 'skewMs <= maxClockSkewMs',
    replacement: 'skewMs >= 0',
    test: { file: 'test/unit/plan/guard.test.ts', name: 'refuses removals while the clocks are apart, in either direction' },
  },
  {
    mistake: 'removes one more than the budget allows',
    file: 'src/plan/guard.ts',
    text: 'removals <= allowed',
    replacement: 'removals <= allowed + 1',
    test: { file: 'test/unit/plan/guard.test.ts', name: 'is raised and lowered by --allow-removals' },
  },
  {
    mistake: 'lets a leader write whose epoch is over',
    file: 'src/journal/migrations.ts',
    text: 'WHERE l.epoch = expected FOR SHARE',
    replacement: 'WHERE l.epoch >= expected FOR SHARE',
    test: { file: 'test/integration/leadership.pg.test.ts', name: 'fences the transactions of an earlier epoch' },
  },
  {
    mistake: 'lets a new leader begin while a write of the old one is open',
    file: 'src/journal/migrations.ts',
    text: ' FOR SHARE;',
    replacement: ';',
    test: { file: 'test/integration/leadership.pg.test.ts', name: 'begins only after an open transaction of the earlier leader has ended' },
  },
  {
    mistake: 'lets what is left of an earlier rollout lead, which may keep less',
    file: 'src/journal/leadership.ts',
    text: ' OR ${loadedAt} > l.hash_seen_at)',
    replacement: ' OR ${loadedAt} IS NOT NULL)',
    test: {
      file: 'test/integration/leadership.pg.test.ts',
      name: 'keeps a configuration from leading that was loaded before another was first led with',
    },
  },
  {
    mistake: 'goes on as a leader after the process has stood still for longer than its lock is safe',
    file: 'src/service/election/term.ts',
    text: 'if (this.unconfirmedMs > confirmWithinMs) this.#stop',
    replacement: 'if (this.unconfirmedMs > 10 * confirmWithinMs) this.#stop',
    test: {
      file: 'test/integration/term.pg.test.ts',
      name: 'counts as lost when the process has stood still for longer than its lock may be unconfirmed',
    },
  },
  {
    mistake: 'lets the work of a leader that has lost its lock go on for as long as it likes',
    file: 'src/service/election/term.ts',
    text: 'clock.sleep(withinMs, ended).then(',
    replacement: 'clock.sleep(1_000 * withinMs, ended).then(',
    test: { file: 'test/integration/term.pg.test.ts', name: 'that is lost ends the process when its work does not end' },
  },
  {
    mistake: 'lets all followers try at the same moment',
    file: 'src/journal/following.ts',
    text: "ELSE GREATEST(s.next_at + interval '3 s', EXCLUDED.next_at)",
    replacement: 'ELSE EXCLUDED.next_at',
    test: { file: 'test/integration/leadership.pg.test.ts', name: 'draws a turn: many at once get one each, 3 s apart' },
  },
  {
    mistake: 'forgets the epoch in the transactions of a step',
    file: 'src/apply/run-transaction.ts',
    text: 'transaction.epochGuard === null ? [] : [transaction.epochGuard]',
    replacement: '[]',
    test: { file: 'test/integration/apply.pg.test.ts', name: 'changes nothing once another instance leads' },
  },
  {
    mistake: 'believes the answer of the server instead of the catalog',
    file: 'src/apply/confirm-step.ts',
    text: 'if (contradiction === null) return;',
    replacement: 'if (contradiction !== undefined) return;',
    test: { file: 'test/integration/apply.pg.test.ts', name: "takes the word of the catalog, not of the server's answer" },
  },
  {
    mistake: 'takes a pending detach for an attached partition',
    file: 'src/catalog/partitions.sql.ts',
    text: "isDetachPending: isDetachPending === 't'",
    replacement: 'isDetachPending: false',
    test: { file: 'test/integration/snapshot.pg.test.ts', name: 'show a pending detach, which pg_partition_tree hides' },
  },
  {
    mistake: 'writes while it plans',
    file: 'src/reconcile/reconcile-database.ts',
    text: "if (request.mode === 'apply') await installJournal(",
    replacement: 'await installJournal(',
    test: { file: 'test/integration/reconcile.pg.test.ts', name: 'changes nothing in mode plan, not even the journal schema' },
  },
  {
    mistake: 'works on when somebody pauses the database during a run',
    file: 'src/reconcile/reconcile-table.ts',
    text: 'if (pause !== null) return {',
    replacement: 'if (pause === undefined) return {',
    test: {
      file: 'test/integration/reconcile-interrupted.pg.test.ts',
      name: 'is left alone when somebody has paused the database meanwhile, and so are the tables after it',
    },
  },
  {
    mistake: 'lets one mistyped id expire a table of integer keys',
    file: 'src/plan/subject.ts',
    text: 'newest.believable === undefined ? newest.position : newest.believable',
    replacement: 'newest.position',
    test: { file: 'test/unit/plan/retention.test.ts', name: 'is measured from the greatest believable key, whatever id somebody mistyped' },
  },
  {
    mistake: 'believes the greatest id without a look at the rows below it',
    file: 'src/catalog/read-newest.ts',
    text: 'look.doubted <= reachOf(look, key, holder)',
    replacement: 'true',
    test: { file: 'test/integration/snapshot.pg.test.ts', name: 'is not believed when it lies far beyond the rows below it' },
  },
  {
    mistake: 'drops a table that was detached to be kept, once the policy drops',
    file: 'src/plan/recovery.ts',
    text: 'return dropAfter !== null && dropAfter <= context.now;',
    replacement: 'return dropAfter === null || dropAfter <= context.now;',
    test: { file: 'test/unit/plan/recovery.test.ts', name: 'stays when it was detached to be kept, and for as long as it was promised' },
  },
  {
    mistake: 'takes a default partition that it cannot look into for empty',
    file: 'src/catalog/read-occupied-ranges.ts',
    text: 'if (size.bytes === null) return ranges;',
    replacement: 'if (size.bytes === null) return [];',
    test: {
      file: 'test/integration/evidence.pg.test.ts',
      name: 'may hold rows of every range while it is locked, or when the question fails',
    },
  },
  {
    mistake: 'waits for locks as long as the session would, not as long as its attempt may',
    file: 'src/apply/run-transaction.ts',
    text: "`SET LOCAL lock_timeout = '${lockTimeoutMs}ms'`, ",
    replacement: '',
    test: {
      file: 'test/unit/apply/run-transaction.test.ts',
      name: 'sends everything in one message, the lock timeout before the first statement',
    },
  },
  {
    mistake: 'drops whatever table has the name of the detached one',
    file: 'src/ddl/step/drop-table.ts',
    text: 'c.oid = ${quoteLiteral(step.partitionOid)}::pg_catalog.oid\n    AND ',
    replacement: '',
    test: { file: 'test/integration/ddl.pg.test.ts', name: 'drop-table refuses when the table is another table under that name' },
  },
  {
    mistake: 'tries to drop a table whose detach has just failed',
    file: 'src/apply/apply-plan.ts',
    text: " || (step.kind === 'drop-table' && stillAttached.has(step.partitionOid))",
    replacement: '',
    test: { file: 'test/integration/apply.pg.test.ts', name: 'never drops a table whose detach failed, nor one that is a partition again' },
  },
  {
    mistake: 'spends the lock budget anew for each step of a table that somebody blocks',
    file: 'src/apply/apply-plan.ts',
    text: 'budget = { ...budget, totalMs: 0 };',
    replacement: 'budget = { ...budget };',
    test: { file: 'test/integration/apply-limits.pg.test.ts', name: 'costs one lock budget, whatever the number of its steps' },
  },
  {
    mistake: 'lets a guard refuse rows for as long as ATTACH waits',
    file: 'src/apply/run-guarded-create.ts',
    text: 'atMostMs: untilMs - tally.spentMs',
    replacement: 'atMostMs: context.budget.totalMs',
    test: { file: 'test/integration/apply-guard.pg.test.ts', name: 'does not stand for as long as ATTACH may wait' },
  },
  {
    mistake: 'leaves a guard behind without a word',
    file: 'src/apply/apply-step.ts',
    text: 'tellGuard(run, error ?? left, left)',
    replacement: 'error ?? left',
    test: {
      file: 'test/integration/apply-guard.pg.test.ts',
      name: 'is named, with what it does and the way out, when it cannot be dropped',
    },
  },
  {
    mistake: 'does a step that it could not write into the journal',
    file: 'src/apply/run-transaction.ts',
    text: 'if (transaction.before.length > 0) await inTurn(openBefore(transaction), transaction.before);',
    replacement: '',
    test: { file: 'test/integration/apply-limits.pg.test.ts', name: 'is a condition of the step: what cannot be written down is not done' },
  },
  {
    mistake: 'takes orders from other machines',
    file: 'src/service/http/admin-peer.ts',
    text: '(address !== undefined && isLoopback(address))',
    replacement: 'address !== undefined',
    test: { file: 'test/unit/service/apps.test.ts', name: 'grants a caller on' },
  },
  {
    mistake: 'takes orders from web pages',
    file: 'src/service/http/admin-peer.ts',
    text: "(header('sec-fetch-site') ?? 'none') !== 'none'",
    replacement: 'false',
    test: { file: 'test/unit/service/apps.test.ts', name: 'refuses web pages' },
  },
  {
    mistake: 'leads a database that was added after the drain',
    file: 'src/service/fleet.ts',
    text: 'if (this.#draining !== null) worker.drain().catch(surroundings.crash);',
    replacement: '',
    test: { file: 'test/e2e/drain.test.ts', name: 'leads no database that is added to its configuration afterwards' },
  },
  {
    mistake: 'goes on counting a configuration as old that was loaded anew',
    file: 'src/service/reloader.ts',
    text: 'loadedAtMs: this.#clock.monotonicMs()',
    replacement: 'loadedAtMs: before.loadedAtMs',
    test: {
      file: 'test/e2e/reload.test.ts',
      name: 'lets a process that was left behind lead again once it has loaded its configuration anew',
    },
  },
  {
    mistake: 'waits for a silent server to complete a statement after an abort',
    file: 'src/postgres/session.ts',
    text: "else signal.addEventListener('abort', hurry, { once: true });",
    replacement: '',
    test: {
      file: 'test/integration/session.pg.test.ts',
      name: 'completes nothing for longer than seconds after an abort, which all that comes then have together',
    },
  },
  {
    mistake: 'writes down the end of a run whoever leads by now',
    file: 'src/journal/runs.ts',
    text: '[guard, update]',
    replacement: '[update]',
    test: { file: 'test/integration/journal.pg.test.ts', name: 'fences the runs of whoever led before, and what it would trim' },
  },
  {
    mistake: 'cancels whoever has the pid',
    file: 'src/postgres/cancel-backend.ts',
    text: 'OPERATOR(pg_catalog.=) $2::pg_catalog.int8',
    replacement: 'OPERATOR(pg_catalog.>=) $2::pg_catalog.int8 - 9',
    test: { file: 'test/integration/session.pg.test.ts', name: 'cancels nothing of another backend that has the pid by now' },
  },
  ...upkeepMutants,
  ...insightMutants,
  ...deployMutants,
  ...migrateMutants,
];
