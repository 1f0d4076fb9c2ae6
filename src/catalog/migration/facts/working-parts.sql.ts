import { type NamedSql, namedSql } from '../../../postgres/named-sql.ts';
import { boolean, number, type RowDecoder, row } from '../../../postgres/row-decoder.ts';

/** Whether what a migration works with is still there. */
export interface WorkingParts {
  readonly hasTarget: boolean;
  readonly hasLog: boolean;
  /** Of capture, on the live side: enabled in some way, and disabled. */
  readonly triggersOn: number;
  readonly triggersOff: number;
}

/** `$1`: oid of the live side, `$2`: of the target, `$3`: the log's name as SQL, `$4`: how the names of capture's triggers begin. One row, no locks. */
export const workingPartsSql: NamedSql = namedSql(
  'read-working-parts',
  /* sql */ `
  SELECT
    EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = $2::pg_catalog.oid) AS "hasTarget",
    pg_catalog.to_regclass($3::pg_catalog.text) IS NOT NULL AS "hasLog",
    pg_catalog.count(*) FILTER (WHERE t.tgenabled <> 'D') AS "triggersOn",
    pg_catalog.count(*) FILTER (WHERE t.tgenabled = 'D') AS "triggersOff"
  FROM pg_catalog.pg_trigger AS t
  WHERE t.tgrelid = $1::pg_catalog.oid
    AND t.tgname ^@ $4::pg_catalog.text`,
);

export const decodeWorkingParts: RowDecoder<WorkingParts> = row<WorkingParts>({
  hasTarget: boolean,
  hasLog: boolean,
  triggersOn: number,
  triggersOff: number,
});
