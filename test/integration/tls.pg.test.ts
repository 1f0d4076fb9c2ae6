import { join } from 'node:path';
import { describe, expect, it, type TestContext } from 'vitest';
import { namedSql } from '../../src/postgres/named-sql.ts';
import { boolean, row } from '../../src/postgres/row-decoder.ts';
import { connectSession } from '../../src/postgres/session.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { startCluster } from '../support/cluster.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { noAbort } from '../support/open-session.ts';
import { policyFile } from '../support/policy-file.ts';
import { runPartitiond } from '../support/run-partitiond.ts';
import { waitFor } from '../support/wait-for.ts';

const encrypted = namedSql('encrypted', 'SELECT ssl AS "isEncrypted" FROM pg_stat_ssl WHERE pid = pg_backend_pid()');

/** Whether a session over this URL is encrypted; throws when there is none. */
async function isEncrypted(url: string): Promise<boolean | undefined> {
  const settings = { applicationName: 'partitiond:test', statementTimeoutMs: 30_000, lockTimeoutMs: 100 };
  const session = await connectSession({ kind: 'url', url }, settings, noAbort);
  try {
    const rows = await session.rows(encrypted, [], row<{ isEncrypted: boolean }>({ isEncrypted: boolean }), noAbort);
    return rows[0]?.isEncrypted;
  } finally {
    await session.close();
  }
}

interface Secure {
  readonly database: TestDatabase;
  readonly certificates: Certificates;
  /** The database over TCP; `parameters` as in `sslmode=verify-full`. */
  readonly url: (parameters: string, host?: string) => string;
}

/** Runs `body` on a server with TLS, whose certificate names `localhost` and nothing else. */
async function withSecure(context: TestContext, body: (secure: Secure) => Promise<void>): Promise<void> {
  await using certificates = await makeCertificates(context);
  await using cluster = await startCluster({ tcp: true });
  await certificates.serve(join(cluster.folder, 'data'));
  await using database = await createDatabase(cluster.url);
  const role = await database.createRole('tls');
  await database.query('ALTER SYSTEM SET ssl = on');
  await database.query('SELECT pg_reload_conf()');
  const url = (parameters: string, host = 'localhost'): string =>
    `postgresql://${role.name}:${role.password}@${host}:${cluster.tcpPort}/${database.name}?${parameters}`;
  await waitFor(
    'TLS',
    () => isEncrypted(url('sslmode=no-verify')),
    (seen) => seen === true,
  );
  await body({ database, certificates, url });
}

describe('TLS', () => {
  it('is believed by sslmode=verify-full, and by what is as strict, with the right authority and host name only', (context) =>
    withSecure(context, async (secure) => {
      const { authority, stranger } = secure.certificates;
      for (const mode of ['verify-full', 'verify-ca', 'require', 'prefer']) {
        expect(await isEncrypted(secure.url(`sslmode=${mode}&sslrootcert=${authority}`)), mode).toBe(true);
        const unbelievable = [
          secure.url(`sslmode=${mode}&sslrootcert=${stranger}`),
          secure.url(`sslmode=${mode}`),
          secure.url(`sslmode=${mode}&sslrootcert=${authority}`, '127.0.0.1'),
        ];
        for (const url of unbelievable) await expect(isEncrypted(url), url).rejects.toMatchObject({ code: 'PD203' });
      }
    }));

  it('checks less where the URL asks for the rules of libpq', (context) =>
    withSecure(context, async (secure) => {
      const { authority, stranger } = secure.certificates;
      const compatible = (parameters: string, host?: string): string => secure.url(`uselibpqcompat=true&${parameters}`, host);
      expect(await isEncrypted(compatible('sslmode=require'))).toBe(true);
      expect(await isEncrypted(compatible(`sslmode=verify-ca&sslrootcert=${authority}`, '127.0.0.1'))).toBe(true);
      await expect(isEncrypted(compatible(`sslmode=verify-ca&sslrootcert=${stranger}`))).rejects.toMatchObject({ code: 'PD203' });
      expect(await isEncrypted(secure.url('sslmode=no-verify', '127.0.0.1'))).toBe(true);
      expect(await isEncrypted(secure.url('sslmode=disable'))).toBe(false);
    }));

  it('is decided by PGSSLMODE and NODE_EXTRA_CA_CERTS where the URL is silent, and nothing is printed beside the answer', (context) =>
    withSecure(context, async (secure) => {
      const { authority, stranger } = secure.certificates;
      await secure.database.query('CREATE TABLE public.events (id int8, at timestamptz NOT NULL) PARTITION BY RANGE (at)');
      const plan = async (env: Readonly<Record<string, string>>, parameters = '', host?: string): Promise<readonly unknown[]> => {
        using file = policyFile(secure.database, ['{ table: public.events, interval: 1 month }'], '', secure.url(parameters, host));
        const { exitCode, stderr } = await runPartitiond(['status', '--config', file.path], { env });
        return [exitCode, /PD\d{3}/.exec(stderr)?.[0] ?? stderr];
      };
      expect(await plan({ PGSSLMODE: 'verify-full', NODE_EXTRA_CA_CERTS: authority })).toEqual([0, '']);
      expect(await plan({ NODE_EXTRA_CA_CERTS: authority }, 'sslmode=require')).toEqual([0, '']);
      expect(await plan({ PGSSLMODE: 'verify-full', NODE_EXTRA_CA_CERTS: stranger })).toEqual([3, 'PD203']);
      expect(await plan({ PGSSLMODE: 'verify-full', NODE_EXTRA_CA_CERTS: authority }, '', '127.0.0.1')).toEqual([3, 'PD203']);
      expect(await plan({ PGSSLMODE: 'verify-full' })).toEqual([3, 'PD203']);
      expect(await plan({ PGSSLMODE: 'verify-full' }, 'sslmode=disable')).toEqual([0, '']);
    }));

  it('names the file of an authority that cannot be read', async () => {
    const url = 'postgresql://localhost/app?sslmode=verify-full&sslrootcert=/nowhere/ca.crt';
    await expect(isEncrypted(url)).rejects.toMatchObject({ code: 'PD203', message: expect.stringContaining('/nowhere/ca.crt') });
  });

  it('is an error when asked for and not offered', async () => {
    await using cluster = await startCluster({ tcp: true });
    const url = `postgresql://postgres@localhost:${cluster.tcpPort}/postgres?sslmode=verify-full`;
    await expect(isEncrypted(url)).rejects.toMatchObject({ code: 'PD201', message: expect.stringContaining('does not support SSL') });
  });
});
