import { ConfigError, InvariantError, LockTimeoutError, type PartitiondError } from '../../errors.ts';
import type { Command } from '../command-line/declaration.ts';
import { commandUsage, usageLine } from '../command-line/help-text.ts';
import { coloursOf } from './colours.ts';
import type { Io } from './io.ts';
import { errorText } from './plan-document.ts';
import { printable } from './printable.ts';

/** An error with everything that its class carries: the problems of a configuration, the blockers of a lock, the stack of a bug. */
export function printError(io: Io, error: PartitiondError, database: string | null = null): void {
  const where = database === null ? '' : `database ${printable(database)}: `;
  io.stderr.write(`${coloursOf(io.stderr).bad('error')}: ${where}${printable(headline(error))}\n`);
  if (error instanceof ConfigError) for (const problem of error.problems) io.stderr.write(`  ${problemText(problem)}\n`);
  if (error instanceof LockTimeoutError) for (const blocker of error.blockers) io.stderr.write(`  ${blockerText(blocker)}\n`);
  if (error instanceof InvariantError && error.cause instanceof Error) io.stderr.write(`${error.cause.stack ?? error.cause.message}\n`);
}

/** Problems of a configuration follow one by one, so that only the first line of its message is wanted. */
function headline(error: PartitiondError): string {
  if (!(error instanceof ConfigError) || error.problems.length === 0) return errorText(error);
  return `${error.message.split('\n')[0] ?? ''} (${error.code})`;
}

/** The end of a usage error: that command's usage, or where to find the commands. Brief: the options were understood, a value of one was not. */
export function printUsage(io: Io, command: Command | null, isBrief: boolean): void {
  const usage = (of: Command): string => (isBrief ? `${usageLine(of)}; partitiond ${of.name} --help says more.\n` : commandUsage(of));
  io.stderr.write(command === null ? '\npartitiond --help lists the commands.\n' : `\n${usage(command)}`);
}

function problemText(problem: ConfigError['problems'][number]): string {
  const line = problem.line === null ? '' : ` (line ${problem.line})`;
  const path = problem.path === '' ? '' : `${problem.path}${line}: `;
  return printable(`${path}${problem.message}`);
}

/** One session that holds a wanted lock. */
export function blockerText(blocker: LockTimeoutError['blockers'][number]): string {
  const who = `pid ${blocker.pid} (${blocker.application === '' ? 'no application name' : blocker.application}, user ${blocker.user}, ${blocker.state})`;
  return printable(`held by ${who}: ${blocker.mode} on ${blocker.relation}, transaction open for ${(blocker.ageMs / 1000).toFixed(1)} s`);
}
