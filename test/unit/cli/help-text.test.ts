import { describe, expect, it } from 'vitest';
import { renderCliPage } from '../../../scripts/docs-cli.ts';
import { commandHelp, commandUsage, programHelp } from '../../../src/cli/command-line/help-text.ts';
import { options } from '../../../src/cli/command-line/options.ts';
import { parseCommandLine } from '../../../src/cli/command-line/parse-command-line.ts';
import { commands } from '../../../src/cli/commands.ts';

describe('the declarations of the commands', () => {
  it('names every command of the contract', () => {
    const names = [
      'run',
      'plan',
      'apply',
      'check',
      'status',
      'probe',
      'advise',
      'statements',
      'migrate',
      'validate',
      'pause',
      'resume',
      'demo',
    ];
    expect(commands.map((command) => command.name).toSorted()).toEqual(names.toSorted());
    expect(names.filter((name) => !programHelp(commands).includes(`  ${name} `))).toEqual([]);
  });

  it.each(commands.map((command) => [command.name, command] as const))('shows an example of %s that parses', (_, command) => {
    expect(command.examples.length).toBeGreaterThan(0);
    for (const example of command.examples.filter(({ command: text }) => text.startsWith('partitiond '))) {
      const words = example.command.replace(/ >.*$/, '').match(/"[^"]*"|\S+/g) ?? [];
      const argv = words.slice(1).map((word) => word.replaceAll('"', ''));
      expect(parseCommandLine(argv, commands)).toMatchObject({ kind: 'run', command: { name: command.name } });
    }
  });

  it('explains every option in the help and in the usage of the commands that take it, within 140 columns', () => {
    for (const command of commands) {
      for (const text of [commandHelp(command), commandUsage(command)]) {
        for (const option of [...command.options, options.help]) expect(text).toContain(`--${option.name}`);
        expect(text.split('\n').filter((line) => line.length > 140)).toEqual([]);
      }
      expect(commandHelp(command)).toMatch(/Examples:\n {2}\S/);
      expect(commandHelp(command)).toMatch(/Exit codes:\n {2}\d/);
    }
  });

  it('leaves no declared option without a command', () => {
    const taken = new Set([...commands.flatMap((command) => command.options), options.help, options.version]);
    expect(Object.values(options).filter((option) => !taken.has(option))).toEqual([]);
  });
});

describe('docs/cli.md', () => {
  it('has a section, an example and every option for each command', () => {
    const page = renderCliPage();
    for (const command of commands) {
      const section = page.split(/^## /m).find((text) => text.startsWith(`${command.name}\n`)) ?? '';
      expect(section).toContain('```sh');
      for (const option of command.options) expect(section).toContain(`--${option.name}`);
    }
  });
});
