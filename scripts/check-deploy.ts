/**
 * `npm run check:deploy`: what can be checked of deploy/, helm/ and the image with the field's own tools. Words pick files of test/deploy:
 * `npm run check:deploy -- rules dashboards`. Without a tool its checks are skipped, each with its reason, and counted.
 */
import { runVitest } from './support/run-vitest.ts';

const words = process.argv.slice(2);
const args = words.map((word) => `test/deploy/${word}`);
const report = await runVitest({ name: 'deploy', suites: ['deploy'], args, env: {} });
process.exitCode = report === null ? 1 : 0;
