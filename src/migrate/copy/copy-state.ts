import { renderLockSource } from '../../ddl/migration/copy/lock-source.ts';
import { InvariantError } from '../../errors.ts';
import { readRanges, readSourceFile, renderOpenSource } from '../../journal/migration/ranges.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';
import { fenced } from '../transactions.ts';
import { readPresentFile, sourceOf } from './reopen-ranges.ts';
import { type BatchSize, firstBatch } from './share/batch-size.ts';
import { ConflictMemory } from './share/conflict-memory.ts';
import { RangeQueue } from './share/range-queue.ts';
import { Turnstile } from './share/turnstile.ts';

/** What the workers of one copy share. */
export class CopyState {
  readonly queue: RangeQueue;
  readonly conflicts: ConflictMemory = new ConflictMemory();
  /** Batches are inside; replay, which would collide with them, goes in alone. */
  readonly batches: Turnstile = new Turnstile();
  /** Of the coordinator's session and of the journal's ranges: who uses them is alone. */
  readonly coordinator: Turnstile = new Turnstile();
  size: BatchSize = firstBatch;
  filenode = '';
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.queue = new RangeQueue(engine.policy.migration.copy.workers);
  }

  /** Reads what is open. The source's file must have been noted. */
  async load(session: Session, signal: AbortSignal): Promise<void> {
    const source = sourceOf(this.#engine);
    const file = await readSourceFile(session, source, signal);
    if (file === null) throw new InvariantError('PD903', 'the copy was begun before its source was noted');
    this.filenode = file.filenode;
    this.queue.reset(file.blocks, await readRanges(session, source, ['copied', 'checked'], signal));
  }

  /** After the source was rewritten: all of it is open again, once, whoever of the workers that knew `generation` comes first. */
  async reopen(session: Session, generation: number, signal: AbortSignal): Promise<void> {
    const reopening = async (): Promise<void> => {
      if (generation !== this.queue.generation) return;
      const source = sourceOf(this.#engine);
      await fenced(
        this.#engine,
        session,
        { level: 'read committed', isDurable: true },
        async () => {
          await session.execute(renderLockSource(this.#engine.spec), signal);
          const [noted, present] = [await readSourceFile(session, source, signal), await readPresentFile(session, source, signal)];
          // Replay may have done it, of a TRUNCATE.
          if (noted?.filenode !== present.filenode) await session.execute(renderOpenSource(source, present).join(';\n'), signal);
        },
        signal,
      );
      await this.load(session, signal);
    };
    await this.coordinator.alone(reopening);
  }
}
