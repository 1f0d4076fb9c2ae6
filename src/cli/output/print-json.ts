import type { Terminal } from './terminal.ts';

/** One JSON value, indented, with a final line break. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.write(`${JSON.stringify(value, null, 2)}\n`);
}
