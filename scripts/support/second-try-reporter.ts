import type { Reporter, TestCase } from 'vitest/node';

/**
 * Says which tests were green only when tried again, and why they were red at first: a second try keeps a slow machine from reddening a
 * whole run, and must not hide anything. vitest's own reporter prints nothing of a first failure.
 */
export default class SecondTryReporter implements Reporter {
  readonly #unsteady: TestCase[] = [];

  onTestCaseResult(test: TestCase): void {
    if (test.diagnostic()?.flaky === true) this.#unsteady.push(test);
  }

  onTestRunEnd(): void {
    for (const test of this.#unsteady) {
      console.log(`green only when tried again: ${test.module.relativeModuleId} > ${test.fullName}`);
      for (const { message } of test.result().errors ?? []) console.log(message.replaceAll(/^/gm, '    '));
    }
  }
}
