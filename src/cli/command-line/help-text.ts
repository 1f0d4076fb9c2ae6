import type { Command, OptionDeclaration } from './declaration.ts';
import { options } from './options.ts';

const purpose = 'partitiond keeps the partitions of PostgreSQL tables in the state that a policy asks for.';

/** The program's help: what it is for, its commands, how to go on. */
export function programHelp(commands: readonly Command[]): string {
  return [
    purpose,
    '',
    'Usage: partitiond COMMAND [OPTIONS]',
    '',
    'Commands:',
    ...columns(commands.map((command) => [command.name, command.summary])),
    '',
    'Options:',
    ...columns([options.help, options.version].map(optionRow)),
    '',
    'Examples:',
    '  partitiond validate --config partitiond.yaml',
    '  partitiond plan',
    '  partitiond apply',
    '',
    'partitiond COMMAND --help says more about each.',
    '',
  ].join('\n');
}

/** A command's help: usage, what it does, options, examples, exit codes. */
export function commandHelp(command: Command): string {
  const examples = command.examples.flatMap((example) => [`  ${example.command}`, `      ${example.does}`]);
  return [
    usageLine(command),
    '',
    command.description,
    '',
    'Options:',
    ...columns([...command.options, options.help].map(optionRow)),
    '',
    'Examples:',
    ...examples,
    '',
    'Exit codes:',
    ...columns(exitRows(command)),
    '',
  ].join('\n');
}

/** The short form that a usage error prints: the usage line and the options. */
export function commandUsage(command: Command): string {
  return [usageLine(command), '', 'Options:', ...columns([...command.options, options.help].map(optionRow)), ''].join('\n');
}

/** Exit codes of a command as rows of code and meaning; those that every command has come last. */
export function exitRows(command: Command): readonly (readonly [string, string])[] {
  const own = command.exits.map((line): readonly [string, string] => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]);
  return [...own, ['2', 'the configuration cannot be used'], ['64', 'the command line is wrong'], ['70', 'a bug in partitiond']];
}

/** `--config FILE` and its summary; `-h, --help`. */
export function optionRow(option: OptionDeclaration): readonly [string, string] {
  const long = option.value === null ? `--${option.name}` : `--${option.name} ${option.value}`;
  return [option.short === undefined ? long : `-${option.short}, ${long}`, option.summary];
}

export function usageLine(command: Command): string {
  const operand = command.operand === null ? '' : ` ${command.operand}`;
  return `Usage: partitiond ${command.name}${operand} [OPTIONS]`;
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
