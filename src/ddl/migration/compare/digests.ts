import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import { quoteIdentifier } from '../../../partition/qualified-name.ts';
import { type ComparedSide, type Comparison, renderRows } from './compared-side.ts';
import { renderKeyRange } from './key-range.ts';

type Compared = Pick<MigrationSpec, 'key' | 'comparedColumns' | 'isHashable'>;

/**
 * Reads `rows` of the live side and `isEqual`: whether count, XOR and sum of all row hashes are the same on both sides. Each side is read on its own,
 * so a key that has a second row, in whichever partition, shows. A hash follows equality of its type: 1.0 and 1.00 count as one.
 */
export function renderDigests(spec: Compared, { live, follower, range }: Comparison): string {
  const digest = (side: ComparedSide): string =>
    `(SELECT pg_catalog.count(*) AS n, pg_catalog.bit_xor(r.h) AS x, pg_catalog.sum(r.h) AS s ` +
    // OFFSET 0 keeps the hash from being computed once for each aggregate.
    `FROM (SELECT ${renderHash(spec)} AS h ${renderRows(side, renderKeyRange(spec.key, range))} OFFSET 0) AS r)`;
  return (
    `SELECT l.n::pg_catalog.text AS "rows", (l.n, l.x, l.s) IS NOT DISTINCT FROM (f.n, f.x, f.s) AS "isEqual" ` +
    `FROM ${digest(live)} AS l CROSS JOIN ${digest(follower)} AS f`
  );
}

function renderHash({ comparedColumns, isHashable }: Compared): string {
  const row = `ROW(${comparedColumns.map(({ name }) => quoteIdentifier(name)).join(', ')})`;
  if (isHashable) return `pg_catalog.hash_record_extended(${row}, 0)`;
  return `pg_catalog.hashtextextended(${row}::pg_catalog.text COLLATE pg_catalog."C", 0)`;
}
