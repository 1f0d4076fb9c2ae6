import { formatQualifiedName } from '../../../partition/qualified-name.ts';
import { leavesOf, type Turn } from './turn.ts';

/**
 * Foreign keys that came after the plan, which nobody has decided about: of the side that is live, and of other tables to it. Empty when there
 * are none. Other changes of the table show in its fingerprint.
 */
export function findStrangers(turn: Turn): readonly string[] {
  const { old, spec, facts } = turn;
  const own = new Set([old.oid, ...leavesOf(turn, old.oid).map(({ oid }) => oid)]);
  const known = (isOwn: boolean, table: string, name: string): boolean =>
    isOwn
      ? spec.definition.outgoing.some((key) => key.name === name)
      : spec.definition.incoming.some((key) => key.name === name && (key.tableOid === table || isLeafOf(turn, key.tableOid, table)));
  return facts.foreignKeys
    .filter((key) => own.has(key.tableOid) || key.referencedOid === old.oid)
    .filter((key) => !known(own.has(key.tableOid), key.tableOid, key.name))
    .map((key) => `foreign key ${key.name} of ${formatQualifiedName(key.table)}`);
}

function isLeafOf(turn: Turn, root: string, oid: string): boolean {
  return leavesOf(turn, root).some((leaf) => leaf.oid === oid);
}
