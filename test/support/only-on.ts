import type { TestContext } from 'vitest';
import { chosenMajor } from './postgres-binaries.ts';

/**
 * Skips the rest of the test on majors that lack what it tests, with a printed reason: `onlyOn(context, (major) => major >= 17, 'identity
 * columns of partitioned tables came with 17')`. The skip is counted in the closing line of the run.
 */
export function onlyOn(context: TestContext, hasFeature: (major: number) => boolean, reason: string): void {
  const major = chosenMajor();
  if (hasFeature(major)) return;
  console.warn(`skipped on PostgreSQL ${major}: ${context.task.name} (${reason})`);
  context.skip(`PostgreSQL ${major}: ${reason}`);
}
