import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../../src/demo/free-port.ts';
import { type Daemon, startDaemon } from '../../daemon.ts';

/** A daemon that can be killed and started again at the same address, with a configuration of its own. */
export class Replica implements AsyncDisposable {
  /** Host and port of /metrics. */
  readonly address: string;
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'ptd-replica-'));
  readonly #port: number;
  #daemon: Daemon | null = null;

  private constructor(port: number) {
    this.#port = port;
    this.address = `127.0.0.1:${port}`;
  }

  /** `databases`: the configuration without its listeners. */
  static async start(databases: string): Promise<Replica> {
    const replica = new Replica(await freePort(0));
    replica.configure(databases);
    await replica.start();
    return replica;
  }

  get daemon(): Daemon {
    if (this.#daemon === null) throw new Error('This replica was not started.');
    return this.#daemon;
  }

  /** Replaces the file, which a daemon that runs notices on its own. */
  configure(databases: string): void {
    const listeners = `http: { host: 127.0.0.1, port: ${this.#port} }\nadmin: { host: 127.0.0.1, port: 0 }`;
    writeFileSync(this.#path, `${listeners}\n${databases}`);
  }

  async start(): Promise<void> {
    this.#daemon = await startDaemon(this.#path);
  }

  async kill(): Promise<void> {
    await this.daemon[Symbol.asyncDispose]();
  }

  /** Whether it says that it leads. */
  async isLeading(database: string): Promise<boolean> {
    return (await this.daemon.scrape()).get(`leader{database="${database}"}`) === 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #path(): string {
    return join(this.#folder, 'partitiond.yaml');
  }
}
