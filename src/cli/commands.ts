import type { Command } from './command-line/declaration.ts';
import { adviseCommand } from './commands/advise.ts';
import { applyCommand } from './commands/apply.ts';
import { checkCommand } from './commands/check.ts';
import { demoCommand } from './commands/demo.ts';
import { migrateCommand } from './commands/migrate.ts';
import { pauseCommand } from './commands/pause.ts';
import { planCommand } from './commands/plan.ts';
import { probeCommand } from './commands/probe.ts';
import { resumeCommand } from './commands/resume.ts';
import { daemonCommand } from './commands/run.ts';
import { statementsCommand } from './commands/statements.ts';
import { statusCommand } from './commands/status.ts';
import { validateCommand } from './commands/validate.ts';

/** Every command, in the order in which `--help` and docs/cli.md list them. */
export const commands: readonly Command[] = [
  daemonCommand,
  planCommand,
  applyCommand,
  checkCommand,
  statusCommand,
  probeCommand,
  adviseCommand,
  statementsCommand,
  migrateCommand,
  validateCommand,
  pauseCommand,
  resumeCommand,
  demoCommand,
];
