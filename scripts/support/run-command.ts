import { spawn } from 'node:child_process';

/** Runs a command with our own input and output; resolves to its exit code (128 + n when signal n ended it). Throws when it cannot start. */
export async function runCommand(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const child = spawn(command, [...args], { stdio: 'inherit', env: { ...process.env, ...env } });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve(code ?? 130));
  });
}
