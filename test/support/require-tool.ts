import type { TestContext } from 'vitest';
import { findProgram } from './find-program.ts';

/** The path of a program of Debian; where it is missing the rest of the test is skipped, and the reason names the package. */
export function requireTool(context: TestContext, name: string, debianPackage: string): string {
  return findProgram(context, name, `install it (Debian: apt-get install ${debianPackage})`);
}
