import picocolors from 'picocolors';
import type { Terminal } from './terminal.ts';

/** The colours of words that tell good from bad; plain text where the terminal has none. */
export interface Colours {
  good(text: string): string;
  bad(text: string): string;
  doubtful(text: string): string;
  strong(text: string): string;
  faint(text: string): string;
}

export function coloursOf(terminal: Terminal): Colours {
  const colours = picocolors.createColors(terminal.hasColors);
  return { good: colours.green, bad: colours.red, doubtful: colours.yellow, strong: colours.bold, faint: colours.dim };
}
