import { renderStep } from '../../ddl/render-step.ts';
import { ConnectionError, InvariantError, NotLeaderError, PartitiondError } from '../../errors.ts';
import type { EpochMicros } from '../../partition/position.ts';
import type { Step, UpkeepStep } from '../../plan/step.ts';
import { byUrgency } from '../../plan/upkeep-order.ts';
import type { Session } from '../../postgres/session.ts';
import { sqlOf } from '../operation-entries.ts';
import type { Outcome, StepReport, Yield } from '../step-report.ts';
import { applyUpkeepStep } from './apply-upkeep-step.ts';
import { blockedSessions } from './blocked-sessions.ts';
import { type Chain, chainsOf, type Foundation, foundations, isOnly, nextChain } from './chain.ts';
import { sendToJournal } from './journal-message.ts';
import { type Held, Pressure } from './pressure.ts';
import type { UpkeepContext } from './upkeep-context.ts';
import { workerLost } from './upkeep-errors.ts';
import { UpkeepWorker } from './upkeep-worker.ts';
import { decodeMoment, decodeWaiter, momentSql, type Waiter, waitersSql } from './watch.sql.ts';
import { Windows } from './windows.ts';
import { Yielded } from './yielded.ts';

/** How often the conductor looks who waits behind it, and every which time at all else (progress, standbys, pause). */
const tickMs = 100;
const ticksPerFullLook = 10;

/** A VACUUM that takes longer is in the journal before it ends, so that a killed one shows. */
const longMs = 500;

/** How long it waits for standbys and lock waiters before the rest is left to the next run. */
const patienceMs = 600_000;

/** A look that fails once may be chance; without any, nobody would see that the application waits. */
const toleratedFailures = 50;

/**
 * Runs the upkeep steps of all tables of a database, side by side for different relations, and reports each, aligned with `steps`. First come
 * the brief creations on partitioned tables, on `session`; then each relation's steps, in their order, on sessions of their own, while
 * `session` looks after them. No more relations at the same time than the greatest `concurrency`, and of a table no more than its own; the
 * partitioned table itself, where it needs that, only when none of its partitions is at work, and then none begins before it. Freezes for age come first,
 * then the tables in turn. A step that fails stops only what builds on the same index. What
 * begins nothing further: an abort and a lost leadership (at work: cancelled), a closed window (likewise), a pause, and, for ten minutes at
 * most, standbys that are behind and sessions that wait for locks; a plan that has grown old lets only relations end that have begun. A VACUUM or ANALYZE behind which somebody waits for longer than one attempt
 * of the lock budget is cancelled. Every step, whatever became of it, is told by `step-finished`; those that were begun by `step-started`
 * before. A worker session that is lost fails its step, and is replaced once. Never throws.
 */
export async function conductUpkeep(
  session: Session,
  steps: readonly UpkeepStep[],
  context: UpkeepContext,
  signal: AbortSignal,
): Promise<readonly StepReport[]> {
  return await new Conductor(session, steps, context, signal).run();
}

interface AtWork {
  readonly step: UpkeepStep;
  readonly cancel: AbortController;
  readonly sinceMs: number;
  /** The journal's entry of its beginning, where that is still to be written. */
  begin: string | null;
}

/** A place for one worker, whose session comes and goes. */
interface Desk {
  worker: UpkeepWorker | null;
}

class Conductor {
  readonly #session: Session;
  readonly #steps: readonly UpkeepStep[];
  readonly #context: UpkeepContext;
  readonly #signal: AbortSignal;
  readonly #reports = new Map<Step, StepReport>();
  readonly #foundation: Foundation;
  /** What cannot be built on, for all relations. */
  readonly #missing = new Map<string, StepReport>();
  readonly #windows: Windows;
  readonly #pressure = new Pressure();
  #pending: Chain[];
  readonly #active = new Set<Chain>();
  readonly #atWork = new Map<UpkeepWorker, AtWork>();
  /** Those that have not ended, nor been refused a session. */
  #workersLeft = 0;
  #wakeUp: (() => void)[] = [];
  #now: { readonly at: EpochMicros; readonly readMs: number } = { at: 0n, readMs: 0 };
  #held: (Held & { readonly sinceMs: number }) | null = null;
  #blocked = 0;
  #isPaused = false;
  #ending: PartitiondError | null = null;
  /** Whether a report has it. */
  #isEndingTold = false;

  constructor(session: Session, steps: readonly UpkeepStep[], context: UpkeepContext, signal: AbortSignal) {
    this.#session = session;
    this.#steps = steps;
    this.#context = context;
    this.#signal = signal;
    this.#foundation = foundations(steps);
    this.#windows = new Windows(context.windowEnd);
    this.#pending = [...chainsOf(byUrgency(steps.filter((step) => !isOnly(step))), context.serverVersion)];
  }

