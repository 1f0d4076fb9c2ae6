import { describe, expect, it } from 'vitest';
import { renderStep } from '../../../src/ddl/render-step.ts';
import type { RenderedStep } from '../../../src/ddl/statement.ts';
import type { Step } from '../../../src/plan/step.ts';
import {
  bareTemplate,
  createDefault,
  createPartition,
  detachPartition,
  dropGuard,
  dropTable,
  finalizeDetach,
  named,
} from '../../support/steps.ts';

const like =
  'LIKE public.revenues INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION ' +
  'INCLUDING COMMENTS INCLUDING STATISTICS';
const condition =
  "at IS NOT NULL AND at >= '2025-04-01 00:00:00+00'::timestamp with time zone AND at < '2025-07-01 00:00:00+00'::timestamp with time zone";

function render(step: Step, version = 180004): RenderedStep {
  return renderStep(step, version);
}

function sql(rendered: RenderedStep): readonly (readonly string[])[] {
  return rendered.batches.map((batch) => batch.statements.map((statement) => statement.sql));
}

function locks(rendered: RenderedStep): readonly string[] {
  return rendered.locks.map(({ relation, mode }) => `${relation} ${mode}`);
}

describe('create-partition', () => {
  it('makes the table, proves the bound, attaches, and takes the proof away again, in one transaction', () => {
    const rendered = render(createPartition());
    expect(sql(rendered)).toEqual([
      [
        `CREATE TABLE public.revenues_2025_q2 (${like})`,
        'ALTER TABLE public.revenues_2025_q2 OWNER TO postgres',
        `ALTER TABLE public.revenues_2025_q2 ADD CONSTRAINT partitiond_bound CHECK (${condition})`,
        "ALTER TABLE public.revenues ATTACH PARTITION public.revenues_2025_q2 FOR VALUES FROM ('2025-04-01 00:00:00+00') TO ('2025-07-01 00:00:00+00')",
        'ALTER TABLE public.revenues_2025_q2 DROP CONSTRAINT partitiond_bound',
      ],
    ]);
    expect(locks(rendered)).toEqual(['public.revenues AccessShareLock', 'public.revenues ShareUpdateExclusiveLock']);
    expect(rendered.cleanup).toEqual([]);
  });

  it('never uses PARTITION OF, INCLUDING ALL, INCLUDING IDENTITY or INCLUDING INDEXES', () => {
    const text = sql(render(createPartition())).flat().join('\n');
    expect(text).not.toMatch(/PARTITION OF|INCLUDING ALL|IDENTITY|INDEXES|IF NOT EXISTS/);
  });

  it('guards the default partition in transactions of its own, and drops the guard after a failure', () => {
    const rendered = render(createPartition({ guard: { defaultPartition: named('revenues_default'), constraint: 'partitiond_guard_1' } }));
    const [add, validate, create] = sql(rendered);
    expect(add).toEqual([`ALTER TABLE public.revenues_default ADD CONSTRAINT partitiond_guard_1 CHECK (NOT (${condition})) NOT VALID`]);
    expect(validate).toEqual(['ALTER TABLE public.revenues_default VALIDATE CONSTRAINT partitiond_guard_1']);
    expect(create?.at(-1)).toBe('ALTER TABLE public.revenues_default DROP CONSTRAINT partitiond_guard_1');
    expect(rendered.batches.map(({ kind, patience }) => `${kind} ${patience}`)).toEqual([
      'transaction brief',
      'transaction long',
      'transaction brief',
    ]);
    expect(rendered.cleanup.map((statement) => statement.sql)).toEqual([
      'ALTER TABLE public.revenues_default DROP CONSTRAINT partitiond_guard_1',
    ]);
    expect(locks(rendered)).toEqual([
      'public.revenues_default AccessExclusiveLock',
      'public.revenues_default ShareUpdateExclusiveLock',
      'public.revenues AccessShareLock',
      'public.revenues ShareUpdateExclusiveLock',
    ]);
  });

  it('names the locks on both ends of foreign keys, which differ on 14', () => {
    const step = createPartition({ references: [named('customer')], referencedBy: [named('refund')] });
    expect(locks(render(step)).slice(2)).toEqual([
      'public.customer AccessShareLock',
      'public.customer RowShareLock',
      'public.customer ShareRowExclusiveLock',
      'public.refund AccessShareLock',
      'public.refund ShareRowExclusiveLock',
    ]);
    expect(locks(render(step, 140023)).slice(5)).toEqual(['public.refund AccessShareLock']);
  });

  it('carries what LIKE leaves behind, the policy over the template', () => {
    const template = {
      ...bareTemplate,
      owner: 'Owner of it',
      accessMethod: 'heap',
      tablespace: 'fast disk',
      storage: { fillfactor: '80', 'toast.autovacuum_enabled': 'false' },
      statisticsTargets: [
        { column: 'at', target: 500 },
        { column: 'Amount', target: 0 },
      ],
      rowSecurity: {
        enabled: true,
        forced: true,
        policies: [
          {
            name: 'own rows',
            isPermissive: false,
            command: 'UPDATE' as const,
            roles: ['app', null],
            using: '(owner = CURRENT_USER)',
            withCheck: 'true',
          },
          { name: 'all', isPermissive: true, command: 'ALL' as const, roles: [], using: null, withCheck: null },
        ],
      },
      replicaIdentity: { kind: 'full' as const },
      publications: [
        { publication: 'plain', columns: null, filter: null },
        { publication: 'Some', columns: ['at', 'Amount'], filter: '(at > now())' },
      ],
    };
    const [statements] = sql(render(createPartition({ template, storage: { fillfactor: '90' } })));
    expect(statements).toEqual([
      `CREATE TABLE public.revenues_2025_q2 (${like}) USING heap WITH (fillfactor = '90', toast.autovacuum_enabled = 'false') TABLESPACE "fast disk"`,
      'ALTER TABLE public.revenues_2025_q2 OWNER TO "Owner of it"',
      'ALTER TABLE public.revenues_2025_q2 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
      'CREATE POLICY "own rows" ON public.revenues_2025_q2 AS RESTRICTIVE FOR UPDATE TO app, PUBLIC USING ((owner = CURRENT_USER)) WITH CHECK (true)',
      'CREATE POLICY "all" ON public.revenues_2025_q2 AS PERMISSIVE FOR ALL TO PUBLIC',
      'ALTER TABLE public.revenues_2025_q2 ALTER COLUMN at SET STATISTICS 500, ALTER COLUMN "Amount" SET STATISTICS 0',
      expect.stringContaining('ADD CONSTRAINT partitiond_bound'),
      expect.stringContaining('ATTACH PARTITION'),
      expect.stringContaining('DROP CONSTRAINT partitiond_bound'),
      'ALTER TABLE public.revenues_2025_q2 REPLICA IDENTITY FULL',
      'ALTER PUBLICATION plain ADD TABLE public.revenues_2025_q2',
      'ALTER PUBLICATION "Some" ADD TABLE public.revenues_2025_q2 (at, "Amount") WHERE ((at > now()))',
    ]);
  });

  it('makes the grants equal: what default privileges would add goes first, then grants by role and grant option', () => {
    const owned = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'].map((privilege) => ({
      grantee: 'postgres',
      privilege,
      isGrantable: false,
      column: null,
    }));
    const template = {
      ...bareTemplate,
      defaultGrantees: ['auditor', null],
      grants: [
        ...owned,
        { grantee: 'app', privilege: 'SELECT', isGrantable: false, column: null },
        { grantee: 'app', privilege: 'INSERT', isGrantable: true, column: null },
        { grantee: 'app', privilege: 'UPDATE', isGrantable: false, column: 'Amount' },
        { grantee: null, privilege: 'SELECT', isGrantable: false, column: 'at' },
      ],
    };
    expect(sql(render(createPartition({ template })))[0]?.slice(2, 6)).toEqual([
      'REVOKE ALL ON TABLE public.revenues_2025_q2 FROM auditor, PUBLIC',
      'GRANT SELECT, UPDATE ("Amount") ON TABLE public.revenues_2025_q2 TO app',
      'GRANT INSERT ON TABLE public.revenues_2025_q2 TO app WITH GRANT OPTION',
      'GRANT SELECT (at) ON TABLE public.revenues_2025_q2 TO PUBLIC',
    ]);
  });

  it('takes from the owner what the parent took from the owner', () => {
    const template = { ...bareTemplate, grants: [{ grantee: 'postgres', privilege: 'SELECT', isGrantable: false, column: null }] };
    expect(sql(render(createPartition({ template })))[0]?.slice(2, 4)).toEqual([
      'REVOKE ALL ON TABLE public.revenues_2025_q2 FROM postgres',
      'GRANT SELECT ON TABLE public.revenues_2025_q2 TO postgres',
    ]);
  });

  it('leaves the owner alone where only columns have grants', () => {
    const template = { ...bareTemplate, grants: [{ grantee: 'app', privilege: 'SELECT', isGrantable: false, column: 'at' }] };
    const statements = sql(render(createPartition({ template })))[0] ?? [];
    expect(statements.filter((statement) => /^(GRANT|REVOKE)/.test(statement))).toEqual([
      'GRANT SELECT (at) ON TABLE public.revenues_2025_q2 TO app',
    ]);
  });

  it('looks the identity index up after ATTACH has made it', () => {
    const template = { ...bareTemplate, replicaIdentity: { kind: 'index' as const, definition: 'USING btree (id, at)' } };
    const statements = sql(render(createPartition({ template })))[0] ?? [];
    const attach = statements.findIndex((statement) => statement.includes('ATTACH PARTITION'));
    const identity = statements.findIndex((statement) => statement.includes('REPLICA IDENTITY USING INDEX'));
    expect(identity).toBeGreaterThan(attach);
    expect(statements[identity]).toContain("definition pg_catalog.text := ' USING btree (id, at)'");
    const nothing = { ...bareTemplate, replicaIdentity: { kind: 'nothing' as const } };
    expect(sql(render(createPartition({ template: nothing })))[0]?.at(-1)).toBe(
      'ALTER TABLE public.revenues_2025_q2 REPLICA IDENTITY NOTHING',
    );
  });
});

