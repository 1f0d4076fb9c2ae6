/** The last part of `npm run build`: files that the program reads beside its modules, which tsc does not copy. */
import { cpSync, readdirSync } from 'node:fs';

const folder = 'service/page/browser';
const root = new URL('../', import.meta.url);
for (const name of readdirSync(new URL(`src/${folder}`, root)).filter((file) => /\.(?:css|js)$/.test(file))) {
  cpSync(new URL(`src/${folder}/${name}`, root), new URL(`dist/${folder}/${name}`, root));
}
