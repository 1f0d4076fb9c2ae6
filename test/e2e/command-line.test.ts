import { describe, expect, it } from 'vitest';
import { Workspace } from './support/workspace.ts';

const commands = ['run', 'plan', 'apply', 'check', 'status', 'validate', 'pause', 'resume', 'demo'];

describe('the command line', () => {
  it('prints the version and the help on stdout and exits 0', async () => {
    using workspace = new Workspace();
    const version = await workspace.run(['--version']);
    expect(version).toMatchObject({ exitCode: 0, stderr: '' });
    expect(version.stdout).toMatch(/^partitiond \d+\.\d+\.\d+\n$/);
    const help = await workspace.run(['--help']);
    expect(help).toMatchObject({ exitCode: 0, stderr: '' });
    for (const command of commands) expect(help.stdout).toContain(`\n  ${command} `);
  });

  it.each(commands)('prints the help of %s with an example', async (command) => {
    using workspace = new Workspace();
    const { exitCode, stdout, stderr } = await workspace.run([command, '--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: partitiond ${command} `));
    expect(stdout).toMatch(/Examples:\n {2}\S/);
  });

  it.each([
    [[], /No command was given.*PD001/],
    [['aply'], /no command "aply"; did you mean apply\?.*PD001/],
    [['plan', '--jsno'], /no option "--jsno"; did you mean --json\?.*PD002[\s\S]*Usage: partitiond plan /],
    [['apply', '--sql'], /no option "--sql"; plan has it.*PD002[\s\S]*Usage: partitiond apply /],
    [['plan', '--now', 'tomorrow'], /--now "tomorrow".*PD003/],
    [['apply', '--only', 'provision,retire'], /--only "retire" is no task; there are provision, retention.*PD003/],
    [['apply', '--allow-removals', 'many'], /--allow-removals "many".*PD003/],
    [['demo', '--for', '20'], /--for "20".*PD003/],
    [['plan', '--json', '--sql'], /exclude each other.*PD006/],
    [['validate', 'partitiond.yaml'], /takes options only.*PD004/],
  ])('refuses %j with exit code 64 and the usage', async (args, message) => {
    using workspace = new Workspace();
    workspace.configure(
      'databases: [{ name: app, url: "postgresql://nobody@127.0.0.1:1/none", tables: [{ table: t, interval: 1 month }] }]',
    );
    const { exitCode, stdout, stderr } = await workspace.run(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('prints the JSON Schema of the configuration', async () => {
    using workspace = new Workspace();
    const { exitCode, stdout } = await workspace.run(['validate', '--schema']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining('json-schema.org'), type: 'object' });
  });

  it('finds the configuration by --config, then PARTITIOND_CONFIG, then in the folder, and says where it looked', async () => {
    using workspace = new Workspace();
    const text = (name: string): string =>
      `databases: [{ name: ${name}, url: "postgresql://nobody@127.0.0.1:1/none", tables: [{ table: t, interval: 1 month }] }]`;
    const none = await workspace.run(['validate']);
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toMatch(/partitiond\.yaml.*PD101/);
    workspace.configure(text('folder'));
    const env = { PARTITIOND_CONFIG: workspace.write('environment.yaml', text('environment')) };
    const option = workspace.write('option.yaml', text('option'));
    expect((await workspace.run(['validate'])).stdout).toContain('folder: 1 table');
    expect((await workspace.run(['validate'], { env })).stdout).toContain('environment: 1 table');
    expect((await workspace.run(['validate', '--config', option], { env })).stdout).toContain('option: 1 table');
  });
});
