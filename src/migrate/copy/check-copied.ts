import { type CopiedRange, readRanges } from '../../journal/migration/ranges.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { checkBatch } from '../verify/check-batch.ts';
import { sourceOf } from './reopen-ranges.ts';

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
  readonly #claimed = new Set<string>();
  #known: CopiedRange[] = [];
  #isStale = true;

  constructor(engine: Engine) {
    this.#engine = engine;
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
      if (range !== null) await this.#check(session, range, signal);
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

  async #check(session: Session, range: CopiedRange, signal: AbortSignal): Promise<void> {
    try {
      const { sourceOid } = sourceOf(this.#engine);
      const { mismatches } = await checkBatch(this.#engine, session, { sourceOid, ...range }, signal);
      if (mismatches > 0) throw differs(this.#engine, range, mismatches);
    } catch (error) {
      this.#claimed.delete(nameOf(range));
      this.#isStale = true;
      throw error;
    }
  }
}

function differs({ spec }: Engine, { from, to }: CopiedRange, mismatches: number): BatchDiffers {
  return new BatchDiffers(
    `${mismatches} of the rows that were copied from blocks ${from} to ${to} of ${formatQualifiedName(spec.table)} differ from their source, ` +
      'by key in migration_mismatch of the journal. Find out who wrote to the table that follows or turned triggers off, then run ' +
      `\`${migrateCommand('start', spec.table)}\` again, or \`${migrateCommand('abort', spec.table)}\``,
  );
}

function nameOf({ from, copiedAt }: CopiedRange): string {
  return `${from} ${copiedAt}`;
}
