import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';

/** The text of a configuration file. Throws `ConfigError` PD102 when it cannot be read or is not UTF-8. */
export function readText(file: string): string {
  try {
    return decode(readFileSync(file), file);
  } catch (error) {
    throw explain(error, file);
  }
}

/** The same without making the process wait, for a file on a network that hangs. */
export async function readTextLater(file: string): Promise<string> {
  try {
    return decode(await readFile(file), file);
  } catch (error) {
    throw explain(error, file);
  }
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError('PD102', `The configuration file ${file} is not text in UTF-8.`, [], { context: { file }, cause });
  }
}

function explain(cause: unknown, file: string): ConfigError {
  if (cause instanceof ConfigError) return cause;
  return new ConfigError('PD102', `The configuration file ${file} cannot be read: ${reason(cause)}.`, [], { context: { file }, cause });
}

function reason(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (code === 'EACCES') return 'this user has no permission';
  if (code === 'EISDIR') return 'it is a directory';
  if (code === 'ENOENT') return 'it is gone';
  return cause instanceof Error ? cause.message : String(cause);
}
