import type { Command } from '../src/cli/command-line/declaration.ts';
import { exitRows, optionRow } from '../src/cli/command-line/help-text.ts';
import { options } from '../src/cli/command-line/options.ts';
import { commands } from '../src/cli/commands.ts';

/** docs/cli.md, made from the same declarations as `--help`; ends with a line break. */
export function renderCliPage(): string {
  const overview = commands.map((command) => `| [\`${command.name}\`](#${command.name}) | ${escapeCell(command.summary)} |`);
  return `${[
    '# Command line',
    '',
    'Written by `npm run docs` from the declarations in `src/cli/`; the text of `partitiond COMMAND --help`.',
    'Results go to stdout, logs and progress to stderr; colours and progress bars only to a terminal, and `NO_COLOR` is respected.',
    '',
    '| command | |',
    '|---|---|',
    ...overview,
    '',
    '`partitiond --version` prints the version, `partitiond COMMAND --help` explains a command.',
    '',
    ...commands.flatMap(commandSection),
  ]
    .join('\n')
    .trimEnd()}\n`;
}

function commandSection(command: Command): readonly string[] {
  const operand = command.operand === null ? '' : ` ${command.operand}`;
  return [
    `## ${command.name}`,
    '',
    command.description,
    '',
    '```sh',
    ...command.examples.flatMap((example) => [`# ${example.does}`, example.command]),
    '```',
    '',
    `Usage: \`partitiond ${command.name}${operand} [OPTIONS]\``,
    '',
    '| option | |',
    '|---|---|',
    ...[...command.options, options.help].map(optionRow).map(([option, summary]) => `| \`${option}\` | ${escapeCell(summary)} |`),
    '',
    '| exit code | |',
    '|---|---|',
    ...exitRows(command).map(([code, meaning]) => `| ${code} | ${escapeCell(meaning)} |`),
    '',
  ];
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
