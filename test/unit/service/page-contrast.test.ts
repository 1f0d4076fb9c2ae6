import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../../src/service/page/browser/page.css', import.meta.url), 'utf8');

/** The colours that a rule sets, by name. */
function coloursOf(selector: string): Readonly<Record<string, string>> {
  const start = css.indexOf(selector);
  if (start < 0) throw new Error(`There is no rule ${selector}`);
  const rule = css.slice(start, css.indexOf('}', start));
  return Object.fromEntries([...rule.matchAll(/--([\w-]+): (#[\da-f]{6});/g)].map(([, name, colour]) => [name, colour]));
}

/** Source: w3.org/TR/WCAG22, relative luminance and contrast ratio. */
function contrast(a = '', b = ''): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].toSorted((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const texts = ['text', 'quiet', 'link'].flatMap((name) => ['ground', 'sheet', 'sunk'].map((ground) => [name, ground] as const));
const chips = ['ok', 'warning', 'error'].flatMap((name) => [[name, `${name}-ground`] as const, [name, 'sheet'] as const]);
const boxes = ['error-ground', 'warning-ground'].map((ground) => ['text', ground] as const);
const bars = ['past', 'current', 'future', 'gap', 'default', 'detached', 'detach-pending', 'foreign', 'unreadable', 'now', 'focus'];

describe.each([
  ['light', ':root {'],
  ['dark', ':root[data-theme="dark"] {'],
])('the colours of the %s theme', (_, selector) => {
  const colours = coloursOf(selector);

  it.each([...texts, ...chips, ...boxes])('let %s be read on %s', (name, ground) => {
    expect(contrast(colours[name], colours[ground])).toBeGreaterThanOrEqual(4.5);
  });

  it.each(bars)('let %s be told from the sheet', (name) => {
    expect(contrast(colours[name], colours['sheet'])).toBeGreaterThanOrEqual(3);
  });
});

it('the dark theme is the same by choice and by preference', () => {
  expect(coloursOf('@media (prefers-color-scheme: dark)')).toEqual(coloursOf(':root[data-theme="dark"] {'));
});
