import { ConfigError, ConnectionError, InvariantError, NotLeaderError, PartitiondError, UsageError } from '../errors.ts';
import type { Command } from './command-line/declaration.ts';
import { commandHelp, programHelp } from './command-line/help-text.ts';
import { CommandUsageError, parseCommandLine, type Request } from './command-line/parse-command-line.ts';
import { commands } from './commands.ts';
import type { Io } from './output/io.ts';
import { printError, printUsage } from './output/print-error.ts';

/**
 * The command line around the core: argv in, exit code out. Parses, runs one command, prints what it throws. The room chooses words and
 * exit codes; what is done is decided elsewhere. Never throws.
 */
export async function runCommand(argv: readonly string[], io: Io): Promise<number> {
  let command: Command | null = null;
  try {
    const request = parseCommandLine(argv, commands);
    if (request.kind !== 'run') return answer(request, io);
    command = request.command;
    return await command.run(request.invocation, io);
  } catch (error) {
    if (io.signal.aborted && error === io.signal.reason) return interrupted(io);
    const known = error instanceof PartitiondError ? error : unexpected(error);
    printError(io, known);
    if (known instanceof CommandUsageError) printUsage(io, known.command, false);
    else if (known instanceof UsageError) printUsage(io, command, valueCodes.has(known.code));
    return exitCodeOfError(known);
  }
}

/** A value that is none of its option's, and an option that is lacking: the sentence says all that matters. */
const valueCodes: ReadonlySet<string> = new Set(['PD003', 'PD008']);

function answer(request: Exclude<Request, { readonly kind: 'run' }>, io: Io): number {
  if (request.kind === 'version') io.stdout.write(`partitiond ${io.version}\n`);
  else io.stdout.write(request.command === null ? programHelp(commands) : commandHelp(request.command));
  return 0;
}

function interrupted(io: Io): number {
  io.stderr.write('Interrupted.\n');
  return 4;
}

function unexpected(error: unknown): InvariantError {
  const message = error instanceof Error ? error.message : String(error);
  return new InvariantError('PD901', `Unexpected: ${message}. This is a bug in partitiond; please report it with what follows.`, {
    cause: error,
  });
}

/** The table of engineering.md, Errors, for what ends the whole command. */
function exitCodeOfError(error: PartitiondError): number {
  if (error instanceof UsageError) return 64;
  if (error instanceof ConfigError) return 2;
  if (error instanceof ConnectionError) return 3;
  if (error instanceof NotLeaderError) return 5;
  return error instanceof InvariantError ? 70 : 4;
}
