/** The variable behind a key of the process: `safety.lockTimeout` is `PARTITIOND_SAFETY_LOCK_TIMEOUT`. */
export function environmentName(path: string): string {
  return `PARTITIOND_${path
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll('.', '_')
    .toUpperCase()}`;
}
