import { boundCheckName } from '../../ddl/migration/regrain/bound-check.ts';
import { InvariantError } from '../../errors.ts';
import type { MigrationSpec, Regrain, RegrainRange } from '../../partition/migration/spec.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { decodeRegrainRelation, type RegrainRelation, regrainRelationsSql } from './relations.sql.ts';

/** An engine whose migration is about partitions. */
export interface RegrainEngine extends Engine {
  readonly spec: MigrationSpec & { readonly regrain: Regrain };
}

export function isRegrain(engine: Engine): engine is RegrainEngine {
  return engine.spec.regrain !== undefined;
}

/** A partition of the plan with what the catalog says of it. */
export type Member = RegrainRange & Omit<RegrainRelation, 'name' | 'schema'>;

export interface Members {
  /** The table itself, which has a trigger from its first switch on. */
  readonly table: Pick<RegrainRelation, 'triggers'>;
  readonly sources: readonly Member[];
  readonly targets: readonly Member[];
}

/** In the order of the plan; what does not exist is left out. */
export async function readMembers({ spec, id }: RegrainEngine, session: Session, signal: AbortSignal): Promise<Members> {
  const { sources, targets } = spec.regrain;
  const parameters = [
    [spec.definition.oid, ...sources.map(({ oid }) => oid)],
    targets.map(({ name }) => name.schema),
    targets.map(({ name }) => name.name),
    boundCheckName(id),
    id,
  ];
  const found = await session.rows(regrainRelationsSql, parameters, decodeRegrainRelation, signal);
  const member = (range: RegrainRange, relation: RegrainRelation | undefined): readonly Member[] =>
    relation === undefined ? [] : [{ ...relation, ...range, name: { schema: relation.schema, name: relation.name } }];
  return {
    table: found.find(({ oid }) => oid === spec.definition.oid) ?? { triggers: [] },
    sources: sources.flatMap((source) =>
      member(
        source,
        found.find(({ oid }) => oid === source.oid),
      ),
    ),
    targets: targets.flatMap((target) =>
      member(
        target,
        found.find(({ schema, name }) => schema === target.name.schema && name === target.name.name),
      ),
    ),
  };
}

/**
 * The engine as it copies one source: an ordinary table, to which a partition is as good as any. It never replays, as it would take rows of the
 * other sources for deleted.
 */
export function engineOfSource(engine: RegrainEngine, source: RegrainRange & { readonly oid: string }): Engine {
  const { regrain: _whole, ...spec } = engine.spec;
  const { migration } = engine.policy;
  return {
    ...engine,
    spec: { ...spec, table: source.name },
    policy: { ...engine.policy, migration: { ...migration, copy: { ...migration.copy, maxBacklog: Number.MAX_SAFE_INTEGER } } },
    record: { ...engine.record, sourceOid: source.oid },
  };
}

export function stagingOidOf({ record }: Engine): string {
  if (record.targetOid === null)
    throw new InvariantError('PD920', 'The table beside the re-grained one has no oid, although it was prepared');
  return record.targetOid;
}
