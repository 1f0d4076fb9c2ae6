import { StatementError } from '../errors.ts';
import type { KeyColumn } from '../partition/key.ts';
import type { Partition } from '../partition/partition.ts';
import { type NamedSql, namedSql } from '../postgres/named-sql.ts';
import { nullable, number, row, text } from '../postgres/row-decoder.ts';
import type { Session } from '../postgres/session.ts';
import { keyCast, keySource } from './key-source.ts';

/** Asks for the greatest key in `partitions`, which are in descending order of their ranges, so the first that has one decides. */
export interface GreatestKeyAsk {
  readonly key: KeyColumn;
  readonly partitions: readonly Pick<Partition, 'name' | 'kind'>[];
  /** Only keys up to (or beyond) this literal; null: any. */
  readonly bound: { readonly side: 'up-to' | 'beyond'; readonly value: string } | null;
}

export interface GreatestKey {
  /** As PostgreSQL prints it; null when there is no such row. */
  readonly text: string | null;
  /** Why it could not be read. */
  readonly failure: StatementError | null;
}

/** COALESCE stops at the first partition with a row, but the server opens and locks (AccessShareLock) all that a query names. */
const partitionsPerAsk = 16;
const asksPerQuery = 50;

/**
 * Answers aligned with `asks`. Many asks travel in one query; when that fails each is asked alone, so that one locked or broken partition
 * costs one answer. Throws whatever is not a `StatementError`.
 */
export async function readGreatestKeys(
  session: Session,
  asks: readonly GreatestKeyAsk[],
  signal: AbortSignal,
): Promise<readonly GreatestKey[]> {
  const answers: GreatestKey[] = asks.map(() => ({ text: null, failure: null }));
  let open = asks.map((ask, index) => ({ ask, index })).filter(({ ask }) => ask.partitions.length > 0);
  for (let from = 0; open.length > 0; from += partitionsPerAsk) {
    for (let at = 0; at < open.length; at += asksPerQuery) {
      const batch = open.slice(at, at + asksPerQuery);
      const slices = batch.map(({ ask }) => ({ ...ask, partitions: ask.partitions.slice(from, from + partitionsPerAsk) }));
      const found = await readBatch(session, slices, signal);
      for (const [i, { index }] of batch.entries()) answers[index] = found[i] ?? { text: null, failure: null };
    }
    open = open.filter(({ ask, index }) => {
      const answer = answers[index];
      return answer?.text === null && answer.failure === null && ask.partitions.length > from + partitionsPerAsk;
    });
  }
  return answers;
}

async function readBatch(session: Session, asks: readonly GreatestKeyAsk[], signal: AbortSignal): Promise<readonly GreatestKey[]> {
  const parameters = asks.map((ask) => ask.bound?.value).filter((value) => value !== undefined);
  try {
    const rows = await session.rows(greatestKeysSql(asks), parameters, decode, signal);
    const texts = new Map(rows.map(({ ordinal, key }) => [ordinal, key]));
    return asks.map((_, ordinal) => ({ text: texts.get(ordinal) ?? null, failure: null }));
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    if (asks.length === 1) return [{ text: null, failure: error }];
  }
  const answers: GreatestKey[] = [];
  for (const ask of asks) answers.push(...(await readBatch(session, [ask], signal)));
  return answers;
}

/** ORDER BY with LIMIT rather than max(), which uuid does not have; both use an index alike. */
function greatestKeysSql(asks: readonly GreatestKeyAsk[]): NamedSql {
  let parameter = 0;
  const selects = asks.map(({ key, partitions, bound }, ordinal) => {
    const limit = bound === null ? null : `${bound.side === 'up-to' ? '<=' : '>'} $${++parameter}::${keyCast(key)}`;
    const reads = partitions.map((partition) => {
      const source = keySource(partition, key);
      const where = limit === null ? `${source.key} IS NOT NULL` : `${source.key} ${limit}`;
      return `(SELECT ${source.keyText} FROM ${source.relation} WHERE ${where} ORDER BY ${source.key} DESC LIMIT 1)`;
    });
    return `SELECT ${ordinal} AS "ordinal", COALESCE(${reads.join(', ')}) AS "key"`;
  });
  return namedSql('read-greatest-keys', selects.join(' UNION ALL '));
}

const decode = row<{ readonly ordinal: number; readonly key: string | null }>({ ordinal: number, key: nullable(text) });
