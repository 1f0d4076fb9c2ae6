import { captureFunction } from '../../../ddl/migration/capture/capture-functions.ts';
import type { KeyedPartition } from '../../../ddl/migration/regrain/keys/exchange-keys.ts';
import { holdRulePrefix } from '../../../ddl/migration/regrain/keys/follower-keys.ts';
import type { PresentKeys } from '../../../ddl/migration/regrain/keys/present-keys.ts';
import { guardFunctionName } from '../../../ddl/migration/target/guard.ts';
import { InvariantError } from '../../../errors.ts';
import { type Member, type Members, type RegrainEngine, readMembers } from '../regrain-engine.ts';
import { decodePresentKeys, presentKeysSql } from './present-keys.sql.ts';

export async function readPresentKeys(engine: RegrainEngine, members: Members, signal: AbortSignal): Promise<PresentKeys> {
  const { session, spec, id, surroundings } = engine;
  const { journalSchema } = surroundings;
  const parameters = [
    spec.definition.oid,
    [...members.sources, ...members.targets].map(({ oid }) => oid),
    journalSchema,
    [captureFunction(journalSchema, id, 'row').name, guardFunctionName(journalSchema, id).name],
    holdRulePrefix(id),
  ];
  const [present] = await session.rows(presentKeysSql, parameters, decodePresentKeys, signal);
  if (present === undefined) throw new InvariantError('PD903', 'read-regrain-keys returned no row');
  return present;
}

/** The same with the partitions that take part. */
export async function readMembersAndKeys(
  engine: RegrainEngine,
  signal: AbortSignal,
): Promise<{ readonly members: Members; readonly present: PresentKeys }> {
  const members = await readMembers(engine, engine.session, signal);
  return { members, present: await readPresentKeys(engine, members, signal) };
}

export function keyed<T extends Member>(member: T, present: PresentKeys): T & KeyedPartition {
  return {
    ...member,
    foreignKeys: present.members.filter(({ tableOid }) => tableOid === member.oid).map(({ name }) => name),
    rules: present.rules.filter(({ tableOid }) => tableOid === member.oid).map(({ name }) => name),
  };
}
