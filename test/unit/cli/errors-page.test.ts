import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Every code of the source, with the files it stands in. */
function codesInSource(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  for (const file of files) {
    for (const [, code = ''] of readFileSync(join(root, 'src', file), 'utf8').matchAll(/'(PD\d{3})'/g)) {
      found.set(code, [...(found.get(code) ?? []), file]);
    }
  }
  return found;
}

function codesOnPage(page: string): readonly string[] {
  return [...page.matchAll(/^\| (PD\d{3}) \| [^|]+ \| [^|]+ \|$/gm)].map(([, code = '']) => code);
}

describe('docs/errors.md', () => {
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');

  it('explains every code that the source can raise', () => {
    const inSource = codesInSource();
    expect(inSource.size).toBeGreaterThan(20);
    const missing = [...inSource].filter(([code]) => !codesOnPage(page).includes(code));
    expect(missing).toEqual([]);
  });

  it('explains no code that the source cannot raise, none twice, and in order', () => {
    const codes = codesOnPage(page);
    expect(codes.filter((code) => !codesInSource().has(code))).toEqual([]);
    expect(codes).toEqual([...new Set(codes)].toSorted());
  });
});
