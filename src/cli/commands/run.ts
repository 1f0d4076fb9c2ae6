import type { ConfigurationFile } from '../../config/configuration-file.ts';
import type { DaemonOptions } from '../../service/daemon.ts';
import type { Command } from '../command-line/declaration.ts';
import { options } from '../command-line/options.ts';
import { configuredFile } from '../databases/load-configured.ts';
import type { Io } from '../output/io.ts';

const { config } = options;

export const daemonCommand: Command = {
  name: 'run',
  summary: 'the daemon: keep all tables as the policy asks, until stopped',
  description:
    'Runs every task once, then on its schedule; serves /metrics, /livez, /readyz and /api/v1/status. One instance leads each database, others\n' +
    'follow. A changed file, SIGHUP and POST /-/reload load the configuration again; one that cannot be used leaves the old one in force.\n' +
    'SIGTERM and SIGINT stop it cleanly: the step in work is finished or cancelled, leadership released, exit code 0.',
  operand: null,
  options: [config],
  examples: [
    { command: 'partitiond run --config /etc/partitiond/partitiond.yaml', does: 'until SIGTERM' },
    { command: 'curl -s localhost:9788/metrics', does: 'what Prometheus will see of it' },
  ],
  exits: ['0 stopped by a signal'],
  run: async (invocation, io) => {
    await runConfigured(configuredFile(invocation, io), io, io.signal);
    return 0;
  },
};

/** The daemon on a configuration file, until `signal`. Its rooms load only now: no other command needs an HTTP server or a scheduler. */
export async function runConfigured(
  file: ConfigurationFile,
  io: Io,
  signal: AbortSignal,
  onListening?: DaemonOptions['onListening'],
): Promise<void> {
  const { runDaemon } = await import('../../service/daemon.ts');
  const { clock, version, onHangup } = io;
  await runDaemon(file, { clock, version, onHangup, ...(onListening && { onListening }) }, signal);
}
