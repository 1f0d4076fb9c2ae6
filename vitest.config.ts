import { availableParallelism } from 'node:os';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** Random on purpose; vitest prints it, and `npx vitest run --sequence.seed=N` repeats an order. */
const seed = Date.now();

const needsServer = { globalSetup: ['test/support/shared-cluster.ts'] };

const config: ViteUserConfig = defineConfig({
  test: {
    // One more than there are cores (vitest leaves one free): tests with a database mostly wait for it, and some for the clock.
    maxWorkers: availableParallelism() + 1,
    sequence: { shuffle: { files: true, tests: true }, seed },
    coverage: {
      provider: 'v8',
      include: ['src/partition/**', 'src/plan/**', 'src/ddl/**'],
      thresholds: { branches: 100 },
    },
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      { extends: true, test: { name: 'property', include: ['test/property/**/*.test.ts'], testTimeout: 60_000 } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.pg.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          ...needsServer,
        },
      },
      {
        extends: true,
        test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 60_000, ...needsServer },
      },
      {
        extends: true,
        // Faults take as long as they take: a leader that is stopped for a minute, a server that restarts again and again.
        test: { name: 'fault', include: ['test/fault/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 60_000, ...needsServer },
      },
      {
        extends: true,
        test: { name: 'deploy', include: ['test/deploy/**/*.test.ts'], testTimeout: 300_000, hookTimeout: 60_000, ...needsServer },
      },
    ],
  },
});

export default config;
