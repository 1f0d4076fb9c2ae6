import { type Daemon, startDaemon } from './daemon.ts';
import type { TestDatabase } from './database.ts';
import { type CurrentLeadership, readLeadership } from './journal-audit.ts';
import { type Network, startNetwork } from './network.ts';
import { type PolicyFile, policyFile } from './policy-file.ts';
import { createReader, type Reader } from './reader.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

export interface MemberOptions {
  /** Also the suffix of its role. */
  readonly name: string;
  /** As of `policyFile`. */
  readonly tables: readonly string[];
  readonly top: string;
}

/** A daemon with a role and a network of its own, so that the server can tell it from the others. */
export interface Member extends AsyncDisposable {
  readonly name: string;
  /** The role it connects as; a superuser, so that it may do all that the others may. */
  readonly role: string;
  readonly daemon: Daemon;
  readonly network: Network;
  readonly file: PolicyFile;
}

/** Starts one daemon on the database `app` of its configuration. */
export async function startMember(database: TestDatabase, options: MemberOptions): Promise<Member> {
  const role = await database.createRole(options.name, 'SUPERUSER');
  const network = await startNetwork(role.url);
  const file = policyFile(database, options.tables, options.top, network.url);
  const dispose = async (daemon: Daemon | null): Promise<void> => {
    await daemon?.[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
    file[Symbol.dispose]();
  };
  try {
    const daemon = await startDaemon(file.path);
    return { name: options.name, role: role.name, daemon, network, file, [Symbol.asyncDispose]: () => dispose(daemon) };
  } catch (error) {
    await dispose(null);
    throw error;
  }
}

/** Several daemons with the same configuration on one database. */
export interface Fleet extends AsyncDisposable {
  readonly members: readonly Member[];
  /** Waits for an epoch after `epoch` whose holder also shows itself as the leader. `reachable` are the members that can answer. */
  waitForLeader(afterEpoch: number, reachable: readonly Member[], options?: WaitOptions): Promise<Lead>;
}

export interface Lead {
  readonly member: Member;
  readonly epoch: number;
}

export async function startFleet(database: TestDatabase, size: number, options: Omit<MemberOptions, 'name'>): Promise<Fleet> {
  const names = Array.from({ length: size }, (_, index) => `m${index + 1}`);
  const started = await Promise.allSettled(names.map((name) => startMember(database, { ...options, name })));
  const members = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const dispose = async (): Promise<void> => {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
  };
  const failed = started.find((one) => one.status === 'rejected');
  if (failed !== undefined) {
    await dispose();
    throw failed.reason;
  }
  return {
    members,
    waitForLeader: (afterEpoch, reachable, waiting) => waitForLeader(createReader(database.url), afterEpoch, reachable, waiting),
    [Symbol.asyncDispose]: dispose,
  };
}

/** The members whose /metrics say that they lead. */
export async function leadersAmong(members: readonly Member[]): Promise<readonly Member[]> {
  const answers = await Promise.all(members.map(async ({ daemon }) => (await daemon.scrape()).get('leader{database="app"}')));
  return members.filter((_, index) => answers[index] === 1);
}

/** Whether `holder`, as the journal writes it, is this member's process. */
export function isHeldBy(holder: string | null, member: Member): boolean {
  return holder?.endsWith(`/${member.daemon.program.pid}`) ?? false;
}

async function waitForLeader(database: Reader, afterEpoch: number, reachable: readonly Member[], options: WaitOptions = {}): Promise<Lead> {
  const look = async (): Promise<{ readonly leadership: CurrentLeadership | null; readonly leaders: readonly Member[] }> => {
    const leaders = await leadersAmong(reachable);
    return { leadership: await readLeadership(database), leaders };
  };
  const find = ({ leadership, leaders }: Awaited<ReturnType<typeof look>>): Lead | null => {
    const [member] = leaders;
    if (leadership === null || leadership.epoch <= afterEpoch || member === undefined) return null;
    return leaders.length === 1 && isHeldBy(leadership.holder, member) ? { member, epoch: leadership.epoch } : null;
  };
  const seen = await waitFor(`a leader of an epoch after ${afterEpoch}`, look, (now) => find(now) !== null, {
    timeoutMs: 90_000,
    pollMs: 200,
    ...options,
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${reachable.map(trouble).join('\n')}`, { cause: error });
  });
  const lead = find(seen);
  if (lead === null) throw new Error('unreachable: the leader was just seen');
  return lead;
}

/** The last things that a member complained about. */
export function trouble({ name, daemon }: Member): string {
  const lines = daemon.program.stderr.split('\n').filter((line) => /"level":"(warn|error)"|^[^{]/.test(line));
  return `${name}:\n${lines.slice(-5).join('\n')}`;
}
