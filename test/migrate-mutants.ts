import type { Mutant } from './mutants.ts';

/** Mistakes of a migration: in what it plans, captures, copies, compares and switches. */
export const migrateMutants: readonly Mutant[] = [
  {
    mistake: 'takes a function of an array of rows of the table for none of its dependents',
    file: 'src/catalog/migration/definition/strays.sql.ts',
    text: 'dep.refobjid IN (ty.oid, ty.typarray)',
    replacement: 'dep.refobjid = ty.oid',
    test: {
      file: 'test/integration/migrate/dependents.pg.test.ts',
      name: 'names each odd dependent, as a stray or as unknown, and nothing else',
    },
  },
  {
    mistake: 'makes a CHECK valid on the target that the source never validated',
    file: 'src/ddl/migration/target/create-target.ts',
    text: 'filter(({ isValid, isEnforced }) => isValid || !isEnforced)',
    replacement: 'filter(() => true)',
    test: { file: 'test/integration/migrate/prepare.pg.test.ts', name: 'makes a target that equals the source object by object' },
  },
  {
    mistake: 'lets anybody truncate the table that follows',
    file: 'src/ddl/migration/target/guard.ts',
    text: ' OR TRUNCATE ON',
    replacement: ' ON',
    test: {
      file: 'test/integration/migrate/prepare-partitions.pg.test.ts',
      name: 'covers all rows of the source and premake with partitions of its name, which nobody but the engine writes',
    },
  },
  {
    mistake: 'forgets a batch that begins while replay waits for its snapshot',
    file: 'src/migrate/batch-register.ts',
    text: '    for (const seen of this.#watches) seen.add(ticket);\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/replay.pg.test.ts',
      name: 'holds entries back for a batch that begins after replay has and commits before replay asks',
    },
  },
  {
    mistake: 'asks only the batches that are in flight by then',
    file: 'src/migrate/batch-register.ts',
    text: '[...seen].map((ticket)',
    replacement: '[...this.#batches].map((ticket)',
    test: {
      file: 'test/integration/migrate/replay.pg.test.ts',
      name: 'holds entries back for a batch that commits after the snapshot of replay and before replay asks',
    },
  },
  {
    mistake: 'consumes entries that a batch in flight does not see',
    file: 'src/ddl/migration/replay/log-entries.ts',
    text: '    ...snapshots.map(renderVisible),\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/replay.pg.test.ts',
      name: 'keeps a deleted row away that a batch in flight still brings, after a writer at READ COMMITTED',
    },
  },
  {
    mistake: 'replays past a TRUNCATE',
    file: 'src/migrate/replay/replay-bite.ts',
    text: "  if (chosen.isTruncated) return 'truncated';\n",
    replacement: '',
    test: {
      file: 'test/integration/migrate/replay.pg.test.ts',
      name: 'follows TRUNCATE of the source while it is copied when no batch is in flight, and lets the copy begin anew',
    },
  },
  {
    mistake: 'waits for the build of an index with every position of the log',
    file: 'src/ddl/migration/replay/apply-entries.ts',
    text: ', ...outside].join',
    replacement: '].join',
    test: {
      file: 'test/integration/migrate/replay-beside.pg.test.ts',
      name: 'replays what is written while indexes are built, but for the partition that a build is at, into new partitions too',
    },
  },
  {
    mistake: 'logs only where a row went, not where it came from',
    file: 'src/ddl/migration/capture/capture-functions.ts',
    text: " UNION SELECT ${of('o')} FROM old_rows AS o",
    replacement: '',
    test: {
      file: 'test/integration/migrate/replay.pg.test.ts',
      name: 'brings a row that moved only to its last place, whatever bite its positions fall into (source live)',
    },
  },
  {
    mistake: 'logs nothing where dual has found nothing on either side',
    file: 'src/ddl/migration/capture/dual-body.ts',
    text: 'IF deleted = 0 AND inserted = 0 THEN',
    replacement: 'IF false THEN',
    test: {
      file: 'test/integration/migrate/capture.pg.test.ts',
      name: 'logs what a writer of dual at REPEATABLE READ cannot see of the follower',
    },
  },
  {
    mistake: 'lets a row be deleted between its copy and the commit of the batch, captured by dual',
    file: 'src/ddl/migration/capture/lock-rows.ts',
    text: "if (spec.capture === 'log') return '';",
    replacement: "return '';",
    test: {
      file: 'test/integration/migrate/capture.pg.test.ts',
      name: 'lets a writer of dual wait for the batch that copies its row, so that a deleted row stays away',
    },
  },
  {
    mistake: 'copies blocks of a file that a rewrite has replaced',
    file: 'src/migrate/copy/copy-batch.ts',
    text: '    if (begun.filenode !== filenode) return null;\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/copy.pg.test.ts',
      name: 'backfill goes on after a backend was killed in a batch, lets a VACUUM FULL wait for one batch alone, and copies the new file',
    },
  },
  {
    mistake: 'goes on when a batch differs from its source',
    file: 'src/migrate/copy/check-copied.ts',
    text: 'if (mismatches > 0) throw',
    replacement: 'if (mismatches > 9_999) throw',
    test: { file: 'test/integration/migrate/copy.pg.test.ts', name: 'backfill stops all and pauses when a batch differs from its source' },
  },
  {
    mistake: 'lets batches go on while others wait for their locks',
    file: 'src/migrate/copy/brakes/brakes.ts',
    text: 'if (this.#waiters === 0) return null;',
    replacement: 'if (this.#waiters >= 0) return null;',
    test: {
      file: 'test/unit/migrate/copy/brakes.test.ts',
      name: 'Brakes hold them for sessions that wait for us, and outside the window by the clock of the server',
    },
  },
  {
    mistake: 'takes a logged key for a mistake',
    file: 'src/ddl/migration/compare/unlogged.ts',
    text: '`NOT EXISTS (${entries} ${same}) AND NOT EXISTS',
    replacement: '`NOT EXISTS',
    test: {
      file: 'test/integration/migrate/verify-pass.pg.test.ts',
      name: 'a full pass finds every kind of mistake by key, in both directions, leaves logged keys out, and forgets what was repaired',
    },
  },
  {
    mistake: 'locks after its snapshot, between which a TRUNCATE shows an empty table',
    file: 'src/ddl/migration/compare/opening.ts',
    text: '    ...[source, target].map((name) => `LOCK TABLE ONLY ${formatQualifiedName(name)} IN ACCESS SHARE MODE`),\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/verify-pass.pg.test.ts',
      name: 'a full pass takes its snapshot when nobody can truncate a table any more',
    },
  },
  {
    mistake: 'calls two tables equal whose rows a policy hides',
    file: 'src/ddl/migration/compare/opening.ts',
    text: "const off = ['row_security', 'jit',",
    replacement: "const off = ['jit',",
    test: {
      file: 'test/integration/migrate/verify-pass.pg.test.ts',
      name: 'a full pass fails where row security would hide rows, rather than call both sides equal',
    },
  },
  {
    mistake: 'calls a range checked that a rewrite has replaced',
    file: 'src/journal/migration/coverage.ts',
    text: '          AND s.filenode = pg_catalog.pg_relation_filenode(s.oid)\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/verify-batch.pg.test.ts',
      name: 'the check of a batch leaves a range alone that another file has replaced',
    },
  },
  {
    mistake: 'leaves out the key between two ranges of a verification',
    file: 'src/ddl/migration/compare/key-range.ts',
    text: '<= (${renderKey(key, upTo)})',
    replacement: '< (${renderKey(key, upTo)})',
    test: {
      file: 'test/integration/migrate/verify-pass.pg.test.ts',
      name: 'a full pass goes on where it was interrupted, unless that is too long ago or it had found something',
    },
  },
  {
    mistake: 'switches by a verdict from before the last switch',
    file: 'src/migrate/verify/fresh-verdict.ts',
    text: 'verdict.live !== live || ',
    replacement: '',
    test: {
      file: 'test/integration/migrate/verify-verdict.pg.test.ts',
      name: 'the verdict that a switch needs is refused as long as anything is missing, old, of before, or different',
    },
  },
  {
    mistake: 'lets the process before write on',
    file: 'src/journal/migration/lease.ts',
    text: 'SET epoch = l.epoch + 1, holder',
    replacement: 'SET epoch = l.epoch, holder',
    test: {
      file: 'test/integration/migrate/run.pg.test.ts',
      name: 'an engine is one at a time, and the next one fences whoever only believes to run the migration',
    },
  },
  {
    mistake: 'goes on while somebody changes the table',
    file: 'src/migrate/run/watch.ts',
    text: '  if (changed !== null) throw new DefinitionChanged(changed);\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/run.pg.test.ts',
      name: 'a migration that must stop pauses when somebody changes the table, and goes on when start finds it undone',
    },
  },
  {
    mistake: 'lets a switch drop foreign keys that nobody has given up',
    file: 'src/plan/migration/carry-over/foreign-keys.ts',
    text: '[...own, ...others].filter',
    replacement: '[...own].filter',
    test: {
      file: 'test/unit/plan/migration/refusals.test.ts',
      name: 'a migration is refused for a foreign key of another table, unless that is waived',
    },
  },
  {
    mistake: 'plans a publication by which no row of the new table can be updated',
    file: 'src/plan/migration/carry-over/publications.ts',
    text: 'publication.columns?.includes(partitionKey) === false',
    replacement: 'publication.columns?.length === 0',
    test: { file: 'test/unit/plan/migration/refusals.test.ts', name: "a migration is refused for 'columns without the partition key'" },
  },
  {
    mistake: 'switches under a transaction whose snapshot may miss rows',
    file: 'src/migrate/switch/idle-snapshots.ts',
    text: 'if (holders.length === 0) return;',
    replacement: 'return;',
    test: {
      file: 'test/integration/migrate/switch.pg.test.ts',
      name: 'waits for snapshots from before the copy was ready, and under the lock for any that idle in a transaction',
    },
  },
  {
    mistake: 'gives values of a sequence out twice after a switch',
    file: 'src/ddl/migration/switch/sequences.ts',
    text: 'const margin = 1000;',
    replacement: 'const margin = -100;',
    test: {
      file: 'test/integration/migrate/switch-carry.pg.test.ts',
      name: 'carries each kind of object to the new table, and back as it was',
    },
  },
  {
    mistake: 'lets triggers of the application fire on the table that follows',
    file: 'src/ddl/migration/switch/triggers/user-triggers.ts',
    text: "    ...renderStates(old.after, on(old.oid), () => 'D'),\n",
    replacement: '',
    test: {
      file: 'test/integration/migrate/switch-carry.pg.test.ts',
      name: 'carries each kind of object to the new table, and back as it was',
    },
  },
  {
    mistake: 'never locks the table before those that its statements come to last',
    file: 'src/ddl/migration/switch/locks.ts',
    text: "const orders = ['table-first', 'referencing-first', 'others-first'] as const;",
    replacement: "const orders = ['referencing-first', 'others-first', 'referencing-first'] as const;",
    test: {
      file: 'test/integration/migrate/switch.pg.test.ts',
      name: 'lets a transaction go on that has written the table and comes to the tables bound to it by foreign keys',
    },
  },
  {
    mistake: 'takes a switch for failed whose COMMIT was answered to nobody',
    file: 'src/migrate/switch/lost-commit.ts',
    text: 'if (found.live === record.live) return false;',
    replacement: 'if (found.live !== record.live) return false;',
    test: {
      file: 'test/integration/migrate/switch-odd.pg.test.ts',
      name: 'takes a switch for done whose COMMIT was answered to nobody, and for not done when it never came',
    },
  },
  {
    mistake: 'lets a writer with an old snapshot miss what an exchange of partitions brought over',
    file: 'src/ddl/migration/regrain/exchange.ts',
    text: '    ...renderOldSnapshots(id, spec.table, journalSchema),\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/regrain-snapshots.pg.test.ts',
      name: 'fails a writer whose snapshot is older than an exchange of partitions, which it would not see the rows of, and leaves nothing of that behind',
    },
  },
  {
    mistake: 'takes a trigger of capture that was off in between for one that was on all the time',
    file: 'src/migrate/capture/live-capture.ts',
    text: ': known !== version;',
    replacement: ': false;',
    test: {
      file: 'test/integration/migrate/soak-capture.pg.test.ts',
      name: 'are noticed by who keeps it and by a rollback, off or on again, on one partition too, until a verification finds both equal',
    },
  },
  {
    mistake: 'lets a writer with an old snapshot miss what the switch brought over',
    file: 'src/ddl/migration/switch/render-switch.ts',
    text: '    ...renderOldSnapshots(turn.id, turn.spec.table, journalSchema),\n',
    replacement: '',
    test: {
      file: 'test/integration/migrate/switch.pg.test.ts',
      name: 'fails a writer whose snapshot is older than the switch as PostgreSQL fails one whose row has changed, in both directions',
    },
  },
  {
    mistake: 'lets the daemon go on with a migration that waits for a person',
    file: 'src/service/migrations/eligible.ts',
    text: ' || waitsForPerson(record)',
    replacement: '',
    test: {
      file: 'test/e2e/migrate-daemon.test.ts',
      name: 'is left alone with `runner: cli`, and never begun, nor run while it is paused',
    },
  },
  {
    mistake: 'lets the daemon run what the entry leaves to commands',
    file: 'src/service/migrations/eligible.ts',
    text: "migration?.runner === 'cli' || ",
    replacement: '',
    test: {
      file: 'test/e2e/migrate-daemon.test.ts',
      name: 'is left alone with `runner: cli`, and never begun, nor run while it is paused',
    },
  },
  {
    mistake: 'gives partitions that follow foreign keys while they may be behind',
    file: 'src/migrate/regrain/keys/tighten-keys.ts',
    text: "  await captureBoth(engine, followersOf(record.live === 'source' ? 'target' : 'source', members), signal);\n",
    replacement: '',
    test: {
      file: 'test/integration/migrate/regrain-keys.pg.test.ts',
      name: 'disturbs nobody who deletes what is referenced, ATTACH reads no row, and back and forth all keys are as they were',
    },
  },
  {
    mistake: 'drops no key of another table before the partition it references leaves',
    file: 'src/ddl/migration/regrain/exchange.ts',
    text: '...renderDropIncoming(keys),',
    replacement: '',
    test: {
      file: 'test/integration/migrate/regrain-keys.pg.test.ts',
      name: 'drops and adds the keys of other tables in the switch, validates them behind it, and tells rows that keep it from that',
    },
  },
];
