import { readServerFacts } from '../../catalog/read-server-facts.ts';
import { readMigrationPlan } from '../../migrate/run/begin-migration.ts';
import { options } from '../command-line/options.ts';
import { printJson } from '../output/print-json.ts';
import { type MigrationWork, withSession } from './migration-work.ts';
import { planText } from './plan-text.ts';

/** `migrate plan`: reads the catalog and prints what would be done; writes nothing, not even a journal. Exits 4 when something is refused. */
export async function runPlanAction(work: MigrationWork): Promise<number> {
  const { policy, invocation, io } = work;
  const { plan } = await withSession(work, async (session) => {
    const { now } = await readServerFacts(session, io.clock, io.signal);
    return await readMigrationPlan(session, policy, now, io.signal);
  });
  if (invocation.has(options.json)) printJson(io.stdout, plan);
  else io.stdout.write(planText(plan));
  return plan.spec === null ? 4 : 0;
}
