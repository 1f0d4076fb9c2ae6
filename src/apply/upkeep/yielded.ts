import type { Yield } from '../step-report.ts';

/** Why the conductor cancels a command; the reason of the abort. */
export class Yielded extends Error {
  readonly to: Yield;

  constructor(to: Yield) {
    super(`cancelled for the sake of ${to}`);
    this.to = to;
  }
}
