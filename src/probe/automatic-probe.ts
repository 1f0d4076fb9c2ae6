import type { Parent } from '../catalog/describe-parent.ts';
import type { KeyCodec } from '../partition/key.ts';
import type { ProbePolicy } from '../partition/policy.ts';
import { type Edge, isPosition, type Position, type Range } from '../partition/position.ts';
import { automaticProbeName } from '../partition/probe-names.ts';
import { formatQualifiedName, quoteIdentifier } from '../partition/qualified-name.ts';

/** As that of a configured probe. */
const timeoutMs = 10_000;

/** That of a table of which nothing is known. */
export const emptyAutomaticProbe: ProbePolicy = {
  name: automaticProbeName,
  sql: '',
  params: [],
  analyze: false,
  timeoutMs,
  expect: { partitions: 1, planningMs: null, executionMs: null },
};

/**
 * The bounds travel as parameters, whose type is the key's own; a collation of the key stands at the column, or nothing prunes. No column but
 * the key need be readable. Pure.
 */
export function automaticProbe({ key, codec, policy }: Pick<Parent, 'key' | 'codec' | 'policy'>, range: Range): ProbePolicy {
  const column = quoteIdentifier(key.name);
  const compared = key.collation === null ? column : `${column} COLLATE ${key.collation}`;
  const params: string[] = [];
  const conditions: string[] = [];
  const compare = (edge: Edge, operator: '>=' | '<'): void => {
    const text = isPosition(edge) ? boundText(codec, edge) : null;
    if (text === null) return;
    params.push(text);
    conditions.push(`${compared} ${operator} $${params.length}`);
  };
  compare(range.from, '>=');
  compare(range.to, '<');
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return { ...emptyAutomaticProbe, sql: `SELECT 1 FROM ${formatQualifiedName(policy.table)}${where}`, params };
}

/** Null: beyond what the key's type can hold, where an interval may end and no row is. */
function boundText(codec: KeyCodec, position: Position): string | null {
  try {
    return codec.format(position);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
