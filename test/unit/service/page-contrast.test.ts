import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../../../src/service/page/browser/page.css', import.meta.url), 'utf8');

/** Each colour by its name: for the light theme, and for the dark one. */
const palette = [...css.matchAll(/--([\w-]+): light-dark\((#[\da-f]{6}), (#[\da-f]{6})\);/g)];
const light = Object.fromEntries(palette.map(([, name, colour]) => [name, colour]));
const dark = Object.fromEntries(palette.map(([, name, , colour]) => [name, colour]));

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
  ['light', light],
  ['dark', dark],
])('the colours of the %s theme', (_, colours) => {
  it.each([...texts, ...chips, ...boxes])('let %s be read on %s', (name, ground) => {
    expect(contrast(colours[name], colours[ground])).toBeGreaterThanOrEqual(4.5);
  });

  it.each(bars)('let %s be told from the sheet', (name) => {
    expect(contrast(colours[name], colours['sheet'])).toBeGreaterThanOrEqual(3);
  });
});

it('every colour of the page has a value for each theme', () => {
  expect(css.match(/#[\da-f]{3,8}\b/g)?.length).toBe(2 * palette.length);
  for (const [, name = ''] of css.matchAll(/var\(--([\w-]+)\)/g)) expect(light).toHaveProperty(name);
});