describe('create-default', () => {
  it('attaches an empty table as default, without a CHECK', () => {
    const rendered = render(createDefault());
    expect(sql(rendered)).toEqual([
      [
        `CREATE TABLE public.revenues_default (${like})`,
        'ALTER TABLE public.revenues_default OWNER TO postgres',
        'ALTER TABLE public.revenues ATTACH PARTITION public.revenues_default DEFAULT',
      ],
    ]);
  });
});

describe('detach-partition', () => {
  it('detaches concurrently on its own, with FINALIZE for an interrupted attempt, and moves the table afterwards', () => {
    const rendered = render(detachPartition({ moveTo: named('revenues_2025_q2_2', 'archive') }));
    expect(sql(rendered)).toEqual([
      ['ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2 CONCURRENTLY'],
      ['ALTER TABLE public.revenues_2025_q2 RENAME TO revenues_2025_q2_2', 'ALTER TABLE public.revenues_2025_q2_2 SET SCHEMA archive'],
    ]);
    expect(rendered.batches[0]?.kind).toBe('alone');
    expect(rendered.batches[0]?.whenDetachPending?.sql).toBe(
      'ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2 FINALIZE',
    );
    expect(locks(rendered)).toEqual([
      'public.revenues ShareUpdateExclusiveLock',
      'public.revenues_2025_q2 ShareUpdateExclusiveLock',
      'public.revenues_2025_q2 AccessExclusiveLock',
    ]);
    expect(render(detachPartition()).batches).toHaveLength(1);
  });

  it('detaches plainly in one transaction with the move', () => {
    const rendered = render(
      detachPartition({ concurrently: false, defaultPartition: named('revenues_default'), moveTo: named('revenues_2025_q2', 'archive') }),
    );
    expect(sql(rendered)).toEqual([
      ['ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2', 'ALTER TABLE public.revenues_2025_q2 SET SCHEMA archive'],
    ]);
    expect(rendered.batches[0]?.kind).toBe('transaction');
    expect(locks(rendered)).toEqual([
      'public.revenues AccessExclusiveLock',
      'public.revenues_default AccessExclusiveLock',
      'public.revenues_2025_q2 AccessExclusiveLock',
    ]);
  });

  it('names the locks on both ends of foreign keys', () => {
    const keys = { references: [named('customer')], referencedBy: [named('refund')] };
    const ends = [
      'public.customer ShareRowExclusiveLock',
      'public.refund AccessShareLock',
      'public.refund ShareLock',
      'public.refund AccessExclusiveLock',
    ];
    expect(locks(render(detachPartition({ ...keys, concurrently: false })))).toEqual([
      'public.revenues AccessShareLock',
      'public.revenues AccessExclusiveLock',
      'public.revenues_2025_q2 AccessShareLock',
      'public.revenues_2025_q2 AccessExclusiveLock',
      ...ends,
    ]);
    expect(locks(render(detachPartition(keys)))).toEqual([
      'public.revenues AccessShareLock',
      'public.revenues ShareUpdateExclusiveLock',
      'public.revenues_2025_q2 AccessShareLock',
      'public.revenues_2025_q2 ShareUpdateExclusiveLock',
      'public.revenues_2025_q2 AccessExclusiveLock',
      ...ends,
    ]);
  });
});

