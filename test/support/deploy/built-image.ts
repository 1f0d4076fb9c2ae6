import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { deployTool, runTool } from './deploy-tool.ts';

/** What the Dockerfile makes on the bases of deploy/image/Containerfile.bases, and a container of it that is not running. */
export interface BuiltImage extends Disposable {
  readonly config: ImageConfig;
  /** Of all layers, uncompressed. */
  readonly sizeBytes: number;
  /** The container's root folder, mounted. */
  readonly root: string;
  /**
   * Starts `command`, by default the entrypoint with `args`, as the image's user, in its working directory, with its environment, on its root:
   * read-only but for /tmp, without capabilities, and in a mount namespace of its own. `files` are shown read-only at /etc/partitiond.
   */
  start(
    args: readonly string[],
    options?: { command?: readonly string[]; files?: string; env?: Readonly<Record<string, string>> },
  ): Running;
}

export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

export interface Running extends AsyncDisposable {
  readonly stdout: string;
  readonly stderr: string;
  readonly exited: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
  signal(name: NodeJS.Signals): void;
}

const buildArguments = [
  'BUILD_IMAGE=localhost/build',
  'RUNTIME_IMAGE=localhost/runtime',
  'REVISION=abc123',
  'SOURCE_DATE_EPOCH=1700000000',
];

const node = 'test/matrix/node_modules/node-24';

/**
 * Builds with buildah, in storage of its own below the temporary folder; half a minute, most of which npm takes. Needs root (for mounts and a
 * uid of somebody else) and the Node that test/matrix pins; without them the rest of the test is skipped with a reason.
 */
export async function buildImage(context: TestContext): Promise<BuiltImage> {
  const buildah = deployTool(context, 'buildah');
  if (process.getuid?.() !== 0) skip(context, 'only root may mount an image and run it as uid 65532');
  if (!canRead(join(node, 'bin/node'))) skip(context, `${node} is missing: run npm ci --prefix test/matrix`);
  const folder = mkdtempSync(join(tmpdir(), 'ptd-image-'));
  const storage = ['--root', join(folder, 'storage'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const run = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await runTool(buildah, [...storage, ...args]);
    if (code !== 0) throw new Error(`buildah ${args.join(' ')} ended with ${code}:\n${stdout}\n${stderr}`);
    return stdout.trim();
  };
  const dispose = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const bases = join(folder, 'bases');
    execFileSync('bash', ['deploy/image/collect-bases', node, bases], { stdio: 'pipe' });
    for (const target of ['build', 'runtime']) {
      await run('build', '--isolation', 'chroot', '--target', target, '-t', target, '-f', 'deploy/image/Containerfile.bases', bases);
    }
    const how = ['--isolation', 'chroot', '--pull-never', '--format', 'docker', '--volume', `${npmCache()}:/root/.npm`];
    await run('build', ...how, '-t', 'partitiond', ...buildArguments.flatMap((text) => ['--build-arg', text]), '.');
    const { Docker }: { readonly Docker: { readonly config: ImageConfig } } = JSON.parse(
      await run('inspect', '--type', 'image', 'partitiond'),
    );
    const root = await run('mount', await run('from', '--pull-never', 'partitiond'));
    // A container runtime makes the folders that something is mounted on.
    mkdirSync(join(root, 'etc/partitiond'), { recursive: true });
    const sizeBytes = Number(
      execFileSync('du', ['--summarize', '--apparent-size', '--block-size=1', root], { encoding: 'utf8' }).split('\t')[0],
    );
    return {
      config: Docker.config,
      sizeBytes,
      root,
      start: (args, { command = [...Docker.config.Entrypoint, ...args], files, env = {} } = {}) =>
        startInside(root, Docker.config, command, files ?? '', env),
      [Symbol.dispose]: dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** $1 = root, $2 = folder of files or empty; what follows is executed, so that signals reach it. */
const prepare = `
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
mount -t tmpfs -o mode=1777,size=16m tmpfs "$1/tmp"
if [ -n "$2" ]; then mount --bind "$2" "$1/etc/partitiond"; mount -o remount,ro,bind "$1/etc/partitiond"; fi
shift 2
exec "$@"
`;

function startInside(
  root: string,
  config: ImageConfig,
  command: readonly string[],
  files: string,
  env: Readonly<Record<string, string>>,
): Running {
  const [uid = '', gid = ''] = config.User.split(':');
  const variables = [...config.Env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  const prepared = ['--mount', '--propagation', 'private', 'sh', '-euc', prepare, 'sh', root, files];
  // This env and this unshare are the machine's, hence absolute: the search path that env sets is the image's.
  const confined = ['setpriv', '--no-new-privs', 'env', '-i', ...variables, pathOf('unshare')];
  const entered = [`--root=${root}`, `--wd=${config.WorkingDir}`, `--setgid=${gid}`, `--setuid=${uid}`];
  return new InContainer(spawn('unshare', [...prepared, ...confined, ...entered, ...command]));
}

function pathOf(program: string): string {
  return execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { encoding: 'utf8' }).trim();
}

class InContainer implements Running {
  stdout = '';
  stderr = '';
  readonly exited: Running['exited'];
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.exited = once(child, 'close').then(([code]: readonly unknown[]) => ({
      code: typeof code === 'number' ? code : null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exited;
  }
}

function skip(context: TestContext, reason: string): never {
  if (process.env['REQUIRE_TOOLS'] === '1' && process.getuid?.() === 0) throw new Error(`${reason}; REQUIRE_TOOLS=1 forbids to skip`);
  console.warn(`skipped: ${context.task.name} (${reason})`);
  return context.skip(reason);
}

function canRead(path: string): boolean {
  try {
    accessSync(path);
    return true;
  } catch {
    return false;
  }
}

/** What npm has downloaded before, so that a build asks the registry for little. */
function npmCache(): string {
  const folder = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  mkdirSync(folder, { recursive: true });
  return folder;
}
