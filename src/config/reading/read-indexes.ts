import type { IndexPolicy } from '../../partition/policy.ts';
import { type IndexKeys, indexSection } from '../declaration/index-keys.ts';
import type { ValuesOf } from '../declaration/key.ts';
import { isUnset, type MapNode, type Report } from '../document/config-node.ts';
import { methods } from '../format/index-method.ts';
import { firstSightings } from './first-sightings.ts';
import { completeValues, readOptionalList, readSection, reportValue } from './read-section.ts';

/** INDEX_MAX_KEYS of PostgreSQL as it is shipped; included columns count. */
const mostColumns = 32;

/** The indexes that a table asks for, in the order of the file; null when anything about one is wrong (reported). */
export function readIndexes(table: MapNode, report: Report): readonly IndexPolicy[] | null {
  const isFirst = firstSightings(report);
  const items = readOptionalList(table, 'indexes', report);
  const indexes = items?.map((item) => {
    const index = readIndex(item, report);
    return index !== null && isFirst(index.name, `the index ${JSON.stringify(index.name)}`, item) ? index : null;
  });
  const complete = indexes?.filter((index) => index !== null) ?? [];
  return indexes !== undefined && complete.length === indexes.length ? complete : null;
}

function readIndex(node: MapNode, report: Report): IndexPolicy | null {
  const partial = readSection(indexSection, node, report);
  const isOneOf = checkKeys(node, report);
  const values = completeValues(indexSection, partial);
  const keys = values?.columns ?? values?.expression ?? null;
  if (values === null || keys === null || !isOneOf) return null;
  const index: IndexPolicy = {
    name: values.name,
    keys,
    method: values.method,
    isUnique: values.unique,
    include: values.include,
    where: values.where,
    storage: values.with,
    tablespace: values.tablespace,
    partitions: values.partitions,
  };
  return checkAbilities(node, index, values, report) ? index : null;
}

function checkKeys(node: MapNode, report: Report): boolean {
  const hasColumns = !isUnset(node.entries.get('columns'));
  if (hasColumns !== !isUnset(node.entries.get('expression'))) return true;
  report(
    node,
    hasColumns
      ? 'both columns and expression are set; in a list of expressions columns may stand too'
      : 'neither columns nor expression is set; write, for example, columns: [org_id, occurred_at]',
  );
  return false;
}

/** What the access method cannot do, said here rather than by the CREATE INDEX of some night. */
function checkAbilities(
  node: MapNode,
  { keys, include, isUnique, method }: IndexPolicy,
  values: ValuesOf<IndexKeys>,
  report: Report,
): boolean {
  const abilities = methods.get(method);
  const refuse = (key: keyof IndexKeys, reason: string, allowed: string): false => {
    reportValue(node.entries.get(key) ?? node, reason, allowed, false, report);
    return false;
  };
  const written = values.columns === null ? 'expression' : 'columns';
  if (keys.length + include.length > mostColumns)
    return refuse(written, `with those of include there are more than ${mostColumns}`, `at most ${mostColumns}`);
  if (abilities === undefined) return true;
  if (isUnique && !abilities.unique)
    return refuse('unique', `an index of the method ${method} cannot be unique`, 'false; or method: btree');
  if (keys.length > 1 && !abilities.severalKeys)
    return refuse(written, `an index of the method ${method} has one key`, 'one of them; or another method');
  if (include.length > 0 && !abilities.include)
    return refuse('include', `an index of the method ${method} includes no columns`, 'none; or method: btree, gist or spgist');
  const ordered = keys.find((key) => key.kind === 'column' && /(?:^| )(?:DESC|NULLS FIRST|NULLS LAST)$/.test(key.options));
  if (ordered === undefined || abilities.order) return true;
  return refuse(written, `an index of the method ${method} has no order`, 'columns without DESC and NULLS; or method: btree');
}
