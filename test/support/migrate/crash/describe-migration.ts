import { describeDatabase } from '../describe-database.ts';
import { createRevenues, type Revenues } from '../revenues.ts';
import type { Kind } from './kinds.ts';

/** Everything that must be as if nothing had happened: the catalog, and where the journal says that the migration is. */
export async function describeMigration({ database }: Revenues): Promise<readonly string[]> {
  const state = await database.query<{ line: string }>(`
    SELECT format('journal: %s, live %s, paused %s, fingerprint %s, %s mismatches, differences %s, %s', phase, live, paused_kind, fingerprint IS NULL,
        verdict ->> 'mismatches', verdict ->> 'differences', last_switch ->> 'direction') AS line FROM partitiond.migration
    UNION ALL SELECT format('ranges of %s: from %s, %s, up to the end %s', s.oid::regclass, min(from_block), state, max(to_block) = s.blocks)
      FROM partitiond.migration_range AS r JOIN partitiond.migration_source AS s ON s.migration_id = r.migration_id AND s.oid = r.source_oid
      GROUP BY s.oid, state, s.blocks
    UNION ALL SELECT format('detached: %s.%s, %s, dated %s', schema_name, name, state, drop_after > now()) FROM partitiond.detached_partition`);
  return [...state.map(({ line }) => line), ...(await describeDatabase(database))];
}

/** Lines that only one of both has. */
export function unlike(found: readonly string[], expected: readonly string[]): readonly string[] {
  const only = (what: string, a: readonly string[], b: readonly string[]): readonly string[] =>
    a.filter((line) => !b.includes(line)).map((line) => `${what} ${line}`);
  return [...only('+', found, expected), ...only('-', expected, found)];
}

/** What an undisturbed run comes to, by the phase it has reached; `back`: after a rollback. */
export type Story = Readonly<Record<'ready' | 'switched' | 'back' | 'finished', readonly string[]>>;

const stories = new Map<string, Promise<Story>>();

/** Told once for each kind. */
export function undisturbed(kind: Kind): Promise<Story> {
  const told = stories.get(kind.name) ?? tell(kind);
  stories.set(kind.name, told);
  return told;
}

async function tell(kind: Kind): Promise<Story> {
  await using revenues = await createRevenues({ kind, rows: 2_000 });
  await revenues.ok('start');
  const ready = await describeMigration(revenues);
  await revenues.ok('switch');
  const switched = await describeMigration(revenues);
  await revenues.ok('rollback');
  await revenues.ok('start');
  const back = await describeMigration(revenues);
  await revenues.ok('verify');
  await revenues.ok('switch');
  await revenues.ok('finish', '--yes');
  return { ready, switched, back, finished: await describeMigration(revenues) };
}
