import { describe, expect, it } from 'vitest';
import { parseInstant } from '../../../src/partition/calendar.ts';
import { byteLength } from '../../../src/partition/identifier.ts';
import { parseInterval } from '../../../src/partition/interval.ts';
import { checkTemplate, defaultTemplate } from '../../../src/partition/name-template.ts';
import { defaultPartitionName, partitionName } from '../../../src/partition/partition-name.ts';
import { MAXVALUE, MINVALUE } from '../../../src/partition/position.ts';
import { codecOf } from './key-support.ts';

const at = (text: string): bigint => parseInstant(text, 'UTC');
const instants = codecOf('timestamp with time zone');
const march = { from: at('2025-03-01'), to: at('2025-04-01') };

describe('partitionName', () => {
  it.each([
    ['1 minute', 'UTC', '2025-03-10T04:05:00Z', 't_2025_03_10_0405'],
    ['1 hour', 'Asia/Kathmandu', '2025-03-10T00:15:00Z', 't_2025_03_10_06'],
    ['1 day', 'Europe/Paris', '2025-03-09T23:00:00Z', 't_2025_03_10'],
    ['1 week', 'UTC', '2024-12-30T00:00:00Z', 't_2025_w01'],
    ['1 month', 'UTC', '2025-03-01T00:00:00Z', 't_2025_03'],
    ['1 quarter', 'UTC', '2025-10-01T00:00:00Z', 't_2025_q4'],
    ['1 year', 'UTC', '+012025-01-01T00:00:00Z', 't_12025'],
    ['1 year', 'UTC', '-000043-01-01T00:00:00Z', 't_0044bc'],
  ])('names a partition of %s in %s from %s', (interval, zone, from, name) => {
    const codec = codecOf('timestamp with time zone', { kind: 'auto' }, zone);
    expect(partitionName(defaultTemplate(parseInterval(interval)), 't', codec, { from: at(from), to: MAXVALUE })).toBe(name);
  });

  it('names partitions of numbers by their bounds', () => {
    const codec = codecOf('numeric', { kind: 'auto' }, 'UTC', 2);
    expect(partitionName('{table}_{from}_{to}', 't', codec, { from: -500n, to: 150n })).toBe('t_m5_00_1_50');
    expect(partitionName('{table}_{from}_{to}', 't', codec, { from: MINVALUE, to: MAXVALUE })).toBe('t_minvalue_maxvalue');
    expect(partitionName(defaultTemplate(parseInterval(1000)), 't', codecOf('bigint'), { from: 2000n, to: 3000n })).toBe('t_2000');
  });

  it('writes bounds of time without punctuation', () => {
    const range = { from: at('2025-03-01'), to: at('2025-03-01T09:30:00.5Z') };
    expect(partitionName('{table}_{from}_{to}', 't', instants, range)).toBe('t_20250301_20250301_093000_5'.replace('_5', '5'));
    expect(partitionName('{table}_{from}', 't', instants, { from: at('-000043-01-01'), to: MAXVALUE })).toBe('t_m0000430101');
    expect(partitionName('{table}_{from}', 't', instants, { from: at('+010000-01-01'), to: MAXVALUE })).toBe('t_0100000101');
  });

  it('knows every token', () => {
    const all = '{yyyy}.{yy}.{mm}.{dd}.{hh}.{mi}.{gggg}.{ww}.{q}';
    expect(partitionName(all, 't', instants, march)).toBe('2025.25.03.01.00.00.2025.09.1');
    expect(partitionName('{yy}', 't', instants, { from: at('-000043-01-01'), to: MAXVALUE })).toBe('57');
  });

  it('takes the calendar from the upper bound when the lower one is open', () => {
    expect(partitionName('{table}_{yyyy}_{mm}', 't', instants, { from: MINVALUE, to: march.to })).toBe('t_2025_03');
    expect(partitionName('{table}_{yyyy}_{mm}', 't', instants, { from: MINVALUE, to: MAXVALUE })).toBe('t_1970_01');
  });

  it('cuts the table part only, between characters', () => {
    const long = 'ü'.repeat(31);
    const name = partitionName('{table}_{yyyy}_{mm}', long, instants, march);
    expect(name).toBe(`${'ü'.repeat(27)}_2025_03`);
    expect(byteLength(name)).toBeLessThanOrEqual(63);
    expect(partitionName('{table}_{yyyy}_{mm}_{table}', long, instants, march)).toBe(`${'ü'.repeat(13)}_2025_03_${'ü'.repeat(13)}`);
  });

  it('leaves the text of an unknown token as it is', () => {
    expect(partitionName('{table}_{what}', 't', instants, march)).toBe('t_{what}');
  });

  it('never makes a name of more than 63 bytes', () => {
    expect(partitionName('x'.repeat(80), 't', instants, march)).toBe('x'.repeat(63));
    expect(partitionName('x'.repeat(80), 't', instants, march, 12)).toBe(`${'x'.repeat(60)}_12`);
  });
});

