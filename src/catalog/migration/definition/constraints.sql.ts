import type { CheckDefinition, ForeignKeyDefinition } from '../../../partition/migration/definition.ts';
import { columnsJson, type DefinitionPart, listPart, nameJson } from '../facts/definition-part.sql.ts';

/** `pg_get_constraintdef` without what an ordinary table's heirs or an unfinished validation add at its end; of `k`. */
export const plainConstraintSql: string = `pg_catalog.regexp_replace(
        pg_catalog.pg_get_constraintdef(k.oid), '( NO INHERIT)?( NOT ENFORCED)?( NOT VALID)?$', '\\2'
      )`;

/** NOT ENFORCED came with 18; such a constraint is never valid. */
const isEnforced = `COALESCE((pg_catalog.to_jsonb(k) ->> 'conenforced')::pg_catalog.bool, true)`;

/** NOT NULL is a constraint of its own since 18, and stands here only as long as it is not valid: a valid one is the column's. */
export const checksPart: DefinitionPart<readonly CheckDefinition[]> = listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname,
      'definition', ${plainConstraintSql},
      'isValid', k.convalidated,
      'isNoInherit', k.connoinherit,
      'isEnforced', ${isEnforced}
    ) ORDER BY k.conname)
    FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = t.oid
      AND (k.contype = 'c' OR (k.contype = 'n' AND NOT k.convalidated))`);

/** Rows of partitions are their parents' (conparentid). A table that references itself has its key in both lists. */
const foreignKeys = (side: 'conrelid' | 'confrelid'): string => /* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', k.conname,
      'table', ${nameJson('ownn.nspname', 'own.relname')},
      'tableOid', own.oid::pg_catalog.text,
      'isTablePartitioned', own.relkind = 'p',
      'referenced', ${nameJson('reachedn.nspname', 'reached.relname')},
      'referencedOid', reached.oid::pg_catalog.text,
      'isReferencedPartitioned', reached.relkind = 'p',
      'columns', ${columnsJson('k.conrelid', 'k.conkey')},
      'referencedColumns', ${columnsJson('k.confrelid', 'k.confkey')},
      'definition', ${plainConstraintSql},
      'isValid', k.convalidated,
      'isEnforced', ${isEnforced},
      'comment', pg_catalog.obj_description(k.oid, 'pg_constraint')
    ) ORDER BY ownn.nspname, own.relname, k.conname)
    FROM pg_catalog.pg_constraint AS k
    JOIN pg_catalog.pg_class AS own ON own.oid = k.conrelid
    JOIN pg_catalog.pg_namespace AS ownn ON ownn.oid = own.relnamespace
    JOIN pg_catalog.pg_class AS reached ON reached.oid = k.confrelid
    JOIN pg_catalog.pg_namespace AS reachedn ON reachedn.oid = reached.relnamespace
    WHERE k.${side} = t.oid
      AND k.contype = 'f'
      AND k.conparentid = 0`;

export const outgoingPart: DefinitionPart<readonly ForeignKeyDefinition[]> = listPart(foreignKeys('conrelid'));
export const incomingPart: DefinitionPart<readonly ForeignKeyDefinition[]> = listPart(foreignKeys('confrelid'));
