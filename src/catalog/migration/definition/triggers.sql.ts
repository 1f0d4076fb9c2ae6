import { InvariantError } from '../../../errors.ts';
import type { TriggerDefinition } from '../../../partition/migration/definition.ts';
import { json } from '../../../postgres/row-decoder.ts';
import { type DefinitionPart, listPart } from '../facts/definition-part.sql.ts';

/**
 * Not those that belong to a constraint or to a parent's trigger. Source of the bits of tgtype: src/include/catalog/pg_trigger.h (ROW 1, BEFORE 2).
 */
export const triggersPart: DefinitionPart<readonly TriggerDefinition[]> = {
  sql: listPart(/* sql */ `
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', tg.tgname,
      'definition', pg_catalog.pg_get_triggerdef(tg.oid),
      'table', (SELECT pg_catalog.format('%I.%I', n.nspname, t.relname)),
      'enabled', tg.tgenabled::pg_catalog.text,
      'isForEachRow', (tg.tgtype & 1) <> 0,
      'isConstraint', tg.tgconstraint <> 0,
      'hasTransitionTables', tg.tgoldtable IS NOT NULL OR tg.tgnewtable IS NOT NULL,
      'isBeforeRow', (tg.tgtype & 3) = 3
    ) ORDER BY tg.tgname)
    FROM pg_catalog.pg_trigger AS tg
    WHERE tg.tgrelid = t.oid
      AND NOT tg.tgisinternal
      AND tg.tgparentid = 0`).sql,
  decode: json((value) =>
    (value as readonly (TriggerDefinition & { readonly table: string })[]).map(({ table, ...trigger }) => ({
      ...trigger,
      ...splitAtTable(trigger.definition, table),
    })),
  ),
};

/** Before the table stand words and quoted names alone, which may hold anything, and so may the condition behind it. */
function splitAtTable(definition: string, table: string): Pick<TriggerDefinition, 'head' | 'tail'> {
  const between = ` ON ${table} `;
  let isQuoted = false;
  for (let at = 0; at < definition.length; at++) {
    if (definition[at] === '"') isQuoted = !isQuoted;
    else if (!isQuoted && definition.startsWith(between, at)) {
      return { head: definition.slice(0, at), tail: definition.slice(at + between.length) };
    }
  }
  throw new InvariantError('PD902', 'the definition of a trigger does not name its table');
}