describe('names that are taken', () => {
  it('get a number, and keep their date whole', () => {
    const nameOf = (ordinal: number): string => partitionName('{table}_{yyyy}_{mm}', 'a'.repeat(63), instants, march, ordinal);
    expect([1, 2, 10].map(nameOf)).toEqual([`${'a'.repeat(55)}_2025_03`, `${'a'.repeat(53)}_2025_03_2`, `${'a'.repeat(52)}_2025_03_10`]);
  });

  it('end with _default for the default partition', () => {
    expect(defaultPartitionName('revenues')).toBe('revenues_default');
    expect(defaultPartitionName('a'.repeat(63))).toBe(`${'a'.repeat(55)}_default`);
  });
});

describe('checkTemplate', () => {
  it.each([
    ['{table}_{yyyy}_{mm}', '1 month'],
    ['{table}_{yyyy}{mm}{dd}', '1 month'],
    ['p{yy}_{mm}_{table}', '2 months'],
    ['{table}_{yyyy}_q{q}', '1 quarter'],
    ['{table}_{yyyy}_q{q}', '6 months'],
    ['{table}_{yyyy}', '12 months'],
    ['{table}_{yyyy}', '4 quarters'],
    ['{table}_{yyyy}', '10 years'],
    ['{table}_{yyyy}', '18 months'],
    ['{table}_{yyyy}_q{q}', '4 months'],
    ['{table}_{gggg}', '2 years'],
    ['{table}_{gggg}_{ww}', '1 week'],
    ['{table}_{gggg}_{ww}', '7 days'],
    ['{table}_{gggg}_{ww}', '1 month'],
    ['{table}_{yyyy}_{mm}_{dd}', '1 week'],
    ['{table}_{yyyy}_{mm}', '31 days'],
    ['{table}_{yyyy}_{mm}_{dd}', '24 hours'],
    ['{table}_{yyyy}_{mm}_{dd}_{hh}', '60 minutes'],
    ['{table}_{yyyy}_{mm}_{dd}_{hh}{mi}', '1 minute'],
    ['{table}_{from}', '1 minute'],
    ['{to}', '5 years'],
    ['{table}_{from}', '1000'],
    ['{table}_{to}', '1000'],
    ['only_{yyyy}_{mm}', '1 month'],
  ])('accepts %s for %s', (template, interval) => {
    expect(checkTemplate(template, parseInterval(interval))).toBeNull();
  });

  it('accepts its own defaults', () => {
    for (const text of [
      '1 minute',
      '7 minutes',
      '1 hour',
      '5 hours',
      '1 day',
      '10 days',
      '1 week',
      '1 month',
      '1 quarter',
      '1 year',
      '1',
    ]) {
      const interval = parseInterval(text);
      expect(checkTemplate(defaultTemplate(interval), interval), text).toBeNull();
    }
  });

  it.each([
    ['{table}', '1 month', 'the same name; use tokens that tell them apart, as in "{table}_{yyyy}_{mm}"'],
    ['{table}_{yyyy}', '1 month', 'the same name'],
    ['{table}_{mm}', '1 month', 'the same name'],
    ['{table}_{q}', '1 quarter', 'the same name'],
    ['{table}_{yyyy}_q{q}', '1 month', 'the same name'],
    ['{table}_{yyyy}_{ww}', '1 week', 'an ISO week belongs to the ISO year {gggg}; use tokens'],
    ['{table}_{yyyy}_{mm}', '1 week', 'the same name'],
    ['{table}_{gggg}_{ww}', '1 day', 'the same name'],
    ['{table}_{gggg}_{mm}_{dd}', '1 day', 'the same name'],
    ['{table}_{gggg}', '1 year', 'the same name'],
    ['{table}_{yyyy}_{mm}_{dd}', '12 hours', 'the same name'],
    ['{table}_{yyyy}_{mm}_{dd}_{hh}', '30 minutes', 'the same name'],
    ['{table}_{yyyy}_{mm}', '1000', 'have no calendar; use {from}, as in "{table}_{from}"'],
    ['{table}_{yyyy}_{from}', '1000', 'have no calendar'],
    ['{table}', '1000', 'use {from}'],
    ['{table}_{YYYY}', '1 year', 'unknown token {YYYY}; did you mean {yyyy}?'],
    ['{table}_{month}', '1 month', 'unknown token {month}; the tokens are {table} {yyyy}'],
    ['{table}_{}', '1 month', 'unknown token {}'],
    ['{table}_{toString}', '1 month', 'unknown token {toString}'],
    ['{table_{yyyy}', '1 year', 'a brace without its partner'],
    ['{table}_yyyy}', '1 year', 'a brace without its partner'],
    ['{table}\0', '1 year', 'a null character'],
    [`{table}_{yyyy}_${'ü'.repeat(30)}`, '1 year', 'more than 63 bytes'],
  ])('refuses %j for %s', (template, interval, complaint) => {
    expect(checkTemplate(template, parseInterval(interval))).toContain(complaint);
  });
});
