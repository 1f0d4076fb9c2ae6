import type { Labels } from '../exposition/render-sample.ts';
import type { SnapshotName } from '../metric-catalogue.ts';

/** One value of a gauge of a table; `labels` beyond those that name the table. */
export interface GaugeSample {
  readonly name: SnapshotName;
  readonly labels: Labels;
  readonly value: number;
}

/** Takes a value; null has no meaning for the table and is left out rather than 0. */
export type AddGauge = (name: SnapshotName, value: number | null, labels?: Labels) => void;

/** A list and the function that adds to it. */
export function gaugeSamples(): { readonly samples: GaugeSample[]; readonly add: AddGauge } {
  const samples: GaugeSample[] = [];
  return {
    samples,
    add: (name, value, labels = {}) => {
      if (value !== null) samples.push({ name, labels, value });
    },
  };
}
