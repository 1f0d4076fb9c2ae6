import progress from 'cli-progress';
import type { MigrationEvent } from '../../migrate/event.ts';
import type { MigrationStatus } from '../../partition/migration/status.ts';
import { migrationLine } from './migration-line.ts';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

/** Shows a migration at work; `stop` takes the line away, so that what is printed next stands alone. */
export interface MigrationProgress {
  observe(event: MigrationEvent): void;
  stop(): void;
}

/** What holds the copy back is said again and again while it does. */
const heldForMs = 5_000;

/**
 * One line that is drawn anew on a terminal; nothing at all elsewhere, where the log tells it. `remark` is said behind it while nothing holds the
 * copy back; it may be empty.
 */
export function startMigrationProgress(terminal: Terminal, remark: () => string): MigrationProgress {
  if (!terminal.isInteractive) return { observe: () => undefined, stop: () => undefined };
  const shown = new ShownMigration(terminal, remark);
  return { observe: (event) => shown.observe(event), stop: () => shown.stop() };
}

class ShownMigration {
  readonly #bar: progress.SingleBar;
  readonly #remark: () => string;
  #isDrawn = false;
  #held = '';
  #heldUntil = 0;

  constructor(terminal: Terminal, remark: () => string) {
    this.#remark = remark;
    this.#bar = new progress.SingleBar({
      stream: terminal.stream,
      format: (_options, _params, payload: { readonly line?: string }) => payload.line ?? '',
      clearOnComplete: true,
      hideCursor: true,
      // Elsewhere the bar would keep the signals of main.ts from arriving.
      gracefulExit: false,
    });
  }

  observe(event: MigrationEvent): void {
    if (event.kind === 'throttled') {
      this.#held = printable(event.explanation);
      this.#heldUntil = performance.now() + event.ms + heldForMs;
    }
    if (event.kind !== 'migration-status') return;
    const line = migrationLine(event.status, performance.now() < this.#heldUntil ? this.#held : this.#remarkOf(event.status));
    if (this.#isDrawn) this.#bar.update(Math.floor(event.status.progress * 1000), { line });
    else this.#bar.start(1000, 0, { line });
    this.#isDrawn = true;
  }

  /** Windows are the copy's alone. */
  #remarkOf({ phase }: MigrationStatus): string {
    return phase === 'backfill' ? this.#remark() : '';
  }

  stop(): void {
    if (this.#isDrawn) this.#bar.stop();
    this.#isDrawn = false;
  }
}
