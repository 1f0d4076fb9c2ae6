import type { Live, MigrationSpec } from '../../../partition/migration/spec.ts';
import type { SwitchFacts } from '../../../partition/migration/switch-facts.ts';
import type { QualifiedName } from '../../../partition/qualified-name.ts';

/** One side of a switch: the table's name passes from `old` to `fresh`. */
export interface TurningSide {
  readonly is: Live;
  readonly oid: string;
  readonly before: QualifiedName;
  readonly after: QualifiedName;
}

/** A switch in either direction, as its statements are rendered from: forward `fresh` is the target, back it is the source. */
export interface Turn {
  readonly id: string;
  readonly spec: MigrationSpec;
  readonly serverVersion: number;
  readonly facts: SwitchFacts;
  /** Live until then. */
  readonly old: TurningSide;
  /** Live from then on. */
  readonly fresh: TurningSide;
}

/** What a turn is made of besides the side that is live. */
export type TurnParts = Pick<Turn, 'id' | 'spec' | 'serverVersion' | 'facts'> & { readonly sourceOid: string; readonly targetOid: string };

/** The switch that makes the other side live than `live`. */
export function turnFrom(live: Live, { sourceOid, targetOid, ...parts }: TurnParts): Turn {
  const { spec } = parts;
  const isSourceLive = live === 'source';
  const source: TurningSide = {
    is: 'source',
    oid: sourceOid,
    before: isSourceLive ? spec.table : spec.oldName,
    after: isSourceLive ? spec.oldName : spec.table,
  };
  const target: TurningSide = {
    is: 'target',
    oid: targetOid,
    before: isSourceLive ? spec.targetName : spec.table,
    after: isSourceLive ? spec.table : spec.targetName,
  };
  return isSourceLive ? { ...parts, old: source, fresh: target } : { ...parts, old: target, fresh: source };
}

/** Partitions that hold rows of the table with `oid`; none of an ordinary one. */
export function leavesOf(turn: Pick<Turn, 'facts'>, oid: string): readonly { readonly oid: string; readonly name: QualifiedName }[] {
  return turn.facts.leaves.filter(({ rootOid }) => rootOid === oid);
}
