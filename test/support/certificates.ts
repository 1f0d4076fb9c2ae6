import { chmod, chown, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { requireTool } from './require-tool.ts';
import { postgresUser, run } from './system-user.ts';
import { shortTemporaryFolder } from './temporary-folder.ts';

/** Certificates made for one test; the folder goes at the end of the scope. */
export interface Certificates extends AsyncDisposable {
  /** The authority that signed what `serve` hands out. */
  readonly authority: string;
  /** An authority that has nothing to do with it. */
  readonly stranger: string;
  /** Puts a certificate for the host name `localhost`, and its key, into a server's data directory as `server.crt` and `server.key`. */
  serve(dataDirectory: string): Promise<void>;
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'] as const;

/** Two authorities and a certificate for `localhost`, by the program `openssl`; where it is missing the test is skipped. */
export async function makeCertificates(context: TestContext): Promise<Certificates> {
  const binary = requireTool(context, 'openssl', 'openssl');
  const folder = await mkdtemp(join(shortTemporaryFolder(), 'pd-tls-'));
  const openssl = (...args: readonly string[]): Promise<string> => run(binary, args, { user: null, cwd: folder });
  for (const name of ['authority', 'stranger']) {
    await openssl('req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`);
  }
  await writeFile(join(folder, 'names'), 'subjectAltName = DNS:localhost\n');
  await openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
  const signer = ['-CA', 'authority.crt', '-CAkey', 'authority.key', '-CAcreateserial'];
  await openssl('x509', '-req', '-in', 'server.csr', ...signer, '-days', '2', '-extfile', 'names', '-out', 'server.crt');
  return {
    authority: join(folder, 'authority.crt'),
    stranger: join(folder, 'stranger.crt'),
    serve: async (dataDirectory) => {
      const user = await postgresUser();
      for (const name of ['server.crt', 'server.key']) {
        const path = join(dataDirectory, name);
        await copyFile(join(folder, name), path);
        await chmod(path, 0o600);
        if (user !== null) await chown(path, user.uid, user.gid);
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
