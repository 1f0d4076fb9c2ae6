import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exampleConfiguration } from '../../../src/config/page/example-configuration.ts';
import { ConfigError } from '../../../src/errors.ts';
import { parse } from './support.ts';

const env = { DATABASE_URL: 'postgres://h/db' };

/** True when it is accepted, false when it is refused; anything but a ConfigError is a bug and passes through. */
function isAccepted(text: string): boolean {
  try {
    parse(text, env);
    return true;
  } catch (error) {
    if (error instanceof ConfigError && error.problems.length > 0) return false;
    throw error;
  }
}

describe('whatever is done to a configuration', () => {
  const tokens = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ' - ',
    '\n',
    '  ',
    '"',
    "'",
    '&a ',
    '*a',
    '!',
    '|',
    '${',
    '$${',
    '0',
    '-1',
    '1e99',
    'null',
    '~',
    '\u0000',
    '\t',
    '<<: ',
  ];

  it('the text is accepted or refused with problems, and nothing else is thrown', () => {
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(exampleConfiguration.length), fc.nat(12), fc.constantFrom(...tokens), (at, cut, token) => {
        const text = exampleConfiguration.slice(0, at) + token + exampleConfiguration.slice(at + cut);
        if (!isAccepted(text)) refused += 1;
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(50);
  });

  it('a value of any shape under any key is accepted or refused', () => {
    const shapes = [
      'null',
      'true',
      '0',
      '-1',
      '1e99',
      '.nan',
      '""',
      'text',
      '[]',
      '[1]',
      '{}',
      '{ a: 1 }',
      '99999999999999999999999',
      '"\\u0000"',
    ];
    const keys = [...exampleConfiguration.matchAll(/(\w+): [^{\n]+$/gm)];
    expect(keys.length).toBeGreaterThan(15);
    const results = keys.flatMap(({ index, 0: line, 1: key }) =>
      shapes.map((shape) =>
        isAccepted(`${exampleConfiguration.slice(0, index)}${key}: ${shape}${exampleConfiguration.slice(index + line.length)}`),
      ),
    );
    expect(results).toContain(false);
  });

  it('anchors cannot blow a small file up', () => {
    const levels = Array.from({ length: 15 }, (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(20)}]`);
    expect(isAccepted(['l0: &l0 x', ...levels].join('\n'))).toBe(false);
  });
});
