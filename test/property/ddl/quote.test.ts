import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quoteBody } from '../../../src/ddl/quote.ts';
import { renderStep } from '../../../src/ddl/render-step.ts';
import { renderScript } from '../../../src/ddl/script.ts';
import { quoteLiteral } from '../../../src/partition/literal.ts';
import { dropGuard } from '../../support/steps.ts';

/** Any text that PostgreSQL can hold, rich in the characters that end a literal. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom("'", "''", '\\', '$', '$partitiond$', ';', '--', '/*', '\n', '\r', '"', 'E', '\u2019', '🐘'),
      fc.string({ unit: 'grapheme' }),
    ),
  )
  .map((parts) => parts.join('').replaceAll('\0', ''));

/** Reads a literal as the scanner does: under `standard_conforming_strings` a backslash is special in the E'' form only. */
function readLiteral(literal: string): { readonly value: string; readonly rest: string } {
  const isEscape = literal.startsWith("E'");
  let value = '';
  let at = isEscape ? 2 : 1;
  for (;;) {
    const character = literal[at];
    if (character === undefined) throw new Error('the literal does not end');
    if (character === "'" && literal[at + 1] !== "'") return { value, rest: literal.slice(at + 1) };
    const isDoubled = character === "'" || (isEscape && character === '\\');
    value += isDoubled ? (literal[at + 1] ?? '') : character;
    at += isDoubled ? 2 : 1;
  }
}

describe('quoteLiteral', () => {
  it('is read back as the same text, and nothing of the text is left over to be run', () => {
    fc.assert(
      fc.property(text, (original) => {
        expect(readLiteral(quoteLiteral(original))).toEqual({ value: original, rest: '' });
      }),
    );
  });

  it('has no backslash outside the E form, so that standard_conforming_strings does not matter', () => {
    fc.assert(fc.property(text, (original) => !quoteLiteral(original).startsWith("'") || !original.includes('\\')));
  });
});

describe('quoteBody', () => {
  it('ends where it should, whatever the body holds', () => {
    fc.assert(
      fc.property(text, (body) => {
        const quoted = quoteBody(body);
        const tag = /^\$partitiond(_\d+)?\$/.exec(quoted)?.[0] ?? '';
        expect(quoted.indexOf(tag, tag.length)).toBe(quoted.length - tag.length);
        expect(quoted.slice(tag.length, -tag.length)).toBe(body);
      }),
    );
  });
});

describe('renderScript', () => {
  it('never lets a reason out of its comment', () => {
    fc.assert(
      fc.property(text, (reason) => {
        const step = dropGuard({ reason });
        const lines = renderScript(step, renderStep(step, 180000)).flatMap((line) => line.split(/[\r\n]/));
        expect(lines.filter((line) => !line.startsWith('--'))).toEqual([
          'BEGIN;',
          'ALTER TABLE public.revenues_default DROP CONSTRAINT partitiond_guard_1;',
          'COMMIT;',
          '',
        ]);
      }),
    );
  });
});
