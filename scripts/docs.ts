/** `npm run docs` writes the generated documents; with `--check` it only compares, and names what is out of date. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { documents } from './support/documents.ts';

const isCheck = process.argv.includes('--check');
const outdated: string[] = [];
for (const document of documents) {
  const wanted = document.render();
  const found = await readFile(document.path, 'utf8').catch(() => null);
  if (wanted === found) continue;
  if (isCheck) outdated.push(document.path);
  else {
    await mkdir(dirname(document.path), { recursive: true });
    await writeFile(document.path, wanted);
  }
}
if (outdated.length > 0) {
  console.error(`Not what \`npm run docs\` writes: ${outdated.join(', ')}`);
  process.exitCode = 1;
}
