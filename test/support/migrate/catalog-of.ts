import { readDefinition } from '../../../src/catalog/migration/read-definition.ts';
import { readSideCatalog } from '../../../src/catalog/migration/read-side-catalog.ts';
import type { TableDefinition } from '../../../src/partition/migration/definition.ts';
import type { SideCatalog } from '../../../src/partition/migration/side-catalog.ts';
import type { QualifiedName } from '../../../src/partition/qualified-name.ts';
import type { TestDatabase } from '../database.ts';
import { noAbort, openSession } from '../open-session.ts';

/** All that the catalog says of a table and of what hangs on it, oids and all; what partitiond has hung on it is left out. */
export interface CatalogOf {
  readonly definition: TableDefinition;
  readonly side: SideCatalog;
  /** Rows of the catalog that neither of the two reads. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export async function catalogOf(database: TestDatabase, name: QualifiedName): Promise<CatalogOf> {
  await using session = await openSession(database);
  const definition = await readDefinition(session, name, noAbort);
  const side = definition === null ? null : await readSideCatalog(session, definition, noAbort);
  if (definition === null || side === null) throw new Error(`no table ${name.name}`);
  const raw: Record<string, unknown> = {};
  for (const [what, sql] of Object.entries(rawSql)) raw[what] = await database.query(sql, [definition.oid]);
  const triggers = definition.triggers.filter(({ name: trigger }) => !trigger.startsWith('partitiond_'));
  return { definition: { ...definition, triggers }, side, raw };
}

/** `$1`: oid of the table. Keys of partitions are their parents', which adopt them before 18. Filters of publications remember where in a statement they stood. Measured sizes and what VACUUM counts are left out. */
const rawSql: Readonly<Record<string, string>> = {
  relation: `SELECT to_jsonb(c) - '{relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid,relhastriggers}'::text[] AS row FROM pg_class AS c WHERE c.oid = $1`,
  columns: `SELECT to_jsonb(a) - '{attcacheoff}'::text[] AS row, pg_get_expr(d.adbin, d.adrelid) AS default
    FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum) WHERE a.attrelid = $1 ORDER BY a.attnum`,
  constraints: `SELECT k.oid, to_jsonb(k) AS row, obj_description(k.oid, 'pg_constraint') AS comment FROM pg_constraint AS k
    WHERE k.conrelid = $1 AND k.contype <> 'f' ORDER BY k.oid`,
  keys: `SELECT k.conname, k.conrelid::regclass AS table, to_jsonb(k) - '{oid}'::text[] AS row, obj_description(k.oid, 'pg_constraint') AS comment
    FROM pg_constraint AS k WHERE $1 IN (k.conrelid, k.confrelid) AND k.contype = 'f' AND k.conparentid = 0 ORDER BY k.conrelid, k.conname`,
  indexes: `SELECT to_jsonb(x) AS row, c.relname, c.reloptions, c.relacl, obj_description(c.oid, 'pg_class') AS comment
    FROM pg_index AS x JOIN pg_class AS c ON c.oid = x.indexrelid WHERE x.indrelid = $1 ORDER BY c.oid`,
  triggers: `SELECT to_jsonb(t) AS row, pg_get_triggerdef(t.oid) AS definition FROM pg_trigger AS t
    WHERE t.tgrelid = $1 AND NOT t.tgisinternal AND NOT t.tgname ^@ 'partitiond_' ORDER BY t.oid`,
  sequences: `SELECT c.oid, c.relname, c.relowner::regrole AS owner, c.relacl, to_jsonb(q) AS row, obj_description(c.oid, 'pg_class') AS comment, d.deptype
    FROM pg_depend AS d JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_sequence AS q ON q.seqrelid = c.oid
    WHERE d.refobjid = $1 AND d.classid = 'pg_class'::regclass ORDER BY c.oid`,
  views: `SELECT DISTINCT c.oid, c.relname, c.relowner::regrole AS owner, c.relacl, c.reloptions, pg_get_viewdef(c.oid) AS definition,
      obj_description(c.oid, 'pg_class') AS comment,
      (SELECT json_agg(json_build_array(a.attname, a.attacl, col_description(c.oid, a.attnum), a.atthasdef, a.attcollation) ORDER BY a.attnum)
        FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0)::text AS columns
    FROM pg_class AS c WHERE c.relkind = 'v' AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = $1) ORDER BY c.oid`,
  functions: `SELECT p.oid, p.proname, p.proowner::regrole AS owner, p.proacl, pg_get_functiondef(p.oid) AS definition, obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc AS p WHERE p.prosqlbody IS NOT NULL AND p.pronamespace = (SELECT relnamespace FROM pg_class WHERE oid = $1) ORDER BY p.oid`,
  policies: `SELECT to_jsonb(p) AS row FROM pg_policy AS p WHERE p.polrelid = $1 ORDER BY p.oid`,
  publications: `SELECT p.pubname, to_jsonb(r) - '{oid,prqual}'::text[] AS row FROM pg_publication_rel AS r JOIN pg_publication AS p ON p.oid = r.prpubid WHERE r.prrelid = $1 ORDER BY 1`,
  statistics: `SELECT to_jsonb(s) AS row FROM pg_statistic_ext AS s WHERE s.stxrelid = $1 ORDER BY s.oid`,
};
