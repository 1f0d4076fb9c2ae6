import type { ConnectionState, SessionObserver } from '../postgres/session-observer.ts';
import type { MetricStore } from './metric-store.ts';
import { sqlstateClass, sqlstateClasses } from './sqlstate-classes.ts';

/** Why leadership changed hands. acquired: gained; released: given back; lost: the lock's connection went; fenced: a newer epoch exists. */
export const transitionReasons = ['acquired', 'released', 'lost', 'fenced'] as const;
export const refusalReasons = ['standby', 'pooler', 'old-generation', 'journal-version', 'drained'] as const;
type RefusalReason = (typeof refusalReasons)[number];

const connectionStates: readonly ConnectionState[] = ['idle', 'active', 'waiting'];

/**
 * The process families of one configured database, from `begin` until `end`: every label set exists from the start. What comes later from
 * connections that outlive the configuration of their database is not counted.
 */
export class ProcessMetrics {
  readonly #store: MetricStore;
  readonly #database: string;
  readonly #connections: Record<ConnectionState, number> = { idle: 0, active: 0, waiting: 0 };
  #isOver = false;

  constructor(store: MetricStore, database: string) {
    this.#store = store;
    this.#database = database;
    for (const name of gauges) this.set(name, 0);
    for (const reason of transitionReasons) store.increase('leader_transitions_total', { database, reason }, 0);
    for (const state of connectionStates) store.set('pool_connections', { database, state }, 0);
    for (const sqlstate_class of sqlstateClasses) store.increase('statement_errors_total', { database, sqlstate_class }, 0);
    this.refused(null);
  }

  set(name: DatabaseGauge, value: number): void {
    this.#store.set(name, { database: this.#database }, value);
  }

  transition(reason: (typeof transitionReasons)[number]): void {
    this.set('leader', reason === 'acquired' ? 1 : 0);
    this.#store.increase('leader_transitions_total', { database: this.#database, reason }, 1);
  }

  refused(reason: RefusalReason | null): void {
    for (const one of refusalReasons)
      this.#store.set('leadership_refused', { database: this.#database, reason: one }, one === reason ? 1 : 0);
  }

  get sessionObserver(): SessionObserver {
    return {
      moved: (from, to) => {
        if (from !== null) this.#count(from, -1);
        if (to !== null) this.#count(to, 1);
        if (from === 'waiting' && !this.#isOver) this.set('database_up', to === null ? 0 : 1);
      },
      failed: (sqlstate) => {
        if (this.#isOver) return;
        this.#store.increase('statement_errors_total', { database: this.#database, sqlstate_class: sqlstateClass(sqlstate) }, 1);
      },
    };
  }

  end(): void {
    this.#isOver = true;
    this.#store.dropDatabase(this.#database);
  }

  #count(state: ConnectionState, by: number): void {
    this.#connections[state] += by;
    if (!this.#isOver) this.#store.set('pool_connections', { database: this.#database, state }, this.#connections[state]);
  }
}

const gauges = [
  'database_up',
  'postgres_version_num',
  'postgres_in_recovery',
  'leader',
  'leader_epoch',
  'leader_last_renewal_timestamp_seconds',
  'config_generation',
] as const;

/** A gauge of a database that is one number; `config_hash` is unknown before it is set. */
type DatabaseGauge = (typeof gauges)[number] | 'config_hash';
