import { renderHomelessKeys } from '../../ddl/migration/copy/copy-batch.ts';
import { sidesOf } from '../../partition/migration/spec.ts';
import { type NamedSql, namedSql } from '../../postgres/named-sql.ts';
import { row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import type { Blocks } from './share/range-queue.ts';

/** Partition key values of rows in these blocks that no partition of the target takes; some of them when there are many, none when there are none. */
export async function readHomelessKeys(engine: Engine, session: Session, blocks: Blocks, signal: AbortSignal): Promise<readonly string[]> {
  const { live: source, follower: target } = sidesOf(engine.spec, 'source');
  const constraints = await session.rows(constraintsSql, [target.name.schema, target.name.name], decodeConstraint, signal);
  const sql = renderHomelessKeys(
    { partitionKey: engine.spec.partitionKey, table: source.name },
    blocks,
    constraints.map(({ constraint }) => constraint),
  );
  return (await session.rows(namedSql('read-homeless-keys', sql), [], decodeKey, signal)).map(({ key }) => key);
}

/** A default partition takes what no other does, and says so in its own. */
const constraintsSql: NamedSql = namedSql(
  'migration-partition-constraints',
  /* sql */ `
  SELECT
    pg_catalog.pg_get_partition_constraintdef(i.inhrelid) AS "constraint"
  FROM pg_catalog.pg_inherits AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhparent
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = $1::pg_catalog.text
    AND c.relname = $2::pg_catalog.text
    AND pg_catalog.pg_get_partition_constraintdef(i.inhrelid) IS NOT NULL`,
);
const decodeConstraint = row<{ constraint: string }>({ constraint: text });
const decodeKey = row<{ key: string }>({ key: text });
