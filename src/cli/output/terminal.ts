import { isatty } from 'node:tty';

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
