/** `npm test`: the five suites on the default PostgreSQL. Arguments go to vitest: `npm test -- --project unit`, `npm test -- -t sentence`. */
import { runVitest } from './support/run-vitest.ts';
import { suites } from './support/test-report.ts';

const args = process.argv.slice(2);
const hasOwnProjects = args.some((arg) => arg.startsWith('--project'));
const report = await runVitest({ name: 'default', suites: hasOwnProjects ? [] : suites, args, env: {} });
process.exitCode = report === null ? 1 : 0;
