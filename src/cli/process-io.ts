import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { processEnvironment } from '../config/environment.ts';
import { systemClock } from '../postgres/clock.ts';
import type { Io } from './output/io.ts';
import { streamTerminal } from './output/terminal.ts';

/** The surroundings of this process; `signal` ends what a command does, `onHangup` tells it of SIGHUP. Signals themselves belong to main.ts. */
export function processIo(signal: AbortSignal, onHangup: Io['onHangup']): Io {
  return {
    stdout: streamTerminal(process.stdout),
    stderr: streamTerminal(process.stderr),
    signal,
    onHangup,
    clock: systemClock,
    version: packageVersion(),
    environment: processEnvironment(),
    cwd: process.cwd(),
    host: `${hostname()}/${process.pid}`,
  };
}

/** package.json is two folders up both from src/cli and from dist/cli. */
function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest ? String(manifest.version) : 'unknown';
}
