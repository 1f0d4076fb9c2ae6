import type { IndexDefinition, TableDefinition } from '../../../src/partition/migration/definition.ts';
import type { NamePair } from '../../../src/partition/migration/spec.ts';
import type { TestDatabase } from '../database.ts';
import { named, template } from '../model.ts';
import { definitionOf, type HandMade, type HandMadeEngine, handMade } from './hand-made.ts';

/** A name that no SQL may take apart. */
export const richTable = 'rev"enues.2';
const quoted = '"rev""enues.2"';

/** A table that has a bit of everything a target must have too. `reader` is a role. */
export function richSource(reader: string): string {
  return `
CREATE COLLATION public.plain FROM "C";
CREATE SEQUENCE public.revenue_numbers;
CREATE TABLE public.${quoted} (
  id bigint GENERATED ALWAYS AS IDENTITY (START WITH 5 INCREMENT BY 2),
  gone integer,
  "Org-id" integer NOT NULL CONSTRAINT org_positive CHECK ("Org-id" >= 0),
  occurred_at timestamptz NOT NULL DEFAULT '2024-11-01 00:00+00',
  amount numeric(12,2) DEFAULT 1.5,
  note text COLLATE public.plain,
  number bigint DEFAULT nextval('public.revenue_numbers'),
  twice numeric GENERATED ALWAYS AS (amount * 2) STORED,
  CONSTRAINT ${quoted.replace(/"$/, '_pkey"')} PRIMARY KEY (id)
);
ALTER TABLE public.${quoted} DROP COLUMN gone;
ALTER SEQUENCE public.revenue_numbers OWNED BY public.${quoted}.number;
INSERT INTO public.${quoted} ("Org-id", occurred_at, amount, note)
SELECT n % 100, '2024-10-01 00:00+00'::timestamptz + n * interval '9 hours', n * 1.5, 'row ' || n FROM generate_series(1, 1000) AS n;
ALTER TABLE public.${quoted} SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE public.${quoted} ALTER COLUMN note SET STORAGE EXTERNAL, ALTER COLUMN note SET COMPRESSION pglz;
ALTER TABLE public.${quoted} ALTER COLUMN "Org-id" SET STATISTICS 321, ALTER COLUMN "Org-id" SET (n_distinct = 100);
ALTER TABLE public.${quoted} ADD CONSTRAINT note_short CHECK (length(note) < 100) NOT VALID;
CREATE INDEX revenues_org ON public.${quoted} ("Org-id", occurred_at DESC) INCLUDE (amount) WITH (fillfactor = 71) WHERE amount > 0;
CREATE INDEX revenues_note ON public.${quoted} (lower(note), (amount * 2));
ALTER INDEX public.revenues_note ALTER COLUMN 2 SET STATISTICS 77;
CREATE UNIQUE INDEX revenues_unique ON public.${quoted} ("Org-id", lower(note), id);
ALTER TABLE public.${quoted} ADD CONSTRAINT revenues_number UNIQUE (number) WITH (fillfactor = 72) DEFERRABLE INITIALLY DEFERRED;
CREATE UNIQUE INDEX revenues_replica ON public.${quoted} (occurred_at, id);
ALTER TABLE public.${quoted} REPLICA IDENTITY USING INDEX revenues_replica;
ALTER TABLE public.${quoted} CLUSTER ON revenues_replica;
CREATE STATISTICS public."Org's" (ndistinct, dependencies) ON "Org-id", amount FROM public.${quoted};
ALTER STATISTICS public."Org's" SET STATISTICS 99;
ALTER TABLE public.${quoted} ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.${quoted} AS RESTRICTIVE FOR UPDATE TO ${reader} USING ("Org-id" = 7) WITH CHECK ("Org-id" < 8);
GRANT SELECT ON public.${quoted} TO ${reader} WITH GRANT OPTION;
GRANT UPDATE (note) ON public.${quoted} TO ${reader};
COMMENT ON TABLE public.${quoted} IS 'It''s the money';
COMMENT ON COLUMN public.${quoted}."Org-id" IS 'whose';
COMMENT ON CONSTRAINT org_positive ON public.${quoted} IS 'no negative ones';
COMMENT ON CONSTRAINT note_short ON public.${quoted} IS 'later';
COMMENT ON POLICY own ON public.${quoted} IS 'theirs';
COMMENT ON STATISTICS public."Org's" IS 'counted';
COMMENT ON INDEX public.revenues_note IS 'by note'`;
}

