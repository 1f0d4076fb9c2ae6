import { ConnectionError, StatementError } from '../../errors.ts';
import { readCopiedRows } from '../../journal/migration/ranges.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { isLockFailure, sqlstates } from '../../postgres/sqlstate.ts';
import type { Engine } from '../engine.ts';
import { provisionTarget } from '../prepare/provision-target.ts';
import { emit } from '../transactions.ts';
import type { Watch } from './brakes/watch.ts';
import { copyBatch } from './copy-batch.ts';
import type { CopyState } from './copy-state.ts';
import { readHomelessKeys } from './homeless.ts';
import { sourceOf } from './reopen-ranges.ts';
import { nextBatchSize } from './share/batch-size.ts';
import type { TakenRange } from './share/range-queue.ts';
import { awaitEnd, connectWorker, type WorkerBackend } from './worker-backend.ts';

/** How often a worker looks whether the others have given something back. Milliseconds. */
const idlePollMs = 20;
/** Between two attempts at a lock, or at rows that others change. Milliseconds. */
const retryPauseMs = 100;
/** One after the other; a server that goes down for long is for the next start. */
const toleratedLosses = 5;

/** What became of one attempt at a range. `in-vain`: something was in the way, which may be gone by now. */
type Attempt = { readonly kind: 'copied'; readonly rows: number } | { readonly kind: 'rewritten' | 'in-vain' };

/** Copies ranges on a session of its own until none is open or in anybody's hands. */
export class CopyWorker {
  readonly #engine: Engine;
  readonly #state: CopyState;
  readonly #watch: Watch;
  readonly #copied: () => void;
  #backend: WorkerBackend;
  #losses = 0;

  private constructor(engine: Engine, state: CopyState, watch: Watch, copied: () => void, backend: WorkerBackend) {
    this.#engine = engine;
    this.#state = state;
    this.#watch = watch;
    this.#copied = copied;
    this.#backend = backend;
  }

  /** `copied` is called after each batch that was committed. */
  static async connect(engine: Engine, state: CopyState, watch: Watch, copied: () => void, signal: AbortSignal): Promise<CopyWorker> {
    return new CopyWorker(engine, state, watch, copied, await connectWorker(engine, signal));
  }

  get pid(): number {
    return this.#backend.session.pid;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#engine.surroundings;
    while (!this.#state.queue.isDone) {
      await this.#watch.released(signal);
      const range = this.#state.queue.take(BigInt(this.#state.size.blocks));
      if (range === null) await clock.sleep(idlePollMs, signal);
      else await this.#copyOne(range, signal);
    }
  }

  async close(): Promise<void> {
    await this.#backend.session.close();
  }

  async #copyOne(range: TakenRange, signal: AbortSignal): Promise<void> {
    const { policy, surroundings } = this.#engine;
    const { copy } = policy.migration;
    const { clock } = surroundings;
    const startedAt = clock.monotonicMs();
    let attempt: Attempt = { kind: 'in-vain' };
    try {
      attempt = await this.#state.batches.among(() => this.#attempt(range, signal));
    } finally {
      if (attempt.kind !== 'copied') this.#state.queue.giveBack(range);
    }
    if (attempt.kind === 'rewritten') await this.#reopen(range, signal);
    if (attempt.kind === 'in-vain') await clock.sleep(retryPauseMs * (0.5 + clock.random()), signal);
    if (attempt.kind !== 'copied') return;
    const durationMs = clock.monotonicMs() - startedAt;
    const blocks = Number(range.to - range.from);
    this.#state.queue.done(range);
    this.#state.size = nextBatchSize(this.#state.size, { blocks, ms: durationMs }, copy.batchTimeMs);
    emit(this.#engine, { kind: 'batch-copied', rows: attempt.rows, blocks, durationMs });
    this.#watch.progressed();
    this.#copied();
    if (copy.pace > 0) await clock.sleep(durationMs * copy.pace, signal);
  }

