/** A read with a name; the name travels as a leading comment, so pg_stat_activity and the server's log show which query it is. */
export interface NamedSql {
  readonly name: string;
  readonly text: string;
  /** The statement timeout that holds when it is not the session's (SET LOCAL): only then is a missing answer a lost connection. */
  readonly timeoutMs?: number;
}

export function namedSql(name: string, text: string): NamedSql {
  return { name, text: `/* partitiond:${name} */ ${text.trim()}` };
}
