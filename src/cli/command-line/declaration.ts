import type { Io } from '../output/io.ts';
import type { Invocation } from './invocation.ts';

/** One option of a command, as `--help` and docs/cli.md show it. */
export interface OptionDeclaration {
  /** Without the dashes. An option of one name means the same wherever it appears. */
  readonly name: string;
  readonly short?: string;
  /** What stands for the value, for example `FILE`; null for a flag. */
  readonly value: string | null;
  readonly isRepeatable: boolean;
  /** A phrase without a full stop. */
  readonly summary: string;
}

/** An example that works as printed, and what it does. */
export interface Example {
  readonly command: string;
  readonly does: string;
}

/** Everything about a command that its users see; the help text and docs/cli.md are made from it. */
export interface Command {
  readonly name: string;
  /** Half a line, for the list of commands. */
  readonly summary: string;
  /** Two or three sentences: what it reads, what it changes, what it refuses. */
  readonly description: string;
  /** For example `[REASON]`; null when the command takes options only. */
  readonly operand: string | null;
  readonly options: readonly OptionDeclaration[];
  readonly examples: readonly Example[];
  /** Exit codes that mean something particular here, as `code meaning`; 2, 64 and 70 are everybody's. */
  readonly exits: readonly string[];
  /** Does it; resolves with the exit code, throws PartitiondError. */
  run(invocation: Invocation, io: Io): Promise<number>;
}
