/**
 * `npm run licences`: the licence texts of all production dependencies in one document, on stdout or, `npm run licences -- FILE`, in a file.
 * Fails when a package has a licence that nobody has agreed to, or none whose text can be found.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** SPDX identifiers of what may be shipped: permissive, and compatible with Apache-2.0. */
export const allowedLicences: readonly string[] = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];

export interface ProductionPackage {
  readonly name: string;
  readonly version: string;
  /** Its folder below the project, `node_modules/...`. */
  readonly path: string;
  readonly licence: string;
}

/** What package-lock.json of `folder` installs without development dependencies, by name and then version. */
export function productionPackages(folder: string): readonly ProductionPackage[] {
  const lock: Lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  return Object.entries(lock.packages)
    .filter(([path, entry]) => path !== '' && entry.dev !== true && entry.devOptional !== true)
    .map(([path, { version, license = 'none' }]) => ({
      name: path.slice(path.lastIndexOf('node_modules/') + 13),
      version,
      path,
      licence: license,
    }))
    .toSorted((one, other) => (`${one.name}@${one.version}` < `${other.name}@${other.version}` ? -1 : 1));
}

/** The document; `node_modules` of `folder` must be installed. Throws with all problems at once. */
export function renderLicences(folder: string): string {
  const packages = productionPackages(folder);
  const texts = packages.map((dependency) => licenceText(join(folder, dependency.path)));
  const problems = packages.flatMap(({ name, version, licence }, index) => [
    ...(allowedLicences.includes(licence)
      ? []
      : [`${name}@${version} is licensed under ${licence}, which is not in the list of scripts/licences.ts`]),
    ...(texts[index] === null ? [`${name}@${version} has no file with its licence`] : []),
  ]);
  if (problems.length > 0) throw new Error(problems.join('\n'));
  const chapters = packages.map(({ name, version, licence }, index) => chapter(`${name} ${version} (${licence})`, texts[index] ?? ''));
  const compiledIn = readFileSync(join(folder, 'deploy/image/compiled-in.txt'), 'utf8');
  return `What partitiond is distributed with, and under which terms.\n\n${chapters.join('\n')}\n${compiledIn}`;
}

interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
}

interface LockEntry {
  readonly version: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

/** The package's own licence file and notices, else the chapter of its README; null when it has neither. */
function licenceText(folder: string): string | null {
  if (!existsSync(folder)) return null;
  const files = readdirSync(folder);
  const own = files.filter((name) => /^(?:licen[cs]e|copying|notice)/i.test(name)).toSorted();
  if (own.length > 0) return own.map((name) => readFileSync(join(folder, name), 'utf8').trim()).join('\n\n');
  const readme = files.find((name) => /^readme/i.test(name));
  const text = readme === undefined ? '' : readFileSync(join(folder, readme), 'utf8');
  return /^#+ *licen[cs]e *\n([^]*copyright[^]*)/im.exec(text)?.[1]?.trim() ?? null;
}

function chapter(title: string, text: string): string {
  return `${'='.repeat(80)}\n${title}\n${'='.repeat(80)}\n\n${text.replaceAll('\r\n', '\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = renderLicences(process.cwd());
  const file = process.argv[2];
  if (file === undefined) process.stdout.write(text);
  else writeFileSync(file, text);
}
