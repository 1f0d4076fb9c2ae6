import { parseArgs } from 'node:util';
import { nearestWord } from '../../config/document/nearest-word.ts';
import { UsageError } from '../../errors.ts';
import type { Command, OptionDeclaration } from './declaration.ts';
import { Invocation } from './invocation.ts';
import { options } from './options.ts';

/** What argv asks for. `command` null with help or version: asked of the program itself. */
export type Request =
  | { readonly kind: 'run'; readonly command: Command; readonly invocation: Invocation }
  | { readonly kind: 'help'; readonly command: Command | null }
  | { readonly kind: 'version' };

/** A `UsageError` that knows whose usage to print; null: the program's. */
export class CommandUsageError extends UsageError {
  readonly command: Command | null;

  constructor(code: string, message: string, command: Command | null) {
    super(code, message);
    this.command = command;
  }
}

const known: readonly OptionDeclaration[] = Object.values(options);

/**
 * Parses argv without node and script. Options may stand before or after the command. Throws `CommandUsageError` with the nearest known word:
 * PD001 command, PD002 option, PD003 value, PD004 operand.
 */
export function parseCommandLine(argv: readonly string[], commands: readonly Command[]): Request {
  const { tokens } = parseArgs({
    args: [...argv],
    // Unknown options are ours to report: node's sentence knows neither the command nor the nearest word.
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(known.map(toParseArgs)),
  });
  const operands = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const given = tokens.flatMap((token) => (token.kind === 'option' ? [token] : []));
  const asksHelp = operands[0] === 'help' || given.some((token) => token.name === options.help.name);
  const [word, ...rest] = operands[0] === 'help' ? operands.slice(1) : operands;
  if (word === undefined) return asksHelp ? { kind: 'help', command: null } : withoutCommand(given, commands);
  const command = commands.find((candidate) => candidate.name === word);
  if (command === undefined) throw new CommandUsageError('PD001', unknownCommand(word, commands), null);
  if (asksHelp) return { kind: 'help', command };
  const values = new Map<string, string[]>();
  for (const token of given) addOption(values, token, command, commands);
  assertOperands(rest, command);
  return { kind: 'run', command, invocation: new Invocation(rest, values) };
}

function withoutCommand(given: readonly OptionToken[], commands: readonly Command[]): Request {
  if (given.some((token) => token.name === options.version.name)) return { kind: 'version' };
  for (const token of given) assertKnown(token.name, token.rawName, null, commands);
  throw new CommandUsageError('PD001', 'No command was given.', null);
}

function toParseArgs(option: OptionDeclaration): [string, { type: 'string' | 'boolean'; short?: string; multiple: boolean }] {
  const type = option.value === null ? 'boolean' : 'string';
  return [option.name, { type, multiple: true, ...(option.short !== undefined && { short: option.short }) }];
}

function unknownCommand(word: string, commands: readonly Command[]): string {
  const names = commands.map((command) => command.name);
  const nearest = nearestWord(word, names);
  return `There is no command ${quoted(word)}${nearest === null ? `; there are ${names.join(', ')}.` : `; did you mean ${nearest}?`}`;
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function addOption(values: Map<string, string[]>, token: OptionToken, command: Command, commands: readonly Command[]): void {
  const option = assertKnown(token.name, token.rawName, command, commands);
  const given = values.get(option.name) ?? [];
  if (given.length > 0 && option.value !== null && !option.isRepeatable) {
    throw new CommandUsageError('PD003', `${token.rawName} was given twice; give it once.`, command);
  }
  values.set(option.name, option.value === null ? flagValue(token, command) : [...given, stringValue(token, option, command)]);
}

function flagValue(token: OptionToken, command: Command): string[] {
  if (token.value === undefined) return [''];
  throw new CommandUsageError('PD003', `${token.rawName} takes no value, and got ${quoted(token.value)}.`, command);
}

function stringValue(token: OptionToken, option: OptionDeclaration, command: Command): string {
  const { value } = token;
  const isNextOption = token.inlineValue === false && value?.startsWith('-') === true;
  if (value !== undefined && value !== '' && !isNextOption) return value;
  throw new CommandUsageError('PD003', `${token.rawName} needs a value: ${token.rawName} ${option.value}.`, command);
}

function assertKnown(name: string, rawName: string, command: Command | null, commands: readonly Command[]): OptionDeclaration {
  const allowed = command === null ? [options.help, options.version] : [...command.options, options.help];
  const option = allowed.find((candidate) => candidate.name === name);
  if (option !== undefined) return option;
  const whose = command === null ? 'partitiond' : `partitiond ${command.name}`;
  const nearest = nearestWord(
    name,
    allowed.map((candidate) => candidate.name),
  );
  const others = commands.filter((other) => other.options.some((candidate) => candidate.name === name)).map((other) => other.name);
  const hint =
    others.length > 0
      ? `; ${listed(others)} ${others.length === 1 ? 'has' : 'have'} it.`
      : nearest === null
        ? '.'
        : `; did you mean --${nearest}?`;
  throw new CommandUsageError('PD002', `${whose} has no option ${quoted(rawName)}${hint}`, command);
}

function assertOperands(operands: readonly string[], command: Command): void {
  const allowed = command.operand === null ? 0 : 1;
  const extra = operands[allowed];
  if (extra === undefined) return;
  const fix = command.operand === null ? 'takes options only' : `takes one ${command.operand}; put quotes around several words`;
  throw new CommandUsageError('PD004', `partitiond ${command.name} ${fix}, and got ${quoted(extra)}.`, command);
}

function quoted(word: string): string {
  return JSON.stringify(word);
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
