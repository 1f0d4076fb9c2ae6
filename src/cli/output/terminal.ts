import { isatty } from 'node:tty';
import { stripVTControlCharacters } from 'node:util';

/** Where text goes: results to one, logs and progress to the other. */
export interface Terminal {
  write(text: string): void;
  /** A person looks at it; else a pipe or a file, which gets neither colours nor progress bars. */
  readonly isInteractive: boolean;
  /** Interactive, and NO_COLOR, TERM=dumb and friends do not object. */
  readonly hasColors: boolean;
  /** The stream itself, for what moves the cursor. */
  readonly stream: NodeJS.WritableStream;
}

/** A terminal on one of the process's own streams. Node's `hasColors` knows NO_COLOR, FORCE_COLOR and TERM. */
export function streamTerminal(stream: NodeJS.WriteStream & { readonly fd: number }): Terminal {
  const isInteractive = isatty(stream.fd);
  return {
    write: (text) => {
      stream.write(text);
    },
    isInteractive,
    hasColors: isInteractive && stream.hasColors(),
    stream,
  };
}

/** How many lines of the terminal `text` takes, which ends with a line feed: one that is wider than the terminal goes on in the next. */
export function shownLines({ stream }: Terminal, text: string): number {
  const width = 'columns' in stream && typeof stream.columns === 'number' && stream.columns > 0 ? stream.columns : Number.POSITIVE_INFINITY;
  const lines = stripVTControlCharacters(text).split('\n').slice(0, -1);
  return lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0);
}
