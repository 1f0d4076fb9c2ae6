import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Configuration } from './configuration.ts';
import type { Environment } from './environment.ts';
import { parseConfiguration } from './parse-configuration.ts';
import { readText } from './read-text.ts';

export interface ConfigurationSource {
  /** What `--config` named; null without it. */
  readonly file: string | null;
  readonly env: Environment;
  /** Absolute. */
  readonly cwd: string;
}

const systemFile = '/etc/partitiond/partitiond.yaml';

/**
 * Finds, reads and checks the configuration. Throws `ConfigError`: PD101 when there is no file, PD102 when it cannot be read, PD103 and
 * PD104 as `parseConfiguration`. Reads nothing but that one file; whether a database can be reached is not its business.
 */
export function loadConfiguration(source: ConfigurationSource): Configuration {
  const file = findConfigurationFile(source);
  return parseConfiguration({ text: readText(file), source: file, env: source.env, folder: dirname(file) });
}

/**
 * The absolute name of the configuration file: `--config`, else PARTITIOND_CONFIG, else ./partitiond.yaml, else
 * /etc/partitiond/partitiond.yaml. The first two must exist, the last two are skipped when they do not. Throws `ConfigError` PD101.
 */
export function findConfigurationFile({ file, env, cwd }: ConfigurationSource): string {
  const variable = env['PARTITIOND_CONFIG'];
  const named = file ?? (variable === '' ? undefined : variable);
  if (named !== undefined) {
    const found = resolve(cwd, named);
    if (existsSync(found)) return found;
    const by = file === null ? 'PARTITIOND_CONFIG' : '--config';
    throw new ConfigError('PD101', `The configuration file ${found}, named by ${by}, does not exist.`, [], { context: { file: found } });
  }
  const searched = [join(cwd, 'partitiond.yaml'), systemFile];
  const found = searched.find((name) => existsSync(name));
  if (found !== undefined) return found;
  throw new ConfigError('PD101', `There is no configuration: neither ${searched.join(' nor ')} exists.${similar(cwd)}`, [], {
    context: { searched },
  });
}

function similar(cwd: string): string {
  const other = ['partitiond.yml', 'partitiond.json'].find((name) => existsSync(join(cwd, name)));
  return other === undefined ? ' Name one with --config FILE or PARTITIOND_CONFIG.' : ` Did you mean --config ${other}?`;
}
