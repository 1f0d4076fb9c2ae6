import type { TestProject } from 'vitest/node';
import { type Cluster, startCluster } from './cluster.ts';
import { chosenMajor } from './postgres-binaries.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A superuser's URL of the server that all tests of a run share. */
    readonly sharedServerUrl: string;
  }
}

interface Shared {
  readonly cluster: Promise<Cluster>;
  users: number;
}

const shared: unique symbol = Symbol.for('partitiond.test.shared-cluster');
const registry: typeof globalThis & { [shared]?: Shared | undefined } = globalThis;

/**
 * vitest's global setup. It runs once per project, each with a module graph of its own but in one process: the first starts the server,
 * the last stops it. With `PARTITIOND_TEST_PG_<major>` set to a superuser's URL that server is used and left running.
 */
export async function setup(project: TestProject): Promise<void> {
  const running = process.env[`PARTITIOND_TEST_PG_${chosenMajor()}`];
  if (running !== undefined && running !== '') {
    project.provide('sharedServerUrl', running);
    return;
  }
  registry[shared] ??= { cluster: startCluster(), users: 0 };
  registry[shared].users += 1;
  const cluster = await registry[shared].cluster;
  project.provide('sharedServerUrl', cluster.url);
}

export async function teardown(): Promise<void> {
  const current = registry[shared];
  if (current === undefined) return;
  current.users -= 1;
  if (current.users > 0) return;
  registry[shared] = undefined;
  const cluster = await current.cluster;
  await cluster[Symbol.asyncDispose]();
}
