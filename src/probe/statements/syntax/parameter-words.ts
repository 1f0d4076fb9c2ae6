import { asNode, itemsOf, stringsOf, walk } from '../../syntax/tree.ts';
import type { ParsedStatement } from './parse-statement.ts';

/** Functions whose first argument is one of a few words. AT TIME ZONE is `timezone`. */
const words: Readonly<Record<string, string>> = { date_trunc: 'day', date_part: 'epoch', timezone: 'UTC' };

/** Parameters that only certain words fit, each with one of them: `date_trunc($1, at)`. Pure. */
export function parameterWords({ fields }: ParsedStatement): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  walk(fields, (kind, node) => {
    const word = kind === 'FuncCall' ? words[stringsOf(node['funcname']).at(-1) ?? ''] : undefined;
    const first = word === undefined ? null : asNode(itemsOf(node['args'])[0]);
    const parameter = first?.kind === 'TypeCast' ? asNode(first.fields['arg']) : first;
    const number = parameter?.kind === 'ParamRef' ? parameter.fields['number'] : null;
    if (typeof number === 'number' && word !== undefined) found.set(number, word);
    return true;
  });
  return found;
}
