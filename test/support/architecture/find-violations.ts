import { join } from 'node:path';
import { findCycles } from './find-cycles.ts';
import { type Dependency, readModules } from './read-modules.ts';
import { readSyntax, type Syntax } from './read-syntax.ts';
import { forbiddenNames, rooms } from './table.ts';

/** Everything below `folder` (a folder called src) that the house rules forbid, as sentences, sorted; empty when all is well. */
export async function findViolations(folder: string): Promise<readonly string[]> {
  const modules = await readModules(folder);
  const violations = await Promise.all(
    modules.map(async (module) => {
      const syntax = await readSyntax(join(folder, module.path));
      return [
        ...findNameViolations(module.path),
        ...module.dependencies.flatMap((dependency) => findImportViolations(module.path, dependency, syntax)),
        ...findSyntaxViolations(module.path, syntax),
      ];
    }),
  );
  return [...violations.flat(), ...findCycles(modules).map((cycle) => `${cycle.join(' -> ')} is a cycle`)].toSorted();
}

/** The room of a path below src; files at the top are rooms of their own. */
function roomOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '') : path.replace(/\.ts$/, '');
}

function findNameViolations(path: string): readonly string[] {
  const names = path.replace(/\.ts$/, '').split('/');
  const bad = names.filter((name) => forbiddenNames.includes(name));
  return [
    ...bad.map((name) => `${path}: the name "${name}" says nothing about what is inside`),
    ...(names.at(-1) === 'index' ? [`${path} is a barrel`] : []),
    ...(roomOf(path) in rooms || path === 'errors.ts' ? [] : [`${path}: there is no room "${roomOf(path)}" in the table`]),
  ];
}

function findImportViolations(path: string, dependency: Dependency, syntax: Syntax): readonly string[] {
  if (dependency.kind === 'missing') return [`${path} imports ${dependency.to}, which is no file of src`];
  return mayImport(path, dependency, syntax) ? [] : [`${path} may not import ${dependency.to}`];
}

function mayImport(path: string, dependency: Dependency, syntax: Syntax): boolean {
  const rule = rooms[roomOf(path)];
  switch (dependency.kind) {
    case 'missing':
      return false;
    case 'builtin':
      return rule?.builtins ?? false;
    case 'package':
      return (rule?.libraries ?? []).some((entry) => entry === dependency.to || entry === `${path.replace(/\.ts$/, '')}: ${dependency.to}`);
    case 'local':
      return mayImportLocal(path, dependency, syntax);
    default:
      return dependency.kind satisfies never;
  }
}

function mayImportLocal(path: string, dependency: Dependency, syntax: Syntax): boolean {
  const room = roomOf(dependency.to);
  if (room === roomOf(path) || dependency.to === 'errors.ts') return true;
  const file = dependency.to.replace(/\.ts$/, '');
  const asType = syntax.typeOnlyImports.has(dependency.specifier) ? [`${room} (type)`, `${file} (type)`] : [];
  return [room, file, ...asType].some((entry) => rooms[roomOf(path)]?.imports.includes(entry) ?? false);
}

function findSyntaxViolations(path: string, syntax: Syntax): readonly string[] {
  const isPure = rooms[roomOf(path)]?.isPure ?? false;
  return [
    ...(syntax.hasDefaultExport ? [`${path} has a default export`] : []),
    ...syntax.reExports.map((from) => `${path} exports what belongs to ${from}`),
    ...(isPure ? syntax.impureGlobals.map((name) => `${path} uses ${name} in a pure room`) : []),
  ];
}
