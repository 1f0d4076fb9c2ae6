import { readdir } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join, relative, sep } from 'node:path';
import { cruise, type ICruiseResult } from 'dependency-cruiser';

/** One import of a module, dynamic and type-only ones included. */
export interface Dependency {
  readonly kind: 'local' | 'builtin' | 'package' | 'missing';
  /** A path below the source folder, or the package's name. */
  readonly to: string;
  /** As it is written in the file. */
  readonly specifier: string;
}

export interface SourceModule {
  /** Below the source folder, with `/`. */
  readonly path: string;
  readonly dependencies: readonly Dependency[];
}

/**
 * All modules below `folder`, sorted by path. Throws unless dependency-cruiser has read exactly the files that are there: without a parser
 * that knows TypeScript it reads none and is content.
 */
export async function readModules(folder: string): Promise<readonly SourceModule[]> {
  const result = await cruise(['src'], {
    baseDir: join(folder, '..'),
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules' },
  });
  if (typeof result.output === 'string') throw new Error('dependency-cruiser answered with text instead of modules.');
  const modules = toModules(result.output);
  const files = await sourceFiles(folder);
  const read = modules.map(({ path }) => path);
  if (read.join() !== files.join()) {
    throw new Error(`dependency-cruiser read ${read.length} modules of ${files.length} files: ${difference(files, read).join(', ')}`);
  }
  return modules;
}

async function sourceFiles(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // Style sheets and settings import nothing; whatever else lies in src is meant to be a module.
  const isModule = (name: string): boolean => !/\.(?:css|json)$/.test(name);
  const files = entries
    .filter((entry) => entry.isFile() && isModule(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  return files.map((file) => file.split(sep).join('/')).toSorted();
}

function toModules(output: ICruiseResult): readonly SourceModule[] {
  return output.modules
    .filter(({ source }) => source.startsWith('src/'))
    .map(({ source, dependencies }) => ({
      path: source.slice('src/'.length),
      dependencies: dependencies.map((dependency) => ({
        ...destination(dependency),
        specifier: dependency.module,
      })),
    }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function destination(dependency: ICruiseResult['modules'][number]['dependencies'][number]): Pick<Dependency, 'kind' | 'to'> {
  const { module, resolved } = dependency;
  if (isBuiltin(module)) return { kind: 'builtin', to: module.startsWith('node:') ? module : `node:${module}` };
  if (!module.startsWith('.'))
    return {
      kind: 'package',
      to: module
        .split('/')
        .slice(0, module.startsWith('@') ? 2 : 1)
        .join('/'),
    };
  if (resolved.startsWith('src/') && !dependency.couldNotResolve) return { kind: 'local', to: resolved.slice('src/'.length) };
  return { kind: 'missing', to: module };
}

function difference(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...a.filter((item) => !b.includes(item)), ...b.filter((item) => !a.includes(item))];
}
