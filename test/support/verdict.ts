import { expect } from 'vitest';
import { type AuditedDdl, readDdlAudit } from './ddl-audit.ts';
import { isHeldBy, type Member } from './fleet.ts';
import { stepsDoneTwice, stepsForgotten, stepsThatCollided } from './journal-audit.ts';
import type { Reader } from './reader.ts';

/**
 * Whatever has happened: only leaders worked, one after the other; nothing was done twice, no step met another's work, none is left without
 * an outcome; no process printed anything but its log. Call it when nobody disturbs any more, with the audit on since the beginning.
 */
export async function expectOrderlyWork(database: Reader, members: readonly Member[]): Promise<void> {
  const audit = await readDdlAudit(database);
  expect(audit.length).toBeGreaterThan(0);
  expect(ddlOutOfTurn(audit, members)).toEqual([]);
  expect(ddlDoneTwice(audit)).toEqual([]);
  expect(await stepsDoneTwice(database)).toEqual([]);
  expect(await stepsThatCollided(database)).toEqual([]);
  expect(await stepsForgotten(database)).toEqual([]);
  for (const member of members) expect(strayOutput(member), member.name).toEqual([]);
}

/** Statements that another process than the leader of that moment executed, under an epoch that was over, or after a later epoch. */
function ddlOutOfTurn(audit: readonly AuditedDdl[], members: readonly Member[]): readonly string[] {
  let latest = 0;
  return audit.flatMap((ddl) => {
    const member = members.find(({ role }) => role === ddl.role);
    const isStale = ddl.claimed !== null && ddl.claimed !== ddl.epoch;
    const isForeign = member === undefined || !isHeldBy(ddl.holder, member);
    const goesBack = Number(ddl.epoch) < latest;
    latest = Math.max(latest, Number(ddl.epoch));
    if (!isStale && !isForeign && !goesBack) return [];
    return [`${ddl.n} ${ddl.tag} ${ddl.object} by ${member?.name}, claimed ${ddl.claimed}, epoch ${ddl.epoch} of ${ddl.holder}`];
  });
}

/** Tables that were created, or dropped, more than once. */
function ddlDoneTwice(audit: readonly AuditedDdl[]): readonly string[] {
  const made = audit
    .filter(({ tag, object }) => /^(CREATE|DROP) TABLE$/.test(tag) && object !== '')
    .map(({ tag, object }) => `${tag} ${object}`);
  return made.filter((line, index) => made.indexOf(line) !== index);
}

/**
 * What a member printed that is no line of its log: a rejection that nobody handled ends the process and leaves its trace there. To end
 * itself because work did not end with the leadership (PD920) is its right.
 */
function strayOutput({ daemon }: Member): readonly string[] {
  return daemon.program.stderr.split('\n').filter((line) => !/^(\{|$)|\(PD920\)/.test(line));
}
