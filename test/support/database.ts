import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';

/** A role made by `createRole`. */
export interface TestRole {
  readonly name: string;
  readonly password: string;
  /** The database's URL for this role. */
  readonly url: string;
}

/** One database, all of whose connections are closed and which is dropped at the end of its scope. */
export interface TestDatabase {
  readonly name: string;
  /** A superuser's URL, for pg and for the built program alike. */
  readonly url: string;
  /** Runs SQL on a connection of its own and returns the rows, with pg's usual JavaScript values (int8 as text). */
  query<Row extends pg.QueryResultRow = Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** A further connection, closed at the end. `url` is the superuser's by default; a role's comes from `createRole`. */
  client(options?: { readonly url?: string; readonly applicationName?: string }): Promise<pg.Client>;
  /** A role with LOGIN and a password, dropped at the end. `attributes` as in CREATE ROLE, for example 'CREATEROLE'. */
  createRole(suffix: string, attributes?: string): Promise<TestRole>;
  /** A tablespace inside the data directory, dropped at the end; returns its name. */
  createTablespace(suffix: string): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A new database on the server that the run shares, or on `serverUrl` (a superuser's URL, from `startCluster`). Hold it by
 * `await using`. Roles and tablespaces belong to the whole server: make them with the methods below, which name them after the database.
 */
export async function createDatabase(serverUrl: string = inject('sharedServerUrl')): Promise<TestDatabase> {
  const name = `t_${process.pid.toString(36)}_${randomBytes(5).toString('hex')}`;
  await once(serverUrl, (admin) => admin.query(`CREATE DATABASE ${name}`));
  return new Database(name, serverUrl);
}

class Database implements TestDatabase {
  readonly name: string;
  readonly url: string;
  readonly #serverUrl: string;
  readonly #clients: pg.Client[] = [];
  readonly #roles: string[] = [];
  readonly #tablespaces: string[] = [];
  #own: Promise<pg.Client> | null = null;

  constructor(name: string, serverUrl: string) {
    this.name = name;
    this.#serverUrl = serverUrl;
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    this.url = url.href;
  }

  async query<Row extends pg.QueryResultRow>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> {
    this.#own ??= this.client();
    const client = await this.#own;
    // Without parameters pg uses the simple protocol, which takes several statements and then answers with a list of results.
    const result = await (parameters === undefined ? client.query<Row>(sql) : client.query<Row>(sql, [...parameters]));
    const last = Array.isArray(result) ? result.at(-1) : result;
    return last.rows;
  }

  async client(options: { readonly url?: string; readonly applicationName?: string } = {}): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: options.url ?? this.url, application_name: options.applicationName ?? 'test' });
    // A test that terminates backends or stops the server loses connections; the query that waits is told, nobody else needs to be.
    client.on('error', () => undefined);
    await client.connect();
    this.#clients.push(client);
    return client;
  }

  async createRole(suffix: string, attributes = ''): Promise<TestRole> {
    const name = `${this.name}_${suffix}`;
    const password = randomBytes(9).toString('hex');
    await once(this.#serverUrl, (admin) => admin.query(`CREATE ROLE "${name}" LOGIN PASSWORD '${password}' ${attributes}`));
    this.#roles.push(name);
    const url = new URL(this.url);
    url.username = name;
    url.password = password;
    return { name, password, url: url.href };
  }

  async createTablespace(suffix: string): Promise<string> {
    const name = `${this.name}_${suffix}`;
    await once(this.#serverUrl, async (admin) => {
      await admin.query('SET allow_in_place_tablespaces = on');
      await admin.query(`CREATE TABLESPACE "${name}" LOCATION ''`);
    });
    this.#tablespaces.push(name);
    return name;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().catch(() => undefined)));
    await once(this.#serverUrl, async (admin) => {
      await this.#rollbackPrepared(admin);
      await admin.query(`DROP DATABASE IF EXISTS ${this.name} WITH (FORCE)`);
      for (const tablespace of this.#tablespaces) await admin.query(`DROP TABLESPACE "${tablespace}"`);
      for (const role of this.#roles) await admin.query(`DROP ROLE "${role}"`);
    });
  }

  /** FORCE ends sessions, not prepared transactions, and those can only be ended from inside their database. */
  async #rollbackPrepared(admin: pg.Client): Promise<void> {
    const prepared = await admin.query<{ gid: string }>('SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = $1', [this.name]);
    if (prepared.rows.length === 0) return;
    await once(this.url, async (client) => {
      for (const { gid } of prepared.rows) await client.query(`ROLLBACK PREPARED ${client.escapeLiteral(gid)}`);
    });
  }
}

async function once<T>(url: string, body: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'test:admin' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await body(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
