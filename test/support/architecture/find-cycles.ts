import type { SourceModule } from './read-modules.ts';

/** Each import cycle once per edge that closes it on a depth-first walk, as paths, first and last the same. Type-only imports count. */
export function findCycles(modules: readonly SourceModule[]): readonly (readonly string[])[] {
  const edges = new Map(
    modules.map(({ path, dependencies }) => [path, dependencies.filter(({ kind }) => kind === 'local').map(({ to }) => to)]),
  );
  const done = new Set<string>();
  const cycles: (readonly string[])[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push([...trail.slice(start), path]);
    if (start >= 0 || done.has(path)) return;
    for (const to of new Set(edges.get(path))) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}
