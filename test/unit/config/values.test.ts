import fc from 'fast-check';
import { validate as nodeCronAccepts } from 'node-cron';
import { describe, expect, it } from 'vitest';
import { nearestWord } from '../../../src/config/document/nearest-word.ts';
import { redact } from '../../../src/config/document/redact.ts';
import { substitute } from '../../../src/config/document/substitute.ts';
import { parseCron } from '../../../src/config/format/cron.ts';
import { parseDuration } from '../../../src/config/format/duration.ts';

describe('a duration', () => {
  it.each([
    ['100ms', 100],
    ['30s', 30_000],
    ['5m', 300_000],
    ['5 minutes', 300_000],
    ['1 min', 60_000],
    ['2h', 7_200_000],
    ['90 days', 7_776_000_000],
    [' 1  day ', 86_400_000],
  ])('%s is %i ms', (written, ms) => {
    expect(parseDuration(written)).toBe(ms);
  });

  it.each([
    [100, 'write its unit, for example 100ms or 100s'],
    ['100', 'write its unit'],
    ['5 minuets', 'did you mean minutes?'],
    ['5M', 'the unit M is unknown'],
    ['5 ss', 'the unit ss is unknown'],
    ['1 constructor', 'the unit constructor is unknown'],
    ['1.5s', 'not a duration'],
    ['-1s', 'not a duration'],
    ['1h 30m', 'not a duration'],
    ['', 'not a duration'],
    [true, 'not a duration'],
  ])('%o is none', (written, message) => {
    expect(() => parseDuration(written)).toThrow(RangeError);
    expect(() => parseDuration(written)).toThrow(message);
  });
});

function isRefused(expression: string): boolean {
  try {
    parseCron(expression);
    return false;
  } catch (error) {
    if (error instanceof RangeError) return true;
    throw error;
  }
}

describe('a cron expression', () => {
  it.each([
    '* * * * *',
    '*/10 * * * *',
    '7 * * * *',
    '0 0 1,15 * mon-fri',
    '0 22-2/2 * * *',
    '30 0 0 29 feb *',
    '0 0 * JAN-MAR 7',
    '0 0 * * 5-7',
  ])('may be %s', (expression) => {
    expect(parseCron(`  ${expression.replace(' ', '   ')} `)).toBe(expression);
    expect(nodeCronAccepts(expression)).toBe(true);
  });

  it.each([
    ['* * * *', 'it has 4 fields'],
    ['* * * * * * *', 'it has 7 fields'],
    ['', 'it has 1 field'],
    ['@daily', 'write it out: "0 0 * * *"'],
    ['60 * * * *', 'minute: 60 is not between 0 and 59'],
    ['* 24 * * *', 'hour: 24'],
    ['* * 0 * *', 'day of the month: 0'],
    ['* * * 13 *', 'month: 13'],
    ['* * * * 8', 'day of the week: 8'],
    ['60 * * * * *', 'second: 60'],
    ['* * * foo *', 'month: "foo" is no number and no three-letter name'],
    ['mon * * * *', 'minute: "mon" is no number'],
    ['5/10 * * * *', 'write 5-59/10'],
    ['*/0 * * * *', 'the step 0'],
    ['*/90 * * * *', 'the step 90'],
    ['1,,2 * * * *', 'minute: "" is no number'],
    ['1-2-3 * * * *', 'minute: "1-2-3"'],
    ['0 0 L * *', 'day of the month: "L" is no number'],
    ['0 0 31 feb,apr *', 'never comes'],
    ['constructor * * * *', 'minute: "constructor"'],
  ])('cannot be %s', (expression, message) => {
    expect(() => parseCron(expression)).toThrow(RangeError);
    expect(() => parseCron(expression)).toThrow(message);
  });

  it('is one that node-cron takes too, whenever it is accepted here', () => {
    const number = fc.integer({ min: 0, max: 62 }).map(String);
    const word = fc.oneof(number, fc.constantFrom('*', 'jan', 'SUN', 'sat', 'dec', 'x', ''));
    const part = fc.oneof(
      word,
      fc.tuple(word, word).map((ends) => ends.join('-')),
      fc
        .tuple(
          fc.oneof(
            fc.constant('*'),
            fc.tuple(word, word).map((ends) => ends.join('-')),
          ),
          number,
        )
        .map((sides) => sides.join('/')),
    );
    const field = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(','));
    const rest = fc.constantFrom('* * * *', '0 1-5 * *', '* * feb *', '1 * 6 *');
    let accepted = 0;
    fc.assert(
      fc.property(field, rest, fc.nat(5), (text, others, position) => {
        const expression = others.split(' ').toSpliced(position, 0, text).join(' ');
        if (isRefused(expression)) return;
        accepted += 1;
        expect([expression, nodeCronAccepts(expression)]).toEqual([expression, true]);
      }),
      { numRuns: 2000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});

describe('variables', () => {
  it('are filled in once, and an escaped one is left', () => {
    const env = { A: 'x${B}', B: 'y', EMPTY: '' };
    expect(substitute('${A} ${B} $${A} ${EMPTY}$A $ {A}', env)).toEqual({ text: 'x${B} y ${A} $A $ {A}', problems: [] });
  });

  it('are each told when unset', () => {
    const { problems } = substitute('${A}${B}', {});
    expect(problems).toEqual([expect.stringContaining('variable A is not set'), expect.stringContaining('variable B is not set')]);
  });

  it('leave every text without a dollar sign as it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const plain = text.replaceAll('$', '');
        expect(substitute(plain, {})).toEqual({ text: plain, problems: [] });
      }),
    );
  });

  it('survive escaping, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ' ') }), (text) => {
        // A function, for in a replacement string `$$` stands for one dollar.
        const escaped = text.replaceAll('${', () => '$${');
        expect(substitute(escaped, {})).toEqual({ text, problems: [] });
      }),
    );
  });
});

describe('the nearest word', () => {
  const words = ['lockTimeout', 'lockBudget', 'maxRemovals', 'premake', 'url', 'urlFile'];
  it.each([
    ['locktimeout', 'lockTimeout'],
    ['lock_timeout', 'lockTimeout'],
    ['lock-budgte', 'lockBudget'],
    ['maxRemoval', 'maxRemovals'],
    ['premaek', 'premake'],
    ['ulr', 'url'],
    ['urlfile', 'urlFile'],
    ['retention', null],
    ['x', null],
    ['', null],
  ])('to %s is %s', (word, nearest) => {
    expect(nearestWord(word, words)).toBe(nearest);
  });
});

describe('redaction', () => {
  it.each([
    ['postgres://u:p@h/d', 'postgres://u:***@h/d'],
    ['postgres://u:p@ss/w:rd@h/d and more', 'postgres://u:***@h/d and more'],
    ['host=h password=abc dbname=d', 'host=h password=*** dbname=d'],
    ["password = 'a b' x", 'password = *** x'],
    ['postgres://h/d', 'postgres://h/d'],
    ['http://localhost:9788/metrics', 'http://localhost:9788/metrics'],
  ])('makes %s into %s', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });
});
