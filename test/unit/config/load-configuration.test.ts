import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findConfigurationFile, loadConfiguration } from '../../../src/config/load-configuration.ts';
import { ConfigError } from '../../../src/errors.ts';

const text = (name: string): string => `databases: [{ name: ${name}, urlFile: url, tables: [{ table: t, interval: 1 day }] }]`;

let cwd = '';
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'partitiond-config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function write(name: string, content: string | Uint8Array): void {
  mkdirSync(join(cwd, 'etc'), { recursive: true });
  writeFileSync(join(cwd, name), content);
}

function refused(file: string | null, env: Record<string, string> = {}): ConfigError {
  try {
    loadConfiguration({ file, env, cwd });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('the configuration file', () => {
  it('is the one that --config names, then PARTITIOND_CONFIG, then ./partitiond.yaml', () => {
    for (const name of ['option.yaml', 'variable.yaml', 'partitiond.yaml']) write(name, text(name));
    const env = { PARTITIOND_CONFIG: 'variable.yaml' };
    expect(findConfigurationFile({ file: 'option.yaml', env, cwd })).toBe(join(cwd, 'option.yaml'));
    expect(findConfigurationFile({ file: null, env, cwd })).toBe(join(cwd, 'variable.yaml'));
    expect(findConfigurationFile({ file: null, env: { PARTITIOND_CONFIG: '' }, cwd })).toBe(join(cwd, 'partitiond.yaml'));
    expect(loadConfiguration({ file: null, env, cwd }).databases[0]?.name).toBe('variable.yaml');
  });

  it('names other files relative to its own folder', () => {
    write('etc/p.yaml', text('a'));
    const { databases } = loadConfiguration({ file: 'etc/p.yaml', env: {}, cwd });
    expect(databases[0]?.connection).toEqual({ kind: 'file', path: join(cwd, 'etc', 'url') });
  });

  it('may begin with a byte order mark', () => {
    write('partitiond.yaml', `\uFEFF${text('a')}`);
    expect(loadConfiguration({ file: null, env: {}, cwd }).databases[0]?.name).toBe('a');
  });

  it('is asked for by name when there is none', () => {
    const error = refused(null);
    expect(error.code).toBe('PD101');
    expect(error.message).toContain(join(cwd, 'partitiond.yaml'));
    expect(error.message).toContain('/etc/partitiond/partitiond.yaml');
    expect(error.message).toContain('--config FILE');
  });

  it('is suggested when its name is nearly right', () => {
    write('partitiond.yml', text('a'));
    expect(refused(null).message).toContain('Did you mean --config partitiond.yml?');
  });

  it('must exist when it was named, whatever else exists', () => {
    write('partitiond.yaml', text('a'));
    expect(refused('gone.yaml')).toMatchObject({
      code: 'PD101',
      message: expect.stringContaining(`${join(cwd, 'gone.yaml')}, named by --config`),
    });
    expect(refused(null, { PARTITIOND_CONFIG: 'gone.yaml' }).message).toContain('named by PARTITIOND_CONFIG');
  });

  it('cannot be a directory', () => {
    expect(refused('.')).toMatchObject({ code: 'PD102', message: expect.stringContaining('it is a directory') });
  });

  it('cannot be binary', () => {
    write('partitiond.yaml', new Uint8Array([0xff, 0xfe, 0x00, 0x80]));
    expect(refused(null)).toMatchObject({ code: 'PD102', message: expect.stringContaining('not text in UTF-8') });
  });

  it('is named in the message about what it holds', () => {
    write('partitiond.yaml', 'databases: []');
    expect(refused(null).message).toContain(`The configuration ${join(cwd, 'partitiond.yaml')} cannot be used: 1 problem.`);
  });
});
