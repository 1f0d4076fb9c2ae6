import progress from 'cli-progress';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { ReconcileEvent, ReconcileObserver } from '../../reconcile/event.ts';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

/** Fewer steps than this are over before a bar would say anything. */
const manySteps = 5;

/** Shows the steps of the table in work as a bar; `stop` takes it away, so that what is printed next stands alone. */
export interface Progress {
  readonly observe: ReconcileObserver;
  stop(): void;
}

/** A progress bar on a terminal; nothing at all elsewhere. */
export function startProgress(terminal: Terminal): Progress {
  let bar: progress.SingleBar | null = null;
  const stop = (): void => {
    bar?.stop();
    bar = null;
  };
  return { observe: terminal.isInteractive ? observe : () => undefined, stop };

  function observe(event: ReconcileEvent): void {
    if (event.kind === 'table-finished') stop();
    if (event.kind === 'step-started' && event.total >= manySteps) {
      bar ??= newBar(terminal, event.total);
      const { step } = event;
      bar.update(event.index, {
        table: printable(formatQualifiedName(event.table)),
        step: printable(`${step.kind} ${step.partition.name}`),
      });
    }
    if (event.kind === 'step-finished') bar?.increment();
  }
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
