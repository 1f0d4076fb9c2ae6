import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestDatabase } from './database.ts';

/** A configuration file for the built program; the folder goes at the end of the scope. */
export interface PolicyFile {
  readonly path: string;
  readonly folder: string;
  [Symbol.dispose](): void;
}

/**
 * `tables` is YAML flow text such as `{ table: public.events, interval: 1 month }`, one per table; `top` goes before `databases`. There is no
 * maintenance unless a table asks for it or `top` has `defaults` of its own: tests that count steps are not about what falls due meanwhile.
 */
export function policyFile(database: TestDatabase, tables: readonly string[], top = '', url: string = database.url): PolicyFile {
  const folder = mkdtempSync(join(tmpdir(), 'ptd-policy-'));
  const path = join(folder, 'partitiond.yaml');
  const entries = tables.map((table) => `      - ${table}`).join('\n');
  const defaults = /^defaults:/m.test(top) ? '' : 'defaults: { maintenance: false }\n';
  writeFileSync(path, `${top}\n${defaults}databases:\n  - name: app\n    url: ${JSON.stringify(url)}\n    tables:\n${entries}\n`);
  return { path, folder, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}
