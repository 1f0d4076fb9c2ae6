import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findViolations } from '../support/architecture/find-violations.ts';
import { readModules } from '../support/architecture/read-modules.ts';

const source = join(import.meta.dirname, '../../src');

describe('the house', () => {
  it('keeps to the table of rooms, without cycles, barrels, default exports or drawers', async () => {
    expect(await findViolations(source)).toEqual([]);
  });

  it('is read to the last file', async () => {
    // readModules throws when a file is missing; this is the floor under both.
    expect((await readModules(source)).length).toBeGreaterThan(30);
  });
});

interface Fault {
  readonly rule: string;
  readonly files: Readonly<Record<string, string>>;
  readonly violations: readonly string[];
}

const faults: readonly Fault[] = [
  {
    rule: 'a room may not import a room that its row does not name',
    files: { 'partition/a.ts': "import { b } from '../plan/b.ts';\nb();\n", 'plan/b.ts': 'export function b(): void {}\n' },
    violations: ['partition/a.ts may not import plan/b.ts'],
  },
  {
    rule: 'a type-only import of a room is an import',
    files: { 'catalog/a.ts': "import type { B } from '../plan/b.ts';\nexport type A = B;\n", 'plan/b.ts': 'export type B = 1;\n' },
    violations: ['catalog/a.ts may not import plan/b.ts'],
  },
  {
    rule: 'a dynamic import of a room is an import',
    files: { 'postgres/a.ts': "export const a = import('../cli/b.ts');\n", 'cli/b.ts': 'export const b = 1;\n' },
    violations: ['postgres/a.ts may not import cli/b.ts'],
  },
  {
    rule: 'where only types are allowed, a value is refused',
    files: {
      'telemetry/a.ts': "import { b } from '../reconcile/b.ts';\nimport type { C } from '../reconcile/c.ts';\nexport const a: C = b;\n",
      'reconcile/b.ts': 'export const b = 1;\n',
      'reconcile/c.ts': 'export type C = 1;\n',
    },
    violations: ['telemetry/a.ts may not import reconcile/b.ts'],
  },
  {
    rule: 'where one file is allowed, its neighbour is refused',
    files: {
      'ddl/a.ts': "import { step } from '../plan/step.ts';\nimport { other } from '../plan/other.ts';\nstep(other);\n",
      'plan/step.ts': 'export function step(x: number): void {}\n',
      'plan/other.ts': 'export const other = 1;\n',
    },
    violations: ['ddl/a.ts may not import plan/other.ts'],
  },
  {
    rule: 'a library has one home',
    files: { 'catalog/a.ts': "import pg from 'pg';\nimport type { Pool } from 'pg';\nexport const a: Pool = new pg.Pool();\n" },
    violations: ['catalog/a.ts may not import pg'],
  },
  {
    rule: 'a library of one file is refused to its neighbours',
    files: { 'partition/grid.ts': "import { Temporal } from 'temporal-polyfill';\nexport const a = Temporal.Now;\n" },
    violations: ['partition/grid.ts may not import temporal-polyfill'],
  },
  {
    rule: 'a pure room imports nothing of Node',
    files: { 'plan/a.ts': "import { readFileSync } from 'node:fs';\nexport const a = readFileSync;\n" },
    violations: ['plan/a.ts may not import node:fs'],
  },
  {
    rule: 'a pure room knows no clock, process, console or timer',
    files: {
      'ddl/a.ts': 'export const a = { now: Date.now(), Date: 1 };\nconsole.log(process.pid, a.Date);\nsetTimeout(() => undefined, 1);\n',
      'partition/b.ts': 'export const b = (d: Date): number => globalThis.performance.now();\n',
    },
    violations: [
      'ddl/a.ts uses Date in a pure room',
      'ddl/a.ts uses console in a pure room',
      'ddl/a.ts uses process in a pure room',
      'ddl/a.ts uses setTimeout in a pure room',
      'partition/b.ts uses Date in a pure room',
      'partition/b.ts uses globalThis in a pure room',
    ],
  },
  {
    rule: 'imports make no cycle',
    files: {
      'plan/a.ts': "import { b } from './b.ts';\nexport const a = () => b;\n",
      'plan/b.ts': "import { c } from './c.ts';\nexport const b = () => c;\n",
      'plan/c.ts': "import { a } from './a.ts';\nexport const c = () => a;\n",
    },
    violations: ['plan/a.ts -> plan/b.ts -> plan/c.ts -> plan/a.ts is a cycle'],
  },
  {
    rule: 'type-only imports make a cycle too',
    files: {
      'plan/a.ts': "import type { B } from './b.ts';\nexport type A = B | 1;\n",
      'plan/b.ts': "import type { A } from './a.ts';\nexport type B = A | 2;\n",
    },
    violations: ['plan/a.ts -> plan/b.ts -> plan/a.ts is a cycle'],
  },
  {
    rule: 'nothing is exported from anywhere but its own file',
    files: { 'plan/a.ts': "import { b } from './b.ts';\nexport { b } from './b.ts';\nb();\n", 'plan/b.ts': 'export const b = 1;\n' },
    violations: ['plan/a.ts exports what belongs to ./b.ts'],
  },
  {
    rule: 'no file is called index',
    files: { 'plan/index.ts': 'export const b = 1;\n' },
    violations: ['plan/index.ts is a barrel'],
  },
  {
    rule: 'exports have names',
    files: { 'cli/a.ts': 'export default 1;\n', 'cli/b.ts': 'export default function b() {}\n' },
    violations: ['cli/a.ts has a default export', 'cli/b.ts has a default export'],
  },
  {
    rule: 'no room and no file is a drawer',
    files: { 'cli/utils/a.ts': 'export const a = 1;\n', 'plan/helpers.ts': 'export const a = 1;\n' },
    violations: [
      'cli/utils/a.ts: the name "utils" says nothing about what is inside',
      'plan/helpers.ts: the name "helpers" says nothing about what is inside',
    ],
  },
  {
    rule: 'there is no room beside the table',
    files: { 'cellar/a.ts': 'export const a = 1;\n', 'loose.ts': 'export const a = 1;\n' },
    violations: ['cellar/a.ts: there is no room "cellar" in the table', 'loose.ts: there is no room "loose" in the table'],
  },
  {
    rule: 'an import leads to a file of src',
    files: { 'cli/a.ts': "import { b } from '../../test/b.ts';\nimport { c } from './c.ts';\nb(c);\n" },
    violations: ['cli/a.ts imports ../../test/b.ts, which is no file of src', 'cli/a.ts imports ./c.ts, which is no file of src'],
  },
  {
    rule: 'a tree that keeps to all of this is clean',
    files: {
      'errors.ts': 'export class PartitiondError extends Error {}\n',
      'main.ts': "import { a } from './cli/a.ts';\nprocess.exitCode = a();\n",
      'cli/a.ts': "import pc from 'picocolors';\nimport { b } from '../partition/b.ts';\nexport const a = () => b(pc);\n",
      'partition/b.ts':
        "import { PartitiondError } from '../errors.ts';\nexport const b = (x: unknown): number => { throw new PartitiondError(); };\n",
      'partition/calendar.ts': "import { Temporal } from 'temporal-polyfill';\nexport const c = Temporal;\n",
    },
    violations: [],
  },
];

describe('the check of the house', () => {
  it.each(faults)('knows that $rule', async ({ files, violations }) => {
    const folder = await mkdtemp(join(tmpdir(), 'partitiond-house-'));
    try {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, 'src', path)), { recursive: true });
        await writeFile(join(folder, 'src', path), text);
      }
      expect(await findViolations(join(folder, 'src'))).toEqual([...violations].toSorted());
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
