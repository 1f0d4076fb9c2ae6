import { renderCreateLog } from '../../../src/ddl/migration/capture/capture-log.ts';
import { positionColumns, sidesOf } from '../../../src/partition/migration/spec.ts';
import { formatQualifiedName, quoteIdentifier } from '../../../src/partition/qualified-name.ts';
import type { TestDatabase } from '../database.ts';
import { type HandMade, type HandMadeEngine, handMade } from './hand-made.ts';

/** An engine whose target holds all rows of the source and whose log is empty: as after the copy, but without triggers. */
export async function copied(database: TestDatabase, wanted: HandMade = {}): Promise<HandMadeEngine> {
  const engine = await handMade(database, { phase: 'verify', ...wanted, live: 'source' });
  for (const sql of renderCreateLog(engine.spec, 'partitiond', engine.id)) await database.query(sql);
  const columns = engine.spec.columns.map(({ name }) => quoteIdentifier(name)).join(', ');
  const { live: source, follower: target } = sidesOf(engine.spec, 'source');
  await database.query(
    `INSERT INTO ${formatQualifiedName(target.name)} (${columns}) SELECT ${columns} FROM ONLY ${formatQualifiedName(source.name)}`,
  );
  return engine;
}

/** What capture writes of a key and its partition key. */
export async function captured(database: TestDatabase, { id, spec }: HandMadeEngine, position: readonly unknown[]): Promise<void> {
  const columns = positionColumns(spec).map((_, index) => (index < spec.key.length ? `k${index + 1}` : 'p'));
  const values = columns.map((_, index) => `$${index + 1}`).join(', ');
  await database.query(`INSERT INTO partitiond.capture_${id} (${columns.join(', ')}) VALUES (${values})`, position);
}

/** `kind key`, by key. */
export async function mismatches(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(
    `SELECT kind || ' ' || array_to_string(key, ',') AS line FROM partitiond.migration_mismatch ORDER BY key, kind`,
  );
  return rows.map(({ line }) => line);
}
