import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const page = readFileSync(join(root, 'docs/failure-modes.md'), 'utf8');

/** The last cell of every row: a file and the name of a test in it. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| what happens'))
  .map((line) => ({ line, match: line.match(/`(test\/[^`]+)` ([^|]+) \|$/) }));

describe('docs/failure-modes.md', () => {
  it('names a test that exists in every row', () => {
    expect(rows.length).toBeGreaterThan(20);
    const broken = rows.filter(({ match }) => {
      const [, file = '', name = ''] = match ?? [];
      if (!existsSync(join(root, file)) || file === '') return true;
      const text = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'");
      return ![`'${name}'`, `"${name}"`].some((quoted) => text.includes(quoted));
    });
    expect(broken.map(({ line }) => line)).toEqual([]);
  });
});