  async run(): Promise<readonly StepReport[]> {
    const abort = (): void => this.#stop(this.#signal.reason);
    this.#signal.addEventListener('abort', abort, { once: true });
    try {
      await this.#conduct();
    } catch (error) {
      this.#end(error);
    } finally {
      this.#signal.removeEventListener('abort', abort);
    }
    this.#tellBlocked(0);
    this.#tellHeld(null);
    return this.#steps.map((step) => this.#reports.get(step) ?? this.#settle(this.#notBegun(step)));
  }

  async #conduct(): Promise<void> {
    if (this.#steps.length === 0 || this.#signal.aborted) return;
    await this.#assertLeading();
    this.#now = { at: this.#context.clock.now(), readMs: this.#context.clock.monotonicMs() };
    await this.#look(true).catch((error: unknown) => {
      // The next look, soon, may do better; until then the clock of this machine must do.
      if (endsAll(error)) throw error;
    });
    await this.#createOnly();
    const over = new AbortController();
    const watching = this.#watch(over.signal);
    this.#workersLeft = Math.min(this.#pending.length, Math.max(1, ...this.#pending.map(({ limits }) => limits.concurrency)));
    try {
      await Promise.all(Array.from({ length: this.#workersLeft }, () => this.#work()));
    } finally {
      over.abort();
      await watching;
    }
  }

  async #createOnly(): Promise<void> {
    for (const step of this.#steps.filter(isOnly)) {
      const reason = this.#isStale() ? this.#notBegun(step, 'later') : this.#reasonNotToBegin(step, this.#missing);
      const report = reason === null ? await this.#begin(new UpkeepWorker(this.#session), step) : this.#settle(reason);
      this.#remember(report, this.#missing);
    }
  }

  /** One worker, from its first chain to its last. */
  async #work(): Promise<void> {
    const desk: Desk = { worker: null };
    let losses = 0;
    let isCounted = true;
    try {
      for (let chain = await this.#next(desk); chain !== null; chain = await this.#next(desk)) {
        const worker = await this.#workerFor(desk, chain);
        if (worker === null) {
          isCounted = false;
          return;
        }
        await this.#runChain(worker, chain);
        this.#leave(chain);
        if (worker.isLost) losses += 1;
        if (losses > 1) return;
      }
    } catch (error) {
      this.#end(error);
    } finally {
      if (isCounted) this.#workersLeft -= 1;
      await this.#clear(desk);
      this.#changed();
    }
  }

  /** The next chain that may begin, as soon as there is one; null: there will be none. */
  async #next(desk: Desk): Promise<Chain | null> {
    for (;;) {
      if (this.#isOver()) return null;
      if (this.#isStale()) this.#giveUp(this.#pending, 'later');
      if (this.#pending.length === 0) return null;
      const chain = nextChain(this.#pending, this.#active, ({ limits }) => this.#pressure.holds(limits) === null);
      if (chain !== null) {
        this.#pending.splice(this.#pending.indexOf(chain), 1);
        this.#active.add(chain);
        return chain;
      }
      const changed = new Promise<void>((resolve) => this.#wakeUp.push(resolve));
      // Nobody knows for how long: what is owed to the journal is written, and a standby that is behind gets rid of a snapshot.
      if (this.#held === null) await desk.worker?.settle(this.#context, this.#signal);
      else await this.#clear(desk);
      await changed;
    }
  }

  /** Connects where there is no session. Where that fails the others do the work; the last one tells. */
  async #workerFor(desk: Desk, chain: Chain): Promise<UpkeepWorker | null> {
    if (desk.worker?.isLost === true) await this.#clear(desk);
    if (desk.worker !== null) return desk.worker;
    try {
      const worker = new UpkeepWorker(await this.#context.connect(this.#signal));
      worker.session.onLost(() => {
        worker.isLost = true;
      });
      desk.worker = worker;
      return worker;
    } catch (error) {
      const [first] = chain.steps;
      this.#workersLeft -= 1;
      if (this.#workersLeft > 0) this.#pending.unshift(chain);
      else if (first !== undefined && !this.#signal.aborted && error instanceof PartitiondError) {
        const told = error instanceof ConnectionError ? workerLost(first, error) : error;
        this.#settle({ ...this.#notBegun(first), outcome: 'failed', error: told });
      }
      this.#leave(chain);
      return null;
    }
  }

  async #runChain(worker: UpkeepWorker, chain: Chain): Promise<void> {
    const missing = new Map(this.#missing);
    for (const step of chain.steps) {
      const reason = this.#reasonNotToBegin(step, missing) ?? (worker.isLost ? this.#notBegun(step) : null);
      const report = reason === null ? await this.#begin(worker, step) : this.#settle(reason);
      this.#remember(report, missing);
    }
  }

  async #begin(worker: UpkeepWorker, step: UpkeepStep): Promise<StepReport> {
    const cancel = new AbortController();
    const atWork: AtWork = { step, cancel, sinceMs: this.#context.clock.monotonicMs(), begin: null };
    this.#atWork.set(worker, atWork);
    this.#context.onEvent({ kind: 'step-started', step, index: this.#reports.size, total: this.#steps.length });
    const report = await applyUpkeepStep(worker, step, this.#context, this.#signal, cancel.signal, (begin) => {
      atWork.begin = begin;
    });
    this.#atWork.delete(worker);
    const { error } = report;
    if (error instanceof NotLeaderError) this.#end(error);
    // What ends the run reaches the steps at work as well.
    if (!(error instanceof ConnectionError) || error === this.#ending) return this.#settle(report);
    worker.isLost = true;
    return this.#settle(worker.session === this.#session ? report : { ...report, error: workerLost(step, error) });
  }

  /** The report of a step that is not to be begun; null: it may. */
  #reasonNotToBegin(step: UpkeepStep, missing: ReadonlyMap<string, StepReport>): StepReport | null {
    if (this.#isOver()) return this.#notBegun(step);
    if (!this.#windows.isOpen(step.limits.window, this.#clock())) return this.#notBegun(step, 'window');
    const foundation = this.#foundation(step);
    const broken = foundation === null ? undefined : missing.get(foundation);
    return broken === undefined ? null : this.#notBegun(step, broken.yieldedTo);
  }

  #remember(report: StepReport, missing: Map<string, StepReport>): void {
    const foundation = this.#foundation(report.step);
    if (report.outcome !== 'ok' && foundation !== null) missing.set(foundation, report);
  }

  #notBegun(step: UpkeepStep, yieldedTo?: Yield): StepReport {
    const nothing = { step, error: null, durationMs: 0, lockWaitMs: 0, lockTimeouts: 0 };
    if (yieldedTo !== undefined) return { ...nothing, outcome: 'skipped', yieldedTo };
    const outcome: Outcome = this.#isPaused && !this.#signal.aborted && this.#ending === null ? 'refused' : 'skipped';
    return this.#ending === null || this.#isEndingTold ? { ...nothing, outcome } : { ...nothing, outcome: 'failed', error: this.#ending };
  }

  #settle(report: StepReport): StepReport {
    this.#reports.set(report.step, report);
    if (report.error !== null && report.error === this.#ending) this.#isEndingTold = true;
    this.#context.onEvent({ kind: 'step-finished', report, sql: this.#sqlOf(report.step) });
    return report;
  }

  /** A step that cannot be rendered has failed already. */
  #sqlOf(step: Step): readonly string[] {
    try {
      return sqlOf(renderStep(step, this.#context.serverVersion));
    } catch {
      return [];
    }
  }

  #leave(chain: Chain): void {
    this.#active.delete(chain);
    this.#changed();
  }

  async #clear(desk: Desk): Promise<void> {
    const { worker } = desk;
    desk.worker = null;
    if (worker === null) return;
    await worker.settle(this.#context, this.#signal);
    await worker.session.close();
  }

  #changed(): void {
    const waiting = this.#wakeUp;
    this.#wakeUp = [];
    for (const wakeUp of waiting) wakeUp();
  }

  #isOver(): boolean {
    return this.#signal.aborted || this.#ending !== null || this.#isPaused;
  }

  /** Nothing further is begun, and what is at work is cancelled. */
  #end(error: unknown): void {
    if (this.#ending !== null || (this.#signal.aborted && error === this.#signal.reason)) return;
    this.#ending = error instanceof PartitiondError ? error : bug(error);
    this.#stop(this.#ending);
  }

  #stop(reason: unknown): void {
    for (const { cancel } of this.#atWork.values()) cancel.abort(reason);
    this.#changed();
  }

  /** Until `over`; a look that is under way then is let finish, as cancelling it would cost a connection. */
  async #watch(over: AbortSignal): Promise<void> {
    let failures = 0;
    for (let tick = 1; ; tick += 1) {
      const isOver = await this.#context.clock.sleep(tickMs, over).then(
        () => false,
        () => true,
      );
      if (isOver || this.#signal.aborted) return;
      try {
        await this.#look(tick % ticksPerFullLook === 0);
        if (tick % ticksPerFullLook === 0) await this.#lookAround();
        failures = 0;
      } catch (error) {
        failures += 1;
        if (endsAll(error) || failures > toleratedFailures) this.#end(error);
      }
      this.#changed();
    }
  }

  async #look(isFull: boolean): Promise<void> {
    const waiters = await this.#session.rows(waitersSql, [], decodeWaiter, this.#signal);
    const [moment = null] = isFull ? await this.#session.rows(momentSql, [], decodeMoment, this.#signal) : [];
    if (moment !== null) this.#now = { at: moment.now, readMs: this.#context.clock.monotonicMs() };
    this.#pressure.observe(moment, waiters, this.#pids());
    this.#weigh();
    this.#yieldToWaiters(waiters);
    this.#closeWindows();
  }

  /** What can wait for a second. */
  async #lookAround(): Promise<void> {
    await this.#assertLeading();
    this.#isPaused ||= await this.#context.isPaused(this.#signal);
    const steps = new Map([...this.#atWork].map(([{ session }, { step }]) => [session.pid, step]));
    if (steps.size === 0) return;
    for (const { pid, phase, done, total } of await this.#context.readProgress(this.#session, [...steps.keys()], this.#signal)) {
      const step = steps.get(pid);
      if (step !== undefined && !this.#reports.has(step)) this.#context.onEvent({ kind: 'step-progress', step, phase, done, total });
    }
  }

  /** Whether this process still leads, for VACUUM and ANALYZE do not ask; and the beginning of those that take long. */
  async #assertLeading(): Promise<void> {
    const now = this.#context.clock.monotonicMs();
    const begun: string[] = [];
    for (const atWork of this.#atWork.values()) {
      if (atWork.begin === null || now - atWork.sinceMs < longMs) continue;
      begun.push(atWork.begin);
      atWork.begin = null;
    }
    if (begun.length === 0 && this.#context.epochGuard === null) return;
    await sendToJournal(this.#session, begun, [], this.#context, this.#signal);
  }

  #pids(): ReadonlySet<number> {
    return new Set([this.#session.pid, ...[...this.#atWork.keys()].map(({ session }) => session.pid)]);
  }

  /** Tells what holds the next chain up, and gives those up that have been held up for too long. */
  #weigh(): void {
    const held = this.#pending.map(({ limits }) => this.#pressure.holds(limits)).find((reason) => reason !== null) ?? null;
    this.#tellHeld(held);
    if (this.#held === null || this.#context.clock.monotonicMs() - this.#held.sinceMs < patienceMs) return;
    this.#giveUp(
      this.#pending.filter(({ limits }) => this.#pressure.holds(limits) !== null),
      'pressure',
    );
    this.#tellHeld(null);
  }

  #giveUp(chains: readonly Chain[], yieldedTo: Yield): void {
    const givenUp = new Set(chains);
    this.#pending = this.#pending.filter((chain) => !givenUp.has(chain));
    for (const step of [...givenUp].flatMap(({ steps }) => steps)) this.#settle(this.#notBegun(step, yieldedTo));
  }

  #isStale(): boolean {
    const { clock, freshUntilMs } = this.#context;
    return freshUntilMs !== null && clock.monotonicMs() >= freshUntilMs;
  }

  #tellHeld(held: Held | null): void {
    const before = this.#held;
    this.#held = held === null ? null : { ...held, sinceMs: before?.sinceMs ?? this.#context.clock.monotonicMs() };
    if (before?.reason === held?.reason) return;
    const explanation = held?.explanation ?? 'Work goes on.';
    this.#context.onEvent({ kind: 'upkeep-held', reason: held?.reason ?? null, explanation });
  }

  #tellBlocked(count: number): void {
    if (count === this.#blocked) return;
    this.#blocked = count;
    this.#context.onEvent({ kind: 'sessions-blocked', count });
  }

  /** As autovacuum does: whoever waits behind VACUUM or ANALYZE goes first, for others may wait behind him. */
  #yieldToWaiters(waiters: readonly Waiter[]): void {
    const blocked = blockedSessions(waiters, this.#pids());
    this.#tellBlocked(blocked.count);
    for (const [worker, { step, cancel }] of this.#atWork) {
      const waitedMs = blocked.waitedMs.get(worker.session.pid) ?? 0;
      const mayYield = step.kind === 'vacuum' || step.kind === 'analyze';
      if (mayYield && waitedMs > this.#context.budget.attemptMs) cancel.abort(new Yielded('blocking'));
    }
  }

  #closeWindows(): void {
    for (const { step, cancel } of this.#atWork.values()) {
      if (!this.#windows.isOpen(step.limits.window, this.#clock())) cancel.abort(new Yielded('window'));
    }
  }

  /** Of the database. */
  #clock(): EpochMicros {
    return this.#now.at + BigInt(Math.round((this.#context.clock.monotonicMs() - this.#now.readMs) * 1000));
  }
}

function endsAll(error: unknown): boolean {
  return error instanceof ConnectionError || error instanceof NotLeaderError || !(error instanceof PartitiondError);
}

function bug(error: unknown): InvariantError {
  const message = error instanceof Error ? error.message : String(error);
  return new InvariantError('PD910', `Could not conduct upkeep: ${message}. This is a bug in partitiond; please report it with the log.`, {
    cause: error,
  });
}
