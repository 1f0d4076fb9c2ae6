import { type CopiedRange, readRanges, renderCheckedRange } from '../../journal/migration/ranges.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { emit, fenced } from '../transactions.ts';
import { checkBatch } from '../verify/check-batch.ts';
import type { CopyState } from './copy-state.ts';
import { readPresentFile, sourceOf } from './reopen-ranges.ts';

/** Known by heart; what is more is in the journal anyway. */
const remembered = 100;
const idlePollMs = 50;

/** A batch and its copy differ. */
export class BatchDiffers extends Error {}

/**
 * Compares what was copied with its source, behind the workers, on whatever sessions help. What is to be checked stands in the journal, so a copy that
 * runs ahead costs no memory, and a process that died loses no check.
 */
export class BatchChecks {
  readonly #engine: Engine;
  readonly #state: CopyState;
  readonly #claimed = new Set<string>();
  #known: CopiedRange[] = [];
  #isStale = true;

  constructor(engine: Engine, state: CopyState) {
    this.#engine = engine;
    this.#state = state;
  }

  /** There is more to check. */
  copied(): void {
    this.#isStale = true;
  }

  /** Checks until `isOver` and nothing is left. Throws `BatchDiffers`. Several may help at the same time. */
  async help(session: Session, isOver: () => boolean, signal: AbortSignal): Promise<void> {
    for (;;) {
      const wasOver = isOver();
      const range = await this.#next(session, signal);
      if (range !== null) await this.#checkOrGiveBack(session, range, signal);
      else if (wasOver) return;
      else await this.#engine.surroundings.clock.sleep(idlePollMs, signal);
    }
  }

  async #next(session: Session, signal: AbortSignal): Promise<CopiedRange | null> {
    if (this.#known.length === 0 && this.#isStale) {
      this.#isStale = false;
      const unchecked = await readRanges(session, sourceOf(this.#engine), ['copied'], signal);
      if (this.#known.length === 0) this.#known = unchecked.filter((range) => !this.#claimed.has(nameOf(range))).slice(0, remembered);
      // There may be more than that.
      if (unchecked.length > remembered) this.#isStale = true;
    }
    const range = this.#known.shift() ?? null;
    if (range !== null) this.#claimed.add(nameOf(range));
    return range;
  }

  async #checkOrGiveBack(session: Session, range: CopiedRange, signal: AbortSignal): Promise<void> {
    try {
      await this.#check(session, range, signal);
    } catch (error) {
      this.#claimed.delete(nameOf(range));
      this.#isStale = true;
      throw error;
    }
  }

  async #check(session: Session, range: CopiedRange, signal: AbortSignal): Promise<void> {
    const source = sourceOf(this.#engine);
    const { filenode } = this.#state;
    const { rows, mismatches } = await checkBatch(this.#engine, session, { sourceOid: source.sourceOid, ...range }, signal);
    if (mismatches > 0) {
      // In a file that has come since, these blocks hold rows that nobody has copied yet.
      const present = await readPresentFile(session, source, signal);
      if (present.filenode !== filenode || this.#state.filenode !== filenode) return;
      emit(this.#engine, { kind: 'batch-checked', rows, mismatches });
      throw differs(this.#engine, range, mismatches);
    }
    const checked = renderCheckedRange(source, range);
    await fenced(this.#engine, session, { level: 'read committed', isDurable: false }, () => session.execute(checked, signal), signal);
    emit(this.#engine, { kind: 'batch-checked', rows, mismatches });
  }
}

function differs({ spec }: Engine, { from, to }: CopiedRange, mismatches: number): BatchDiffers {
  return new BatchDiffers(
    `${mismatches} of the rows that were copied from blocks ${from} to ${to} of ${formatQualifiedName(spec.table)} differ from their source, ` +
      'by key in migration_mismatch of the journal. Find out who wrote to the table that follows or turned triggers off, then run ' +
      '`partitiond migrate start` again, or `partitiond migrate abort`',
  );
}

function nameOf({ from, copiedAt }: CopiedRange): string {
  return `${from} ${copiedAt}`;
}