describe('finalize-detach', () => {
  it('finalizes and moves in one transaction', () => {
    const rendered = render(finalizeDetach({ moveTo: named('renamed'), references: [named('customer')], referencedBy: [named('refund')] }));
    expect(sql(rendered)).toEqual([
      [
        'ALTER TABLE public.revenues DETACH PARTITION public.revenues_2025_q2 FINALIZE',
        'ALTER TABLE public.revenues_2025_q2 RENAME TO renamed',
      ],
    ]);
    expect(locks(rendered)).toEqual([
      'public.revenues ShareUpdateExclusiveLock',
      'public.revenues_2025_q2 AccessShareLock',
      'public.revenues_2025_q2 AccessExclusiveLock',
      'public.customer ShareRowExclusiveLock',
      'public.refund AccessExclusiveLock',
    ]);
    expect(locks(render(finalizeDetach()))).toEqual([
      'public.revenues ShareUpdateExclusiveLock',
      'public.revenues_2025_q2 AccessExclusiveLock',
    ]);
  });
});

describe('drop-table', () => {
  it('checks oid, name and that it is no partition, under the lock that the drop needs; never cascades', () => {
    const rendered = render(dropTable({ partition: named("o'dd"), references: [named('customer')] }));
    const [[lock, check, drop] = []] = sql(rendered);
    expect(lock).toBe(`LOCK TABLE public."o'dd" IN ACCESS EXCLUSIVE MODE`);
    expect(check).toContain("c.oid = '2'::pg_catalog.oid");
    expect(check).toContain("c.relname = 'o''dd'");
    expect(check).toContain('NOT c.relispartition');
    expect(drop).toBe(`DROP TABLE public."o'dd"`);
    expect(locks(rendered)).toEqual([`public."o'dd" AccessExclusiveLock`, 'public.customer AccessExclusiveLock']);
  });
});

describe('drop-guard', () => {
  it('drops the constraint of a killed run', () => {
    const rendered = render(dropGuard());
    expect(sql(rendered)).toEqual([['ALTER TABLE public.revenues_default DROP CONSTRAINT partitiond_guard_1']]);
    expect(locks(rendered)).toEqual(['public.revenues_default AccessExclusiveLock']);
  });
});

it('refuses what it does not know, as our own bug', () => {
  expect(() => render({ ...dropGuard(), kind: 'unheard-of' } as never)).toThrow(TypeError);
  const template = { ...bareTemplate, replicaIdentity: { kind: 'unheard-of' } };
  expect(() => render(createPartition({ template: template as never }))).toThrow(TypeError);
});
