/**
 * Decides a migration before anything is touched: whether it is possible, by which strategy, under which names, in which steps with which locks,
 * at what cost. Everything that stands in the way is told at once. Knows no SQL of the target: that is ddl/migration's.
 */
import { advance } from '../../partition/grid.ts';
import type { Circumstances } from '../../partition/migration/circumstances.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import type { EpochMicros } from '../../partition/position.ts';
import { judgeCapture } from './carry-over/capture.ts';
import { judgeDependents } from './carry-over/dependents.ts';
import { judgeForeignKeys } from './carry-over/foreign-keys.ts';
import { judgeIndexes } from './carry-over/indexes.ts';
import { judgePublications } from './carry-over/publications.ts';
import { judgeRulesOfRows } from './carry-over/rules-of-rows.ts';
import { chooseStrategy } from './choice/choose-strategy.ts';
import { makeSpec } from './choice/make-spec.ts';
import { planHash } from './choice/plan-hash.ts';
import { estimateMigration } from './extent/estimate.ts';
import { firstNewBound, type KeyLineup, keyLineup, shownBound } from './extent/key-lineup.ts';
import { caseOf, type Judgement, joinJudgements, type MigratingPolicy, type MigrationCase } from './migration-case.ts';
import type { MigrationPlan } from './migration-plan.ts';
import { judgeKind } from './refusals/kind.ts';
import { judgePartitionKey } from './refusals/partition-key.ts';
import { judgeReadSchemas } from './refusals/read-schemas.ts';
import { judgeResources } from './refusals/resources.ts';
import { judgeRights } from './refusals/rights.ts';
import { weigh } from './refusals/weigh.ts';
import { remarks } from './remarks.ts';
import { attachSteps } from './steps/attach-steps.ts';
import { copySteps } from './steps/copy-steps.ts';

/**
 * The whole decision of `migrate plan`: strategy, refusals and waivers, names, steps with their locks, what it will cost. `now` in microseconds
 * since 1970 UTC. The hash does not depend on `now`, on sizes or on rows. Pure, throws nothing.
 */
export function planMigration(
  policy: MigratingPolicy,
  definition: TableDefinition,
  circumstances: Circumstances,
  now: EpochMicros,
): MigrationPlan {
  const strategy = chooseStrategy(policy.migration, definition, circumstances);
  const subject = caseOf(policy, definition, circumstances, strategy);
  const estimate = estimateMigration(circumstances, policy.migration.copy, strategy);
  const isOrdinary = definition.relkind === 'r';
  const lineup = isOrdinary ? keyLineup(subject, now) : null;
  const judgement = isOrdinary ? judge(subject, lineup, estimate.diskBytes) : judgeKind(subject);
  const { refusals, waived, idle } = weigh(judgement.refusals, isOrdinary && lineup === null ? [] : policy.migration.waive);
  const steps = !isOrdinary ? [] : strategy === 'copy' ? copySteps(subject) : attachSteps(subject);
  const made = makeSpec(subject, waived);
  const spec = refusals.length > 0 ? null : made;
  const usable = lineup === null || 'problem' in lineup || !circumstances.mayRead ? null : lineup;
  return {
    table: definition.name,
    strategy,
    spec,
    refusals,
    waived,
    notes: [...judgement.notes, ...(isOrdinary ? remarks(subject, usable) : []), ...idle],
    steps,
    partitions: describePartitions(subject, usable),
    diskBytes: estimate.diskBytes,
    walBytes: estimate.walBytes,
    estimatedSeconds: estimate.seconds,
    hash: planHash(spec, steps),
  };
}

function judge(subject: MigrationCase, lineup: ReturnType<typeof keyLineup>, diskBytes: number): Judgement {
  const first = [judgeKind(subject), judgeRights(subject), judgePartitionKey(subject, lineup)];
  // By a key that the table has not every index would lack it: what else is to be said follows once it is spelled right.
  if (lineup === null) return joinJudgements([...first, judgeReadSchemas(subject), judgeResources(subject, diskBytes)]);
  return joinJudgements([
    ...first,
    judgeIndexes(subject),
    judgeForeignKeys(subject),
    judgeRulesOfRows(subject),
    judgePublications(subject),
    judgeDependents(subject),
    judgeCapture(subject),
    judgeReadSchemas(subject),
    judgeResources(subject, diskBytes),
  ]);
}

/** With attach the old table is one of them, and holds the interval after the present one too; at least one more tells where it ends. */
function describePartitions({ policy, strategy }: MigrationCase, lineup: KeyLineup | null): MigrationPlan['partitions'] {
  if (lineup === null) return null;
  if (strategy === 'attach') {
    const ahead = Math.max(1, policy.premake);
    const last = advance(lineup.grid, firstNewBound(lineup), ahead);
    return { count: 1 + ahead, first: 'MINVALUE', last: shownBound(lineup, last) };
  }
  if (lineup.count === null) return null;
  return { count: lineup.count, first: shownBound(lineup, lineup.from), last: shownBound(lineup, lineup.to) };
}
