import type { NamedSql } from '../src/postgres/named-sql.ts';
import type { Session } from '../src/postgres/session.ts';

/** The same session, which tells of each read when it is done: the query, its parameters, and how many milliseconds it and its decoding took. */
export function watchSession(session: Session, tell: (query: NamedSql, parameters: readonly unknown[], ms: number) => void): Session {
  const rows: Session['rows'] = async (query, parameters, decode, signal) => {
    const start = performance.now();
    const found = await session.rows(query, parameters, decode, signal);
    tell(query, parameters, performance.now() - start);
    return found;
  };
  return new Proxy(session, {
    get: (target, key: keyof Session) => {
      if (key === 'rows') return rows;
      const value = target[key];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
