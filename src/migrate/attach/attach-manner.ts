import { renderCountBeyond } from '../../ddl/migration/attach/beyond.ts';
import { renderAttachLocks } from '../../ddl/migration/attach/locks.ts';
import { newLeaves, renderAttachSwitch, renderDetachSwitch } from '../../ddl/migration/attach/render-attach-switch.ts';
import type { Turn } from '../../ddl/migration/switch/turn.ts';
import { InvariantError, MigrationError } from '../../errors.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { number, row } from '../../postgres/row-decoder.ts';
import type { Engine } from '../engine.ts';
import { assertNoIdleSnapshot } from '../switch/idle-snapshots.ts';
import type { SwitchManner } from '../switch/manner.ts';
import { readUntil } from './keep-partitions.ts';
import { readUntilCheck } from './read-until-check.ts';

/** More rows than that take longer to move than others are to be kept waiting. */
const movedAtMost = 10_000;

/**
 * The rows stay where they are, so no snapshot forbids the way forward: an old one finds them through the new table as well. Back, rows of the new
 * partitions move, and a snapshot from before sees them in neither place.
 */
export const attachManner: SwitchManner = {
  locks: renderAttachLocks,
  prepare: async (engine, turn, signal) => {
    if (turn.fresh.is === 'source') {
      await countBeyond(engine, turn, signal);
      return renderDetachSwitch(turn, engine.surroundings.journalSchema);
    }
    await assertProved(engine, signal);
    const { literal } = await readUntil(engine, signal);
    return renderAttachSwitch(turn, literal);
  },
  rows: '/* count the rows of the new partitions */',
  settleRows: async (engine, turn, signal) => {
    if (turn.fresh.is === 'target') return;
    if ((await countBeyond(engine, turn, signal)) > 0) await assertNoIdleSnapshot(engine, signal);
  },
};

/** Without it ATTACH would read the whole table under the locks. */
async function assertProved(engine: Engine, signal: AbortSignal): Promise<void> {
  if ((await readUntilCheck(engine, signal)) === 'valid') return;
  const table = formatQualifiedName(engine.spec.table);
  throw new MigrationError(
    'PD652',
    `Could not switch ${table}: nothing proves that its rows lie before the first new partition. Run \`partitiond migrate verify --table ${table}\` first.`,
  );
}

async function countBeyond({ session, spec, record }: Engine, turn: Turn, signal: AbortSignal): Promise<number> {
  const names = newLeaves(turn, record.sourceOid).map(({ name }) => name);
  const count = namedSql('count-rows-beyond', renderCountBeyond(names, movedAtMost + 1));
  const [found] = await session.rows(count, [], row<{ rows: number }>({ rows: number }), signal);
  if (found === undefined) throw new InvariantError('PD903', 'count-rows-beyond returned no row');
  if (found.rows <= movedAtMost) return found.rows;
  const table = formatQualifiedName(spec.table);
  const what = `the new partitions hold ${await estimate(session, names, signal)} rows, and at most ${movedAtMost} are moved back with the old table`;
  const fix = `Delete or move rows of ${names.map(formatQualifiedName).join(', ')} first, or stay with the new table and run \`${migrateCommand('finish --yes', spec.table)}\``;
  throw new MigrationError('PD653', `Could not roll back the migration of ${table}: ${what}. ${fix}.`);
}

/** Exact up to a million. */
async function estimate(session: Engine['session'], names: Parameters<typeof renderCountBeyond>[0], signal: AbortSignal): Promise<string> {
  const most = 1_000_000;
  const count = namedSql('count-rows-beyond', renderCountBeyond(names, most));
  const [found] = await session.rows(count, [], row<{ rows: number }>({ rows: number }), signal);
  const rows = found?.rows ?? most;
  return rows < most ? String(rows) : `${most} or more`;
}
