#!/usr/bin/env node
import { setMaxListeners } from 'node:events';

// The workers of all databases listen to the one signal that ends them, and take their listeners off again: many are no leak.
setMaxListeners(0);

const signalNumbers = { SIGINT: 2, SIGTERM: 15 } as const;

/** Ctrl-C under `npm start` arrives twice, from the terminal and from npm, which passes it on: that is one order, not two. */
const sameOrderMs = 1000;

const interrupt = new AbortController();
let interruptedAt = Number.POSITIVE_INFINITY;

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (performance.now() > interruptedAt + sameOrderMs) process.exit(128 + signalNumbers[name]);
    if (interrupt.signal.aborted) return;
    interruptedAt = performance.now();
    interrupt.abort(new Error(`interrupted by ${name}`));
  });
}

let hasHungUp = false;
function rememberHangup(): void {
  hasHungUp = true;
}

/** Only a command that listens survives the end of its terminal. */
function onHangup(listener: () => void): () => void {
  process.on('SIGHUP', listener);
  process.off('SIGHUP', rememberHangup);
  if (hasHungUp) listener();
  hasHungUp = false;
  return () => {
    process.off('SIGHUP', listener);
  };
}

// Whoever starts a daemon may send SIGHUP before it listens: that asks for a reload and must not end it.
if (process.argv[2] === 'run') process.on('SIGHUP', rememberHangup);

// Piped into head, stdout closes early: what is left to print is lost, what is left to do is not.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

// Loaded now, as loading them takes longer than a signal may be without its handler.
const [{ processIo }, { runCommand }] = await Promise.all([import('./cli/process-io.ts'), import('./cli/run-command.ts')]);
const code = await runCommand(process.argv.slice(2), processIo(interrupt.signal, onHangup));

// A pipe may still hold unread text; an idle socket or timer is no reason to stay.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
