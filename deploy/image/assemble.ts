/**
 * `node deploy/image/assemble.ts FOLDER`, the last step of the Dockerfile's build stage: everything of /app, from a built project with its
 * production dependencies installed. It leaves out what no running program reads, and gives every file the same owner's rights and time, so
 * that equal sources make equal layers.
 */
import { chmodSync, cpSync, lstatSync, lutimesSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { renderLicences } from '../../scripts/licences.ts';
import { renderSbom, sourceDateEpoch } from '../../scripts/sbom.ts';

const [target] = process.argv.slice(2);
if (target === undefined) throw new Error('Which folder?');
assemble(process.cwd(), resolve(target), sourceDateEpoch() ?? 0);

function assemble(project: string, out: string, epochSeconds: number): void {
  mkdirSync(out, { recursive: true });
  for (const folder of ['dist', 'node_modules']) {
    cpSync(join(project, folder), join(out, folder), { recursive: true, filter: (path) => isRead(relative(project, path)) });
  }
  cpSync(join(project, 'LICENSE'), join(out, 'LICENSE'));
  cpSync(join(project, 'deploy/image/healthcheck.mjs'), join(out, 'healthcheck.mjs'));
  writeFileSync(join(out, 'package.json'), manifest(project));
  writeFileSync(join(out, 'THIRD-PARTY-LICENCES.txt'), renderLicences(project));
  writeFileSync(join(out, 'sbom.cdx.json'), renderSbom(project));
  for (const entry of readdirSync(out, { recursive: true, encoding: 'utf8' }).toReversed()) settle(join(out, entry), epochSeconds);
  settle(out, epochSeconds);
}

/** Whether the running program, or a scanner of installed packages, may read this file or anything in this folder. */
function isRead(path: string): boolean {
  const inside = path.split(`node_modules${sep}`).at(-1)?.split(sep) ?? [];
  const name = inside.at(-1) ?? '';
  // Folders that authors publish by oversight lie directly in a package; deeper ones may be code that has such a name.
  const folder = inside[inside[0]?.startsWith('@') === true ? 2 : 1] ?? '';
  if (path.startsWith('node_modules') && /^(?:\..*|tests?|__tests__|bench|benchmarks?|examples?|docs?|coverage)$/.test(folder))
    return false;
  return name === 'node_modules' || !/^\.|\.(?:map|[cm]?ts|md|test\.[cm]?js)$/.test(name);
}

/** package.json as the running program needs it: who it is, and that its files are modules. */
function manifest(project: string): string {
  const kept = ['name', 'version', 'description', 'license', 'type', 'private'];
  return `${JSON.stringify(JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')), kept, 2)}\n`;
}

function settle(path: string, epochSeconds: number): void {
  const status = lstatSync(path);
  if (status.isSymbolicLink()) throw new Error(`${path} is a link; the image has none below /app.`);
  chmodSync(path, status.isDirectory() ? 0o755 : 0o644);
  lutimesSync(path, epochSeconds, epochSeconds);
}
