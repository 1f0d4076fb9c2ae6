import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countLines, limitLines } from '../../../src/telemetry/exposition/limit-lines.ts';
import { renderHeader, renderLabels, renderSample } from '../../../src/telemetry/exposition/render-sample.ts';
import { RecentPeak } from '../../../src/telemetry/recent-peak.ts';
import { columnValues, indexInColumn, textAt, textColumn } from '../../../src/telemetry/snapshot/text-column.ts';
import { parseExposition } from '../../support/exposition.ts';

describe('the text format', () => {
  it('escapes backslash, quote and line feed in label values, and no quote in help', () => {
    expect(renderSample('m', renderLabels({ a: 'x', b: 'q"b\\s\nl' }), 1)).toBe('m{a="x",b="q\\"b\\\\s\\nl"} 1\n');
    expect(renderHeader('m', 'gauge', 'A "b\\c\nd".')).toBe('# HELP m A "b\\\\c\\nd".\n# TYPE m gauge\n');
  });

  it('writes the values that are no numbers as Prometheus does, and no braces without labels', () => {
    const of = (value: number): string => renderSample('m', '', value);
    expect([of(Number.NaN), of(Number.POSITIVE_INFINITY), of(Number.NEGATIVE_INFINITY), of(-1.5e300)]).toEqual([
      'm NaN\n',
      'm +Inf\n',
      'm -Inf\n',
      'm -1.5e+300\n',
    ]);
  });

  it('brings every label value and every number back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.double({ noNaN: true }), (text, value) => {
        const [family] = parseExposition(renderHeader('m', 'gauge', 'Help.') + renderSample('m', renderLabels({ a: text, b: 'x' }), value));
        expect(family?.samples[0]?.labels.get('a')).toBe(text);
        expect(family?.samples[0]?.value).toBe(value === 0 ? family?.samples[0]?.value : value);
      }),
    );
  });

  it.each([
    ['a sample without its family', 'm 1\n'],
    ['two samples of one series', '# HELP m H.\n# TYPE m gauge\nm{a="b"} 1\nm{a="b"} 2\n'],
    [
      'a family in two places',
      '# HELP m H.\n# TYPE m gauge\nm 1\n# HELP n H.\n# TYPE n gauge\nn 1\n# HELP m H.\n# TYPE m gauge\nm{a="b"} 1\n',
    ],
    ['a family without samples', '# HELP m H.\n# TYPE m gauge\n'],
    ['an open quote', '# HELP m H.\n# TYPE m gauge\nm{a="b} 1\n'],
    ['a last line that does not end', '# HELP m H.\n# TYPE m gauge\nm 1'],
    ['a number that is none', '# HELP m H.\n# TYPE m gauge\nm Nan\n'],
  ])('has a test parser that sees %s', (_, text) => {
    expect(() => parseExposition(text)).toThrow();
  });

  it('is cut at whole lines', () => {
    expect(limitLines('a\nb\nc\n', 2)).toBe('a\nb\n');
    expect(limitLines('a\nb\nc\n', 0)).toBe('');
    expect(limitLines('a\nb\nc\n', 9)).toBe('a\nb\nc\n');
    expect(countLines('a\nb\nc\n')).toBe(3);
  });
});

describe('a column of texts', () => {
  it('gives every text back by its place, and the place of every text', () => {
    const texts = fc.uniqueArray(fc.string().filter((text) => !text.includes('\0')));
    fc.assert(
      fc.property(texts, (values) => {
        const column = textColumn(values);
        expect(columnValues(column)).toEqual(values);
        expect(values.map((_, i) => textAt(column, i))).toEqual(values);
        expect(values.map((value) => indexInColumn(column, value))).toEqual(values.map((_, i) => i));
        expect(indexInColumn(column, 'a text that is not there, for it is longer')).toBe(-1);
      }),
    );
  });
});

describe('a recent peak', () => {
  it('is the greatest of the window whatever came in which order', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 40 })), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (seen) => {
        const peak = new RecentPeak(60);
        const all: { value: number; at: number }[] = [];
        let now = 0;
        for (const [value, wait] of seen) {
          now += wait;
          peak.see(value, now);
          all.push({ value, at: now });
          const inWindow = all.filter(({ at }) => at > now - 60).map((one) => one.value);
          expect(peak.at(now)).toBe(Math.max(...inWindow));
        }
        expect(peak.at(now + 60)).toBe(0);
      }),
    );
  });
});
