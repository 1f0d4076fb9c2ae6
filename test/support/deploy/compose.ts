import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

export const composeFolder = 'deploy/compose';

/** A service as compose.yaml writes it: always in the short forms that are read here. */
export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly secrets?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly [key: string]: unknown;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, object>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly [key: string]: unknown;
}

/** `source` is a path from the project's root for a bind mount, and the name of a volume otherwise. */
export interface ComposeMount {
  readonly service: string;
  readonly source: string;
  readonly target: string;
  readonly isBind: boolean;
  readonly isReadOnly: boolean;
}

export async function readCompose(): Promise<ComposeFile> {
  return parse(await readFile(join(composeFolder, 'compose.yaml'), 'utf8')) as ComposeFile;
}

/** All mounts of all services, those of secrets included. */
export function mountsOf(compose: ComposeFile): readonly ComposeMount[] {
  return Object.entries(compose.services).flatMap(([service, { volumes = [], secrets = [] }]) => [
    ...volumes.map((text): ComposeMount => {
      const [source = '', target = '', mode] = text.split(':');
      const isBind = source.startsWith('.');
      return { service, source: isBind ? join(composeFolder, source) : source, target, isBind, isReadOnly: mode === 'ro' };
    }),
    ...secrets.map((name): ComposeMount => {
      const source = join(composeFolder, compose.secrets[name]?.file ?? `no secret ${name}`);
      return { service, source, target: `/run/secrets/${name}`, isBind: true, isReadOnly: true };
    }),
  ]);
}

/** Where a path inside a service's container lies in the project; null when nothing of the project is mounted there. */
export function hostPath(compose: ComposeFile, service: string, path: string): string | null {
  const mounts = mountsOf(compose).filter((mount) => mount.isBind && mount.service === service);
  const mount = mounts.find(({ target }) => path === target || path.startsWith(`${target}/`));
  return mount === undefined ? null : mount.source + path.slice(mount.target.length);
}
