import { readDefinition } from '../../../src/catalog/migration/read-definition.ts';
import { migrationNames } from '../../../src/plan/migration/migration-names.ts';
import type { TestDatabase } from '../database.ts';
import { noAbort } from '../open-session.ts';
import { type HandMade, type HandMadeEngine, handMade } from './hand-made.ts';

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

/** An engine whose migration has not been prepared: there is no target. Hold it by `await using`. */
export async function unprepared(database: TestDatabase, wanted: HandMade): Promise<HandMadeEngine> {
  const name = `"${`${wanted.table ?? 'revenues'}_partitioned`.replaceAll('"', '""')}"`;
  const engine = await handMade(database, { phase: 'prepare', ...wanted, target: `CREATE TABLE public.${name} ()` });
  await database.query(`DROP TABLE public.${name}; UPDATE partitiond.migration SET target_oid = NULL`);
  const definition = await readDefinition(engine.session, engine.spec.table, noAbort);
  if (definition === null) throw new Error('the source is not there');
  return {
    ...engine,
    spec: { ...engine.spec, definition, names: migrationNames(definition).names },
    record: { ...engine.record, targetOid: null },
  };
}

/** Of the engine's process, killed and started again: nothing of it remembers. */
export function startedAgain(engine: HandMadeEngine): HandMadeEngine {
  return { ...engine, record: { ...engine.record, targetOid: null } };
}