  async #reopen({ generation }: TakenRange, signal: AbortSignal): Promise<void> {
    try {
      await this.#state.reopen(this.#backend.session, generation, signal);
    } catch (error) {
      if (!isLockFailure(error)) throw error;
      await this.#engine.surroundings.clock.sleep(retryPauseMs, signal);
    }
  }

  /** Plain first, unless conflicts are many; careful when a row was there already. */
  async #attempt(range: TakenRange, signal: AbortSignal): Promise<Attempt> {
    const isCareful = this.#state.conflicts.isCareful();
    try {
      const attempt = await this.#once(range, isCareful, signal);
      if (!isCareful && attempt.kind === 'copied') this.#state.conflicts.remember(false);
      return attempt;
    } catch (error) {
      if (isCareful || !isState(error, sqlstates.uniqueViolation)) return await this.#overcome(error, range, signal);
    }
    this.#state.conflicts.remember(true);
    try {
      return await this.#once(range, true, signal);
    } catch (error) {
      return await this.#overcome(error, range, signal);
    }
  }

  async #once(range: TakenRange, isCareful: boolean, signal: AbortSignal): Promise<Attempt> {
    const ticket = await this.#engine.register.enter(signal);
    try {
      const rows = await copyBatch(
        this.#engine,
        this.#backend.session,
        ticket,
        { range, filenode: this.#state.filenode, isCareful },
        signal,
      );
      this.#losses = 0;
      return rows === null ? { kind: 'rewritten' } : { kind: 'copied', rows };
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#losses += 1;
      if (this.#losses > toleratedLosses) throw error;
      return await this.#settleLost(range, signal);
    } finally {
      ticket.end();
    }
  }

  /** A lost connection leaves open whether the COMMIT came through; the journal knows when the old backend is gone. */
  async #settleLost(range: TakenRange, signal: AbortSignal): Promise<Attempt> {
    const lost = this.#backend;
    await lost.session.close().catch(() => undefined);
    this.#backend = await connectWorker(this.#engine, signal);
    await awaitEnd(this.#engine, this.#backend.session, lost, signal);
    const rows = await readCopiedRows(this.#backend.session, sourceOf(this.#engine), range.from, signal);
    return rows === null ? { kind: 'in-vain' } : { kind: 'copied', rows };
  }

  /** Rethrows what no repetition helps against. */
  async #overcome(error: unknown, range: TakenRange, signal: AbortSignal): Promise<Attempt> {
    signal.throwIfAborted();
    if (isLockFailure(error) || isState(error, sqlstates.serializationFailure)) {
      // Fewer rows, fewer that others change meanwhile.
      const { blocks, blocksPerMs } = this.#state.size;
      if (!isLockFailure(error)) this.#state.size = { blocks: Math.max(8, Math.floor(blocks / 2)), blocksPerMs };
      return { kind: 'in-vain' };
    }
    if (!isState(error, sqlstates.checkViolation)) throw error;
    const needed = await readHomelessKeys(this.#engine, this.#backend.session, range, signal);
    if (needed.length === 0) throw error;
    const made = await this.#state.coordinator.alone(() => provisionTarget(this.#engine, needed, signal));
    if (made > 0) return { kind: 'in-vain' };
    const left = await readHomelessKeys(this.#engine, this.#backend.session, range, signal);
    if (left.some((key) => needed.includes(key))) throw homeless(this.#engine, left, error);
    return { kind: 'in-vain' };
  }
}

function homeless({ spec }: Engine, keys: readonly string[], cause: unknown): StatementError {
  const target = formatQualifiedName(spec.targetName);
  const message = `No partition of ${target} takes rows with ${spec.partitionKey.name} ${keys.slice(0, 3).join(', ')}, and none could be made.`;
  return new StatementError('PD501', message, sqlstates.checkViolation, { cause });
}

function isState(error: unknown, sqlstate: string): boolean {
  return error instanceof StatementError && error.sqlstate === sqlstate;
}
