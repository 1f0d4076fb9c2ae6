import { formatQualifiedName, type QualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { UpkeepFacts } from '../../partition/upkeep.ts';
import { type Finding, warning } from '../finding.ts';
import type { Subject } from '../subject.ts';
import { countOf, enumerateNames, formatCount } from '../wording.ts';
import { compareLeaves, type Leaf } from './leaf.ts';
import { ageShare } from './rows-due.ts';

/** Partitions with rows that no statistics tell the planner of; one finding, without `maintenance` in the policy none. */
export function neverAnalysedFindings({ policy, table }: Subject, leaves: readonly Leaf[]): readonly Finding[] {
  if (policy.maintenance === null) return [];
  const blind = leaves.filter(({ isAnalyzed, liveRows }) => !isAnalyzed && liveRows > 0).toSorted(compareLeaves);
  const [first] = blind;
  if (first === undefined) return [];
  const what = `${countOf(blind.length, 'partition')} of ${formatQualifiedName(table.name)} with rows ${blind.length === 1 ? 'was' : 'were'} never analysed`;
  return [warning('never-analysed', `${what}, so queries on them are planned by guesswork: ${enumerateNames(blind)}.`, first.name)];
}

/**
 * Where autovacuum merely begins is no news: it is to be late by half of its age. No later than here in any case: at 2 ** 31 less 3,000,000 the
 * server stops assigning transactions. Source: postgresql.org/docs/18/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND.
 */
const overdueRatio = 1.5;
const oldestAge = 2_000_000_000;

/** Partitions that autovacuum should have frozen long ago; one finding, about the oldest of them. Also without `maintenance` in the policy. */
export function wraparoundFindings({ table }: Subject, facts: UpkeepFacts, leaves: readonly Leaf[]): readonly Finding[] {
  const overdue = leaves
    .filter((leaf) => isOverdue(leaf.xidAge, facts.freezeMaxAge) || isOverdue(leaf.mxidAge, facts.multixactFreezeMaxAge))
    .toSorted((a, b) => ageShare(b, facts) - ageShare(a, facts) || compareLeaves(a, b));
  const [worst] = overdue;
  if (worst === undefined) return [];
  const they = overdue.length === 1 ? 'it is' : 'they are';
  const what = `Autovacuum has not frozen ${countOf(overdue.length, 'partition')} of ${formatQualifiedName(table.name)} although ${they} far older than the age at which it has to: ${enumerateNames(overdue)}`;
  const ages = `${formatQualifiedName(worst.name)} is ${countOf(worst.xidAge, 'transaction')} old (autovacuum_freeze_max_age is ${formatCount(facts.freezeMaxAge)}) and ${countOf(worst.mxidAge, 'multixact')} (${formatCount(facts.multixactFreezeMaxAge)})`;
  const fix = 'Look for old transactions, prepared transactions and replication slots first, then run VACUUM (FREEZE) on them.';
  return [warning('near-wraparound', `${what}. ${ages}. ${fix}`, worst.name)];
}

function isOverdue(age: number, limit: number): boolean {
  return age > Math.min(overdueRatio * limit, oldestAge);
}

/**
 * That the role may not do what the policy asks for; one finding. `lacking`: leaves with something due which it may not do. Nothing of that is planned, for
 * PostgreSQL only warns of it, once for each partition and run.
 */
export function privilegeFindings({ policy, table }: Subject, { mayMaintain }: UpkeepFacts, lacking: readonly Leaf[]): readonly Finding[] {
  if (policy.maintenance === null) return [];
  if (!mayMaintain) return [privilegeFinding(table, formatQualifiedName(table.name), null)];
  const [first] = lacking;
  return first === undefined ? [] : [privilegeFinding(table, enumerateNames(lacking), first.name)];
}

function privilegeFinding({ name, owner }: Subject['table'], what: string, partition: QualifiedName | null): Finding {
  const table = formatQualifiedName(name);
  const message = `partitiond's role may not vacuum and analyse ${what}, so that is not done`;
  const since17 = `From PostgreSQL 17 on, GRANT MAINTAIN ON ${table} and on its partitions to the role`;
  return warning(
    'missing-privilege',
    `${message}. ${since17}; before, make it a member of the owner: GRANT ${quoteIdentifier(owner)} TO it.`,
    partition,
  );
}
