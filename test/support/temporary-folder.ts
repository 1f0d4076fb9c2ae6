import { accessSync, constants } from 'node:fs';
import { tmpdir } from 'node:os';

/**
 * Where sockets and data directories go. A socket's path may not exceed 103 bytes on macOS and 107 on Linux, and `TMPDIR` is often longer,
 * or (for root) a folder that the unprivileged server cannot enter; so /tmp, where it is writable.
 */
export function shortTemporaryFolder(): string {
  try {
    accessSync('/tmp', constants.W_OK | constants.X_OK);
    return '/tmp';
  } catch {
    return tmpdir();
  }
}
