/** waiting: being connected. idle: no statement under way. active: a statement is. */
export type ConnectionState = 'waiting' | 'idle' | 'active';

/** Told of every connection and of every error that the server answered with, for metrics. Its methods must not throw. */
export interface SessionObserver {
  /** One connection went from one state to another; null before it is opened and after it is closed. */
  moved(from: ConnectionState | null, to: ConnectionState | null): void;
  /**
   * The server answered a statement, or the attempt to connect, with an error; five characters. Statements that we cancelled count too
   * (57014): the server's own log counts the same. A connection that breaks counts nothing, for no server said so.
   */
  failed(sqlstate: string): void;
}
