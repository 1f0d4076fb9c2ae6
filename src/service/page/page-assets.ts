import { readFileSync } from 'node:fs';

/** A file of the page, as it is served. */
export interface PageAsset {
  readonly path: string;
  readonly type: string;
  readonly text: string;
}

/** Beside this module, in src as in dist: `npm run build` copies them. */
const files = [
  ['/page.css', 'text/css; charset=utf-8'],
  ['/page.js', 'text/javascript; charset=utf-8'],
] as const;

/** Throws where one is missing: the program is not built. */
export function readPageAssets(): readonly PageAsset[] {
  return files.map(([path, type]) => ({ path, type, text: readFileSync(new URL(`./browser${path}`, import.meta.url), 'utf8') }));
}
