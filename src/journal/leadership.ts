import { InvariantError } from '../errors.ts';
import type { EpochMicros } from '../partition/position.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { bigint, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { qualify } from './qualify.ts';

export interface LeadershipClaim {
  /** Who leads from now on, for example `pod-1`. */
  readonly holder: string;
  /** Which configuration it runs, for example a digest of the file. */
  readonly configurationGeneration: string;
}

/** A claim of a daemon, which may have loaded its configuration long ago. */
export interface GenerationClaim extends LeadershipClaim {
  readonly loadedAgoMs: number;
  /** The epoch that this very process goes on from, with a configuration loaded since; null when it comes anew. */
  readonly succeeds: bigint | null;
}

/** `generation`: how often the configuration that leads has changed; 1 is the first. */
export interface ClaimedGeneration {
  readonly epoch: bigint;
  readonly generation: bigint;
}

/** Who was last to take the leadership. */
export interface Leader {
  readonly holder: string;
  readonly epoch: bigint;
  /** Clock of the database. */
  readonly since: EpochMicros;
}

/** Null before the first; whether it still leads is not said. The journal must be installed. */
export async function readLeader(session: Session, schema: string, signal: AbortSignal): Promise<Leader | null> {
  const [leader] = await session.rows(leaderSql(schema), [], row<Leader>({ holder: text, epoch: bigint, since: bigint }), signal);
  return leader ?? null;
}

function leaderSql(schema: string): NamedSql {
  return namedSql(
    'read-leader',
    /* sql */ `
    SELECT
      l.holder AS "holder",
      l.epoch AS "epoch",
      (EXTRACT(epoch FROM l.since) * 1000000)::pg_catalog.int8 AS "since"
    FROM ${qualify(schema, 'leadership')} AS l`,
  );
}

/**
 * Starts a new epoch and returns it; call it only while holding the advisory lock of leadership. From then on every transaction of an
 * earlier leader fails at its `epochGuard`. Waits for such a transaction that is already past its guard (55P03 after `lock_timeout`: call
 * again). Whatever was begun and not finished belongs to a leader that is gone, and is marked `interrupted`. The generation stays what it
 * is: a one-shot command has read its configuration just now, which says nothing about that of the daemons.
 */
export async function claimLeadership(session: Session, schema: string, claim: LeadershipClaim, signal: AbortSignal): Promise<bigint> {
  const [claimed] = await session.rows(claimSql(schema), [claim.holder, claim.configurationGeneration], decodeClaim, signal);
  if (claimed === undefined) throw new InvariantError('PD903', 'claim-leadership returned no epoch');
  return claimed.epoch;
}

/**
 * The same for a daemon: its configuration becomes the one that leads, as a new generation unless it leads already. Null, and nothing is
 * changed, when another configuration was first led with after this one had been loaded: then this one is a leftover. Not so when that was
 * the process itself: a reload may come while its claim is under way.
 */
export async function claimGeneration(
  session: Session,
  schema: string,
  claim: GenerationClaim,
  signal: AbortSignal,
): Promise<ClaimedGeneration | null> {
  const parameters = [claim.holder, claim.configurationGeneration, claim.loadedAgoMs / 1000, claim.succeeds];
  const [claimed] = await session.rows(claimGenerationSql(schema), parameters, decodeClaim, signal);
  return claimed ?? null;
}

/** A statement without semicolon that raises SQLSTATE PD301 unless `epoch` is current, and keeps it current until the transaction ends. */
export function epochGuard(schema: string, epoch: bigint): string {
  return `SELECT ${qualify(schema, 'require_epoch')}(${epoch})`;
}

/** SQL: whether a configuration may lead after the one in row `l`; parameters for its hash and how many seconds ago it was loaded. */
export function mayLeadAfter(hash: string, loadedAgo: string): string {
  const loadedAt = `pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => ${loadedAgo}::pg_catalog.float8)`;
  return `(l.policy_hash IS NULL OR l.policy_hash = ${hash} OR ${loadedAt} > l.hash_seen_at)`;
}

function claimSql(schema: string): NamedSql {
  const claim = /* sql */ `
    INSERT INTO ${qualify(schema, 'leadership')} AS l (epoch, holder, configuration_generation)
    VALUES (1, $1, $2)
    ON CONFLICT (only_row) DO UPDATE SET
      epoch = l.epoch + 1,
      holder = EXCLUDED.holder,
      configuration_generation = EXCLUDED.configuration_generation,
      since = pg_catalog.clock_timestamp()
    RETURNING l.epoch, l.generation`;
  return namedSql('claim-leadership', withEnded(schema, claim));
}

function claimGenerationSql(schema: string): NamedSql {
  const claim = /* sql */ `
    INSERT INTO ${qualify(schema, 'leadership')} AS l
      (epoch, holder, configuration_generation, policy_hash, generation, hash_seen_at)
    VALUES (1, $1, $2, $2, 1, pg_catalog.clock_timestamp())
    ON CONFLICT (only_row) DO UPDATE SET
      epoch = l.epoch + 1,
      holder = EXCLUDED.holder,
      configuration_generation = EXCLUDED.configuration_generation,
      since = pg_catalog.clock_timestamp(),
      policy_hash = EXCLUDED.policy_hash,
      generation = CASE WHEN l.policy_hash = EXCLUDED.policy_hash THEN l.generation ELSE l.generation + 1 END,
      hash_seen_at = CASE WHEN l.policy_hash = EXCLUDED.policy_hash THEN l.hash_seen_at ELSE pg_catalog.clock_timestamp() END
    WHERE ${mayLeadAfter('$2', '$3')} OR l.epoch = $4::pg_catalog.int8
    RETURNING l.epoch, l.generation`;
  return namedSql('claim-leadership', withEnded(schema, claim));
}

/** `claim` together with the end of what an earlier leader has left open, which is left alone when the claim is refused. */
function withEnded(schema: string, claim: string): string {
  const end = (table: string): string =>
    `UPDATE ${qualify(schema, table)} SET outcome = 'interrupted', finished_at = pg_catalog.clock_timestamp() ` +
    'WHERE outcome IS NULL AND EXISTS (SELECT FROM claimed)';
  return /* sql */ `
    WITH claimed AS (${claim}), ended_operations AS (${end('operation')}), ended_runs AS (${end('run')})
    SELECT claimed.epoch AS "epoch", claimed.generation AS "generation" FROM claimed`;
}

const decodeClaim = row<ClaimedGeneration>({ epoch: bigint, generation: bigint });
