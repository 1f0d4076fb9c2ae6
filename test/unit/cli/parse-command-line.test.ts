import { describe, expect, it } from 'vitest';
import type { Command } from '../../../src/cli/command-line/declaration.ts';
import { options } from '../../../src/cli/command-line/options.ts';
import { CommandUsageError, parseCommandLine } from '../../../src/cli/command-line/parse-command-line.ts';

const plan = command('plan', null, [options.config, options.table, options.json, options.sql]);
const status = command('status', null, [options.config, options.json]);
const pause = command('pause', '[REASON]', [options.config]);
const all = [plan, status, pause];

function command(name: string, operand: string | null, taken: Command['options']): Command {
  return { name, operand, options: taken, summary: '', description: '', examples: [], exits: [], run: () => Promise.resolve(0) };
}

function parsed(...argv: string[]): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(argv, all);
}

function invoked(...argv: string[]): { readonly command: string; readonly values: (name: keyof typeof options) => readonly string[] } {
  const request = parsed(...argv);
  if (request.kind !== 'run') throw new Error(`expected a command, got ${request.kind}`);
  return { command: request.command.name, values: (name) => request.invocation.values(options[name]) };
}

function refusal(...argv: string[]): CommandUsageError {
  try {
    parsed(...argv);
  } catch (error) {
    if (error instanceof CommandUsageError) return error;
    throw error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('parseCommandLine', () => {
  it('takes options before and after the command, with = or a blank', () => {
    for (const argv of [
      ['plan', '--config', 'a.yaml', '--json'],
      ['--config', 'a.yaml', 'plan', '--json'],
      ['--json', '--config=a.yaml', 'plan'],
    ]) {
      const { command: name, values } = invoked(...argv);
      expect({ argv, name, config: values('config'), json: values('json') }).toEqual({
        argv,
        name: 'plan',
        config: ['a.yaml'],
        json: [''],
      });
    }
  });

  it('collects a repeatable option in order', () => {
    expect(invoked('plan', '--table', 'b', '--table=a').values('table')).toEqual(['b', 'a']);
  });

  it('takes what follows -- as operands, dashes and all', () => {
    const request = parsed('pause', '--', '--for a while');
    expect(request.kind === 'run' && request.invocation.operands).toEqual(['--for a while']);
  });

  it.each([
    [[], 'PD001', null, /No command/],
    [['plna'], 'PD001', null, /"plna"; did you mean plan\?/],
    [['frobnicate'], 'PD001', null, /there are plan, status, pause/],
    [['--jsn'], 'PD002', null, /partitiond has no option "--jsn"/],
    [['plan', '--jsno'], 'PD002', 'plan', /partitiond plan has no option "--jsno"; did you mean --json\?/],
    [['status', '--sql'], 'PD002', 'status', /no option "--sql"; plan has it/],
    [['plan', '-x'], 'PD002', 'plan', /"-x"/],
    [['plan', '--config'], 'PD003', 'plan', /--config needs a value: --config FILE/],
    [['plan', '--config='], 'PD003', 'plan', /--config needs a value/],
    [['plan', '--config', '--json'], 'PD003', 'plan', /--config needs a value/],
    [['plan', '--config', 'a', '--config', 'b'], 'PD003', 'plan', /--config was given twice/],
    [['plan', '--json=yes'], 'PD003', 'plan', /--json takes no value, and got "yes"/],
    [['plan', 'public.revenues'], 'PD004', 'plan', /takes options only, and got "public.revenues"/],
    [['pause', 'load', 'test'], 'PD004', 'pause', /put quotes around several words, and got "test"/],
  ] as const)('refuses %j with %s', (argv, code, whose, message) => {
    const error = refusal(...argv);
    expect({ code: error.code, whose: error.command?.name ?? null }).toEqual({ code, whose });
    expect(error.message).toMatch(message);
  });

  it('knows help and version in every form', () => {
    for (const argv of [['--help'], ['-h'], ['help']]) expect(parsed(...argv)).toEqual({ kind: 'help', command: null });
    for (const argv of [
      ['plan', '--help'],
      ['--help', 'plan'],
      ['help', 'plan'],
      ['plan', '-h', '--table', 'x'],
    ]) {
      expect(parsed(...argv)).toMatchObject({ kind: 'help', command: { name: 'plan' } });
    }
    for (const argv of [['--version'], ['-V']]) expect(parsed(...argv)).toEqual({ kind: 'version' });
    expect(refusal('help', 'plna').message).toMatch(/did you mean plan/);
  });
});
