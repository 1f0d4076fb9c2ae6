import type { DatabasePolicy } from '../partition/policy.ts';
import { compareAssignments } from './election/assignment.ts';
import { DatabaseWorker } from './election/database-worker.ts';
import { policyHash } from './election/policy-hash.ts';
import type { Surroundings } from './surroundings.ts';

/** Longer than work takes to end that can be ended; what takes longer keeps no later reload waiting. */
const leaveWithinMs = 20_000;

/** What a new configuration meant for the databases, by name. */
export interface FleetChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Kept, but with another policy, another connection or other settings of work: whoever leads it begins a new term. */
  readonly changed: readonly string[];
}

interface Member {
  readonly database: DatabasePolicy;
  readonly worker: DatabaseWorker;
  readonly hash: string;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** The workers of all configured databases, as the configuration in force wants them. */
export class Fleet implements Iterable<DatabaseWorker> {
  readonly #members = new Map<string, Member>();
  /** Of databases that have gone, until they have given back what they held; one of the same name may have come since. */
  readonly #leaving = new Set<Member>();
  readonly #signal: AbortSignal;
  #surroundings: Surroundings;
  #draining: { readonly sinceMs: number; readonly drained: Promise<void> } | null = null;

  /** Without workers until `adopt`. Everything ends with `signal`. */
  constructor(surroundings: Surroundings, signal: AbortSignal) {
    this.#surroundings = surroundings;
    this.#signal = signal;
    // One listener for all, as Node warns on stderr of more than ten.
    signal.addEventListener('abort', () => this.#stopAll(), { once: true });
  }

  /** Those of the configuration in force. */
  get surroundings(): Surroundings {
    return this.#surroundings;
  }

  /** Monotonic time of the first `drain`; null while nobody asked for it. */
  get drainingSinceMs(): number | null {
    return this.#draining?.sinceMs ?? null;
  }

  *[Symbol.iterator](): Iterator<DatabaseWorker> {
    for (const { worker } of [...this.#leaving, ...this.#members.values()]) yield worker;
  }

  /**
   * Goes over to a configuration: starts the workers of databases that are new, tells the others, stops those of databases that have gone and
   * resolves when these have given back what they held, after 20 s at the latest. Not to be called again before that.
   */
  async adopt(surroundings: Surroundings): Promise<FleetChange> {
    const { configuration } = surroundings;
    const former = this.#surroundings;
    this.#surroundings = surroundings;
    const removed = this.#dismiss(new Set(configuration.databases.map(({ name }) => name)));
    this.#tellMetrics();
    const added: string[] = [];
    const changed: string[] = [];
    for (const database of configuration.databases) {
      const before = this.#members.get(database.name);
      if (before === undefined) added.push(database.name);
      else if (compareAssignments({ database: before.database, surroundings: former }, { database, surroundings }) !== 'same')
        changed.push(database.name);
      this.#members.set(database.name, before === undefined ? this.#start(database) : this.#tell(before, database));
    }
    await this.#haveLeft(removed);
    return { added, removed: removed.map(({ worker }) => worker.name), changed };
  }

  /** No new step, locks given back, never again a leader; resolves when all locks are free. Databases that come later do not lead either. */
  drain(): Promise<void> {
    this.#draining ??= {
      sinceMs: this.#surroundings.clock.monotonicMs(),
      drained: Promise.all([...this].map((worker) => worker.drain())).then(() => undefined),
    };
    return this.#draining.drained;
  }

  /** Resolves when no worker runs any more. */
  async ended(): Promise<void> {
    await Promise.all([...this.#leaving, ...this.#members.values()].map(({ ended }) => ended));
  }

  #start(database: DatabasePolicy): Member {
    const surroundings = this.#surroundings;
    const worker = new DatabaseWorker(database, surroundings);
    const stop = new AbortController();
    if (this.#signal.aborted) stop.abort(this.#signal.reason);
    if (this.#draining !== null) worker.drain().catch(surroundings.crash);
    const ended = worker.run(stop.signal).catch(surroundings.crash);
    return { database, worker, hash: policyHash(database), stop, ended };
  }

  #tell(member: Member, database: DatabasePolicy): Member {
    member.worker.reconfigure(database, this.#surroundings);
    return { ...member, database, hash: policyHash(database) };
  }

  /** Stops the workers of all databases but those, without waiting for them; answers who leaves. */
  #dismiss(wanted: ReadonlySet<string>): readonly Member[] {
    const leaving = [...this.#members.values()].filter(({ worker }) => !wanted.has(worker.name));
    for (const member of leaving) {
      this.#members.delete(member.worker.name);
      this.#leaving.add(member);
      member.stop.abort(new Error('the database is not in the configuration any more'));
      this.#forgetEnded(member).catch(this.#surroundings.crash);
    }
    return leaving;
  }

  async #forgetEnded(member: Member): Promise<void> {
    await member.ended;
    this.#leaving.delete(member);
    this.#tellMetrics();
  }

  async #haveLeft(leaving: readonly Member[]): Promise<void> {
    if (leaving.length === 0) return;
    const { clock, logger } = this.#surroundings;
    const left = new AbortController();
    const late = clock.sleep(leaveWithinMs, left.signal).then(
      () => logger.error('removed databases still at work', { databases: this.#leavingNames(), withinMs: leaveWithinMs }),
      () => undefined,
    );
    await Promise.race([Promise.all(leaving.map(({ ended }) => ended)), late]);
    left.abort();
  }

  #leavingNames(): readonly string[] {
    return [...this.#leaving].map(({ worker }) => worker.name);
  }

  /** Who leaves keeps its series until it has stepped down. */
  #tellMetrics(): void {
    const { configuration, metrics } = this.#surroundings;
    const staying = configuration.databases.map((database) => ({ name: database.name, hash: policyHash(database) }));
    const names = new Set(staying.map(({ name }) => name));
    const leaving = [...this.#leaving].map(({ worker, hash }) => ({ name: worker.name, hash })).filter(({ name }) => !names.has(name));
    metrics.configured([...staying, ...leaving], configuration.metrics);
  }

  #stopAll(): void {
    for (const { stop } of [...this.#leaving, ...this.#members.values()]) stop.abort(this.#signal.reason);
  }
}
