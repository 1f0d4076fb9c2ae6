import type { SnapshotName } from '../metric-catalogue.ts';

/** Samples of one family, one a line, each with its line feed. */
export interface PrintedFamily {
  readonly text: string;
  readonly series: number;
}

export type PrintedFamilies = ReadonlyMap<SnapshotName, PrintedFamily>;

/** Collects lines by family; so that many tables, and many databases, come under one HELP and TYPE each. */
export class FamilyPrinter {
  readonly #lines = new Map<SnapshotName, string[]>();
  #series = 0;

  /** Lines so far. */
  get series(): number {
    return this.#series;
  }

  add(name: SnapshotName, line: string): void {
    const lines = this.#lines.get(name);
    if (lines === undefined) this.#lines.set(name, [line]);
    else lines.push(line);
    this.#series += 1;
  }

  /** Flat texts, so that printing them again is a copy. */
  finish(): PrintedFamilies {
    return new Map([...this.#lines].map(([name, lines]) => [name, { text: lines.join(''), series: lines.length }]));
  }
}
