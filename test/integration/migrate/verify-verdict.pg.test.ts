import { describe, expect, it } from 'vitest';
import { MigrationError } from '../../../src/errors.ts';
import type { Engine } from '../../../src/migrate/engine.ts';
import { assertFreshVerdict } from '../../../src/migrate/verify/fresh-verdict.ts';
import { verify } from '../../../src/migrate/verify/verify.ts';
import type { MigrationRecord } from '../../../src/partition/migration/status.ts';
import { createDatabase } from '../../support/database.ts';
import { copied } from '../../support/migrate/copied.ts';
import { noAbort } from '../../support/open-session.ts';

async function objection(engine: Engine, record: Partial<MigrationRecord> = {}): Promise<string> {
  try {
    await assertFreshVerdict({ ...engine, record: { ...engine.record, ...record } }, noAbort);
    return 'none';
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return `${error.code} ${error.message}`;
  }
}

describe('the verdict that a switch needs', () => {
  it('is refused as long as anything is missing, old, of before, or different', async () => {
    await using database = await createDatabase();
    await using engine = await copied(database);
    const { id, record } = engine;
    await database.query(
      `INSERT INTO partitiond.migration_source VALUES (${id}, ${record.sourceOid}, pg_relation_filenode(${record.sourceOid}), 9);
       INSERT INTO partitiond.migration_range VALUES (${id}, ${record.sourceOid}, 0, 5, 'checked', 0)`,
    );
    // The rest of the file was skipped.
    await expect(verify(engine, null, noAbort)).rejects.toMatchObject({ code: 'PD637' });
    expect(await objection(engine)).toContain('PD637 public.revenues may not be switched: 4 blocks are left to copy and 0 to check.');
    await database.query(`INSERT INTO partitiond.migration_range VALUES (${id}, ${record.sourceOid}, 5, 9, 'copied', 0)`);
    expect(await objection(engine)).toContain('0 blocks are left to copy and 4 to check');
    await database.query(`UPDATE partitiond.migration_range SET state = 'checked'`);
    expect(await objection(engine)).toMatch(/PD635 .*never compared as a whole.*partitiond migrate verify/);

    await verify(engine, null, noAbort);
    expect(engine.record.verdict).toMatchObject({ rows: 1000, mismatches: 0, differences: [] });
    expect(await objection(engine)).toBe('none');
    const at = engine.record.verdict?.at ?? 0n;
    expect(await objection(engine, { live: 'target' })).toMatch(/PD635 .*before the last switch/);
    expect(await objection(engine, { lastSwitch: { at: at + 1n, direction: 'back', lockMs: 1, attempts: 1 } })).toMatch(
      /PD635 .*last switch/,
    );
    const verdict = engine.record.verdict === null ? null : { ...engine.record.verdict, at: at - 25n * 3_600_000_000n };
    await database.query(`UPDATE partitiond.migration_range SET copied_at = copied_at - interval '3 days'`);
    expect(await objection(engine, { verdict })).toMatch(/PD635 .*was 25\.0 h ago, and verify\.maxAge is 24\.0 h/);
    await database.query('UPDATE partitiond.migration_range SET copied_at = clock_timestamp()');
    expect(await objection(engine)).toMatch(/PD635 .*rows were copied after/);

    await database.query('DELETE FROM public.revenues_partitioned WHERE id = 77');
    await verify(engine, null, noAbort);
    expect(await objection(engine)).toMatch(/PD636 .*1 rows differ/);
    // Repaired, but nobody has looked since.
    await database.query('INSERT INTO public.revenues_partitioned SELECT * FROM public.revenues WHERE id = 77');
    expect(await objection(engine)).toMatch(/PD636 /);
    await verify(engine, null, noAbort);
    expect(await objection(engine)).toBe('none');
  });

  it('is refused while both catalogs differ', async () => {
    await using database = await createDatabase();
    const reader = await database.createRole('reader');
    await using engine = await copied(database);
    await database.query(
      `CREATE INDEX ON public.revenues (org_id, occurred_at DESC);
       CREATE UNIQUE INDEX ON public.revenues (note) INCLUDE (occurred_at);
       CREATE UNIQUE INDEX ON public.revenues_partitioned (note, occurred_at);
       ALTER TABLE public.revenues ADD CONSTRAINT positive CHECK (amount > 0);
       GRANT SELECT ON public.revenues TO ${reader.name}`,
    );
    const { differences } = await verify(engine, null, noAbort);
    expect(differences).toEqual([
      'public.revenues_partitioned lacks an index btree (org_id, occurred_at DESC) for revenues_org_id_occurred_at_idx',
      expect.stringMatching(/^public\.revenues_partitioned lacks CHECK .*amount/),
      `public.revenues_partitioned lacks SELECT TO ${reader.name}`,
    ]);
    expect(await objection(engine)).toMatch(/PD636 .*lacks an index btree/);
    await database.query(
      `CREATE INDEX ON public.revenues_partitioned (org_id, occurred_at DESC);
       ALTER TABLE public.revenues_partitioned ADD CONSTRAINT positive CHECK (amount > 0);
       GRANT SELECT ON public.revenues_partitioned TO ${reader.name}`,
    );
    expect((await verify(engine, null, noAbort)).differences).toEqual([]);
    expect(await objection(engine)).toBe('none');
  });
});
