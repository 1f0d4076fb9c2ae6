import picocolors from 'picocolors';
import type { Terminal } from './terminal.ts';

/** The colours of words that tell good from bad; plain text where the terminal has none. */
export interface Colours {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly doubtful: (text: string) => string;
  readonly strong: (text: string) => string;
}

export function coloursOf(terminal: Terminal): Colours {
  const colours = picocolors.createColors(terminal.hasColors);
  return { good: colours.green, bad: colours.red, doubtful: colours.yellow, strong: colours.bold };
}
