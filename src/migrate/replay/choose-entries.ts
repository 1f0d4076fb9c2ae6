import { captureLog } from '../../ddl/migration/capture/capture-log.ts';
import { renderChooseEntries } from '../../ddl/migration/replay/inspect-entries.ts';
import type { LogEntries } from '../../ddl/migration/replay/log-entries.ts';
import { InvariantError } from '../../errors.ts';
import { namedSql } from '../../postgres/named-sql.ts';
import { boolean, nullable, number, type RowDecoder, row, text } from '../../postgres/row-decoder.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';

export interface ChosenEntries {
  readonly length: number;
  /** What they are within; its TIDs are empty texts without any. */
  readonly stretch: Pick<LogEntries, 'from' | 'to' | 'keys'>;
  /** A batch in flight keeps some back. */
  readonly isWithheld: boolean;
  /** There is a TRUNCATE to follow first. */
  readonly isTruncated: boolean;
}

interface ChosenRow {
  readonly entries: number;
  readonly first: string | null;
  readonly last: string | null;
  readonly least: string | null;
  readonly greatest: string | null;
  readonly withheld: boolean;
  readonly truncated: boolean;
}

const decodeChosen: RowDecoder<ChosenRow> = row<ChosenRow>({
  entries: number,
  first: nullable(text),
  last: nullable(text),
  least: nullable(text),
  greatest: nullable(text),
  withheld: boolean,
  truncated: boolean,
});

/** The next entries that the open transaction may consume, at most `limit` (null: all), in the order of the log's file from `from` on. */
export async function chooseEntries(
  { surroundings, id, spec }: Engine,
  session: Session,
  stretch: Omit<LogEntries, 'log' | 'to'>,
  limit: number | null,
  signal: AbortSignal,
): Promise<ChosenEntries> {
  const log = captureLog(surroundings.journalSchema, id);
  const sql = renderChooseEntries(spec, { ...stretch, log, to: null }, limit);
  const [chosen] = await session.rows({ ...namedSql('choose-log-entries', sql), timeoutMs: 0 }, [], decodeChosen, signal);
  if (chosen === undefined) throw new InvariantError('PD903', 'the choice of log entries returned no row');
  return { length: chosen.entries, stretch: stretchOf(chosen), isWithheld: chosen.withheld, isTruncated: chosen.truncated };
}

function stretchOf({ first, last, least, greatest }: ChosenRow): ChosenEntries['stretch'] {
  return { from: first ?? '', to: last ?? '', ...(least === null || greatest === null ? {} : { keys: { least, greatest } }) };
}
