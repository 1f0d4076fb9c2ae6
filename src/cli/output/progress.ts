import progress from 'cli-progress';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { isUpkeep, type Step } from '../../plan/step.ts';
import type { ReconcileEvent, ReconcileObserver } from '../../reconcile/event.ts';
import { printable } from './printable.ts';
import { formatShare } from './sizes.ts';
import type { Terminal } from './terminal.ts';

/** Fewer steps than this are over before a bar would say anything; but for upkeep, of which one may take hours. */
const manySteps = 5;

/** Of steps that run side by side, this many are named. */
const mostNamed = 2;

/** Shows the steps in work as a bar: those of one table, or the upkeep of all; `stop` takes it away, so that what is printed next stands alone. */
export interface Progress {
  readonly observe: ReconcileObserver;
  stop(): void;
}

/** A progress bar on a terminal; nothing at all elsewhere. */
export function startProgress(terminal: Terminal): Progress {
  if (!terminal.isInteractive) return { observe: () => undefined, stop: () => undefined };
  const shown = new ShownSteps(terminal);
  return { observe: (event) => shown.observe(event), stop: () => shown.stop() };
}

type StepEvent = Extract<ReconcileEvent, { readonly kind: 'step-started' | 'step-progress' | 'step-finished' }>;

class ShownSteps {
  readonly #terminal: Terminal;
  /** Steps at work and what they say of themselves, in the order in which they began. */
  readonly #atWork = new Map<string, string>();
  #bar: progress.SingleBar | null = null;
  #done = 0;
  #held = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  observe(event: ReconcileEvent): void {
    switch (event.kind) {
      case 'step-started':
        this.#atWork.set(keyOf(event.step), stepText(event.step));
        if (this.#bar === null && (isUpkeep(event.step) || event.total >= manySteps)) this.#bar = newBar(this.#terminal, event.total);
        return this.#show(event);
      case 'step-progress':
        this.#atWork.set(keyOf(event.step), `${stepText(event.step)} ${progressText(event)}`);
        return this.#show(event);
      case 'step-finished':
        // Also of one that never began: its turn is over.
        this.#done += 1;
        this.#atWork.delete(keyOf(event.report.step));
        return this.#show(event);
      case 'upkeep-held':
        this.#held = event.reason === null ? '' : `held: ${event.explanation}`;
        return;
      case 'table-finished':
        return this.stop();
      case 'run-started':
      case 'snapshot-read':
      case 'table-planned':
      case 'lock-timeout':
      case 'sessions-blocked':
      case 'table-failed':
      case 'run-finished':
        return;
    }
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = null;
    this.#atWork.clear();
    this.#done = 0;
    this.#held = '';
  }

  #show({ table }: StepEvent): void {
    const named = [...this.#atWork.values()].slice(0, mostNamed);
    const rest = this.#atWork.size - named.length;
    const steps = [...named, ...(rest > 0 ? [`${rest} more`] : []), ...(this.#held === '' ? [] : [this.#held])].join('; ');
    this.#bar?.update(this.#done, { table: printable(formatQualifiedName(table)), step: printable(steps) });
  }
}

function keyOf(step: Step): string {
  return JSON.stringify([step.kind, formatQualifiedName(step.partition), 'index' in step ? formatQualifiedName(step.index) : null]);
}

function stepText(step: Step): string {
  return `${step.kind} ${'index' in step ? step.index.name : step.partition.name}`;
}

/** `scanning heap 45%`; a phase that does not say how much there is, alone. */
function progressText({ phase, done, total }: { readonly phase: string; readonly done: number; readonly total: number }): string {
  return total > 0 ? `${phase} ${formatShare(done, total)}` : phase;
}

function newBar(terminal: Terminal, total: number): progress.SingleBar {
  const bar = new progress.SingleBar(
    {
      stream: terminal.stream,
      format: '{table} {bar} {value}/{total} {step}',
      barsize: 30,
      clearOnComplete: true,
      hideCursor: true,
      // Elsewhere the bar would keep the signals of main.ts from arriving.
      gracefulExit: false,
    },
    progress.Presets.shades_classic,
  );
  bar.start(total, 0, { table: '', step: '' });
  return bar;
}
