import { InvariantError } from '../errors.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, row } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

export interface LeadershipClaim {
  /** Who leads from now on, for example `pod-1`. */
  readonly holder: string;
  /** Which configuration it runs, for example a digest of the file. */
  readonly configurationGeneration: string;
}

/**
 * Starts a new epoch and returns it; call it only while holding the advisory lock of leadership. From then on every transaction of an
 * earlier leader fails at its `epochGuard`. Waits for such a transaction that is already past its guard (55P03 after `lock_timeout`: call
 * again). Whatever was begun and not finished belongs to a leader that is gone, and is marked `interrupted`.
 */
export async function claimLeadership(session: Session, schema: string, claim: LeadershipClaim, signal: AbortSignal): Promise<bigint> {
  const [claimed] = await session.rows(claimSql(schema), [claim.holder, claim.configurationGeneration], decodeEpoch, signal);
  if (claimed === undefined) throw new InvariantError('PD903', 'claim-leadership returned no epoch');
  return claimed.epoch;
}

/** A statement without semicolon that raises SQLSTATE PD301 unless `epoch` is current, and keeps it current until the transaction ends. */
export function epochGuard(schema: string, epoch: bigint): string {
  return `SELECT ${qualify(schema, 'require_epoch')}(${epoch})`;
}

function claimSql(schema: string): NamedSql {
  return namedSql(
    'claim-leadership',
    /* sql */ `
    WITH
      claimed AS (
        INSERT INTO ${qualify(schema, 'leadership')} AS l (epoch, holder, configuration_generation)
        VALUES (1, $1, $2)
        ON CONFLICT (only_row) DO UPDATE SET
          epoch = l.epoch + 1,
          holder = EXCLUDED.holder,
          configuration_generation = EXCLUDED.configuration_generation,
          since = pg_catalog.clock_timestamp()
        RETURNING l.epoch
      ),
      ended_operations AS (
        UPDATE ${qualify(schema, 'operation')} SET outcome = 'interrupted', finished_at = pg_catalog.clock_timestamp() WHERE outcome IS NULL
      ),
      ended_runs AS (
        UPDATE ${qualify(schema, 'run')} SET outcome = 'interrupted', finished_at = pg_catalog.clock_timestamp() WHERE outcome IS NULL
      )
    SELECT claimed.epoch AS "epoch" FROM claimed`,
  );
}

const decodeEpoch = row<{ readonly epoch: bigint }>({ epoch: bigint });
