import type { Suite } from './suite.ts';
import * as condition from './suites/condition.ts';
import * as configuration from './suites/configuration.ts';
import * as impact from './suites/impact.ts';
import * as leadership from './suites/leadership.ts';
import * as migration from './suites/migration.ts';
import * as retention from './suites/retention.ts';
import * as runway from './suites/runway.ts';
import * as tasks from './suites/tasks.ts';

/** The tests of every alert: what docs and promtool get. */
export const suites: readonly Suite[] = [leadership, tasks, configuration, runway, condition, retention, impact, migration].flatMap(
  (module) => Object.values<Suite>(module),
);
