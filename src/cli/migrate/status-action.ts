import { UsageError } from '../../errors.ts';
import type { MigrationStatus } from '../../partition/migration/status.ts';
import { options } from '../command-line/options.ts';
import { coloursOf } from '../output/colours.ts';
import { migrationDocument } from '../output/migration-document.ts';
import { migrationText } from '../output/migration-text.ts';
import { printJson } from '../output/print-json.ts';
import { shownLines } from '../output/terminal.ts';
import { type MigrationWork, statusNow, withSession } from './migration-work.ts';

const watchEveryMs = 2_000;

/** `migrate status`: reads the journal and prints; with `--watch` again and again, until interrupted or nothing is left to watch. */
export async function runStatusAction(work: MigrationWork): Promise<number> {
  const { invocation, io } = work;
  if (!invocation.has(options.watch)) {
    await printStatus(work);
    return 0;
  }
  if (invocation.has(options.json)) throw new UsageError('PD006', '--watch and --json exclude each other.');
  const watching = withSession(work, async (session) => {
    let drawn = 0;
    while (!io.signal.aborted) {
      const status = await statusNow(work, session);
      const text = migrationText(status, coloursOf(io.stdout));
      // Back to where the last one began, and all below it away.
      io.stdout.write(drawn > 0 && io.stdout.isInteractive ? `\u001b[${drawn}A\u001b[J${text}` : text);
      drawn = shownLines(io.stdout, text);
      if (status.next === null) return;
      await io.clock.sleep(watchEveryMs, io.signal).catch(() => undefined);
    }
  });
  await watching.catch((error: unknown) => {
    // Ctrl-C is how one stops looking, also in the middle of a query.
    if (!io.signal.aborted) throw error;
  });
  return 0;
}

/** The status as it is now, as every action that changes something ends. */
export async function printStatus(work: MigrationWork): Promise<MigrationStatus> {
  const { invocation, io } = work;
  const status = await withSession(work, (session) => statusNow(work, session));
  if (invocation.has(options.json)) printJson(io.stdout, migrationDocument(status));
  else io.stdout.write(migrationText(status, coloursOf(io.stdout)));
  return status;
}
