/** waiting: being connected. idle: no statement under way. active: a statement is. */
export type ConnectionState = 'waiting' | 'idle' | 'active';

/** Told of every connection and of every failed statement, for metrics. Its methods must not throw. */
export interface SessionObserver {
  /** One connection went from one state to another; null before it is opened and after it is closed. */
  moved(from: ConnectionState | null, to: ConnectionState | null): void;
  /** A statement failed; five characters. */
  failed(sqlstate: string): void;
}
