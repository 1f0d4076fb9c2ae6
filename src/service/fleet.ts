import type { DatabasePolicy } from '../partition/policy.ts';
import { DatabaseWorker } from './database-worker.ts';
import { policyHash } from './policy-hash.ts';
import type { Surroundings } from './surroundings.ts';

/** What a new configuration meant for the databases, by name. */
export interface FleetChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Kept, but with another policy. How to connect is no part of it. */
  readonly changed: readonly string[];
}

interface Member {
  readonly worker: DatabaseWorker;
  readonly hash: string;
  readonly stop: AbortController;
  readonly ended: Promise<void>;
}

/** The workers of all configured databases, as the configuration in force wants them. */
export class Fleet implements Iterable<DatabaseWorker> {
  readonly #members = new Map<string, Member>();
  readonly #signal: AbortSignal;
  #surroundings: Surroundings;
  #draining: { readonly sinceMs: number; readonly drained: Promise<void> } | null = null;

  /** Without workers until `adopt`. Everything ends with `signal`. */
  constructor(surroundings: Surroundings, signal: AbortSignal) {
    this.#surroundings = surroundings;
    this.#signal = signal;
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
    for (const { worker } of this.#members.values()) yield worker;
  }

  /**
   * Goes over to a configuration: starts the workers of databases that are new, tells the others, stops those of databases that have gone and
   * resolves when these have given back what they held. Not to be called again before that.
   */
  async adopt(surroundings: Surroundings): Promise<FleetChange> {
    const { configuration, metrics } = surroundings;
    const wanted = new Map(configuration.databases.map((database) => [database.name, database]));
    const leaving = [...this.#members].filter(([name]) => !wanted.has(name));
    const staying = configuration.databases.map((database) => ({ name: database.name, hash: policyHash(database) }));
    // Who leaves keeps its series until it has stepped down.
    metrics.configured([...staying, ...leaving.map(([name, { hash }]) => ({ name, hash }))], configuration.metrics);
    this.#surroundings = surroundings;
    const added: string[] = [];
    const changed: string[] = [];
    for (const database of configuration.databases) {
      const before = this.#members.get(database.name);
      if (before === undefined) added.push(database.name);
      else if (before.hash !== policyHash(database)) changed.push(database.name);
      this.#members.set(database.name, before === undefined ? this.#start(database) : this.#tell(before, database));
    }
    for (const [, { stop }] of leaving) stop.abort(new Error('the database is not in the configuration any more'));
    await Promise.all(leaving.map(([, { ended }]) => ended));
    for (const [name] of leaving) this.#members.delete(name);
    if (leaving.length > 0) metrics.configured(staying, configuration.metrics);
    return { added, removed: leaving.map(([name]) => name), changed };
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
    await Promise.all([...this.#members.values()].map(({ ended }) => ended));
  }

  #start(database: DatabasePolicy): Member {
    const surroundings = this.#surroundings;
    const worker = new DatabaseWorker(database, surroundings);
    const stop = new AbortController();
    const stopWithAll = (): void => stop.abort(this.#signal.reason);
    if (this.#signal.aborted) stopWithAll();
    this.#signal.addEventListener('abort', stopWithAll, { once: true });
    if (this.#draining !== null) worker.drain().catch(surroundings.crash);
    const ended = worker
      .run(stop.signal)
      .catch(surroundings.crash)
      .finally(() => this.#signal.removeEventListener('abort', stopWithAll));
    return { worker, hash: policyHash(database), stop, ended };
  }

  #tell(member: Member, database: DatabasePolicy): Member {
    member.worker.reconfigure(database, this.#surroundings);
    return { ...member, hash: policyHash(database) };
  }
}