/** Its definition, as the catalog reader tells it. */
export function richDefinition(owner: string, reader: string): TableDefinition {
  const table = `public.${quoted}`;
  return definitionOf(richTable, {
    columns: [{ name: 'id', identity: 'always' as const, type: 'bigint' }].map((column) => ({
      collation: null,
      isNotNull: true,
      expression: null,
      generated: null,
      isHashable: true,
      ...column,
    })),
    indexes: [
      index(`${richTable}_pkey`, ['id'], { tail: 'USING btree (id)', constraint: 'primary', isUnique: true }),
      index('revenues_note', [null, null], {
        tail: 'USING btree (lower(note), ((amount * (2)::numeric)))',
        statisticsTargets: [{ column: 2, target: 77 }],
      }),
      index('revenues_number', ['number'], {
        tail: "USING btree (number) WITH (fillfactor='72')",
        constraint: 'unique',
        constraintDefinition: 'UNIQUE (number) DEFERRABLE INITIALLY DEFERRED',
        isUnique: true,
        isDeferrable: true,
        isDeferred: true,
      }),
      index('revenues_org', ['Org-id', 'occurred_at'], {
        tail: `USING btree ("Org-id", occurred_at DESC) INCLUDE (amount) WITH (fillfactor='71') WHERE (amount > (0)::numeric)`,
        isPartial: true,
      }),
      index('revenues_replica', ['occurred_at', 'id'], { tail: 'USING btree (occurred_at, id)', isUnique: true, isClustered: true }),
      index('revenues_unique', ['Org-id', null, 'id'], { tail: 'USING btree ("Org-id", lower(note), id)', isUnique: true }),
    ],
    checks: [
      { name: 'note_short', definition: 'CHECK ((length(note) < 100))', isValid: false, isNoInherit: false, isEnforced: true },
      { name: 'org_positive', definition: 'CHECK (("Org-id" >= 0))', isValid: true, isNoInherit: false, isEnforced: true },
    ],
    sequences: [
      {
        oid: '0',
        name: named(`${richTable}_id_seq`),
        column: 'id',
        kind: 'identity',
        options: 'AS bigint INCREMENT BY 2 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 5 CACHE 1 NO CYCLE',
        increment: '2',
      },
    ],
    statistics: [
      {
        oid: '0',
        name: named("Org's"),
        definition: `CREATE STATISTICS public."Org's" (ndistinct, dependencies) ON "Org-id", amount FROM ${table}`,
        target: 99,
      },
    ],
    comments: [
      { on: 'table', name: richTable, text: "It's the money" },
      { on: 'column', name: 'Org-id', text: 'whose' },
      { on: 'constraint', name: 'org_positive', text: 'no negative ones' },
      { on: 'constraint', name: 'note_short', text: 'later' },
      { on: 'policy', name: 'own', text: 'theirs' },
      { on: 'statistics', name: "Org's", text: 'counted' },
      { on: 'index', name: 'revenues_note', text: 'by note' },
    ],
    template: {
      ...template,
      owner,
      grants: [
        ...['INSERT', 'SELECT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'].map((privilege) => ({
          grantee: owner,
          privilege,
          isGrantable: false,
          column: null,
        })),
        { grantee: reader, privilege: 'SELECT', isGrantable: true, column: null },
        { grantee: reader, privilege: 'UPDATE', isGrantable: false, column: 'note' },
      ],
      rowSecurity: {
        enabled: true,
        forced: false,
        policies: [
          {
            name: 'own',
            isPermissive: false,
            command: 'UPDATE',
            roles: [reader],
            using: '("Org-id" = 7)',
            withCheck: '("Org-id" < 8)',
          },
        ],
      },
      replicaIdentity: { kind: 'index', definition: 'USING btree (occurred_at, id)' },
      storage: { fillfactor: '80', autovacuum_vacuum_scale_factor: '0.05' },
      statisticsTargets: [{ column: 'Org-id', target: 321 }],
    },
    columnOptions: [{ column: 'Org-id', options: { n_distinct: '100' } }],
  });
}

function index(name: string, columns: readonly (string | null)[], changes: Partial<IndexDefinition>): IndexDefinition {
  return {
    oid: '0',
    name,
    constraint: null,
    isUnique: false,
    isValid: true,
    columns,
    included: [],
    isPartial: false,
    isDeferrable: false,
    isDeferred: false,
    nullsNotDistinct: false,
    isTemporal: false,
    equalColumns: [],
    tail: '',
    constraintDefinition: changes.constraint === 'primary' ? 'PRIMARY KEY (id)' : null,
    tablespace: null,
    isClustered: false,
    statisticsTargets: [],
    ...changes,
  };
}

/** What both sides want the name of. */
export function namePairs(definition: TableDefinition): readonly NamePair[] {
  const pair = (kind: NamePair['kind'], name: string): NamePair => ({ kind, name, targetName: `${name}_new`, oldName: `${name}_old` });
  return [
    ...definition.indexes.map(({ name }) => pair('index', name)),
    ...definition.sequences.filter(({ kind }) => kind === 'identity').map(({ name }) => pair('sequence', name.name)),
    ...definition.statistics.map(({ name }) => pair('statistics', name.name)),
  ];
}

/** An engine whose migration has not been prepared: there is no target. Hold it by `await using`. */
export async function unprepared(database: TestDatabase, wanted: HandMade): Promise<HandMadeEngine> {
  const name = `"${`${wanted.table ?? 'revenues'}_partitioned`.replaceAll('"', '""')}"`;
  const engine = await handMade(database, { phase: 'prepare', ...wanted, target: `CREATE TABLE public.${name} ()` });
  await database.query(`DROP TABLE public.${name}; UPDATE partitiond.migration SET target_oid = NULL`);
  const definition = { ...(engine.spec.definition as TableDefinition), oid: engine.record.sourceOid };
  return { ...engine, spec: { ...engine.spec, definition, names: namePairs(definition) }, record: { ...engine.record, targetOid: null } };
}

/** Of the engine's process, killed and started again: nothing of it remembers. */
export function startedAgain(engine: HandMadeEngine): HandMadeEngine {
  return { ...engine, record: { ...engine.record, targetOid: null } };
}
