import { duration } from '../format/duration.ts';
import { flag, wholeNumber } from '../format/number.ts';
import { probeName, probeParameters, probeSql } from '../format/probe-values.ts';
import { defaulted, type Key, optional, required, type Section, section } from './key.ts';

export type ExpectKeys = {
  readonly partitions: Key<number | null>;
  readonly planning: Key<number | null>;
  readonly execution: Key<number | null>;
};

export type ProbeKeys = {
  readonly name: Key<string>;
  readonly sql: Key<string>;
  readonly params: Key<readonly (string | null)[]>;
  readonly analyze: Key<boolean>;
  readonly timeout: Key<number>;
  readonly expect: Section<ExpectKeys>;
};

export const expectSection: Section<ExpectKeys> = section(
  'What the query may cost; at least one of these. A probe that costs more is missed.',
  {
    partitions: optional(
      wholeNumber(0, 1_000_000),
      'Partitions of the table that may be left after pruning; those that were planned but never executed do not count with `analyze`.',
      'any number',
    ),
    planning: optional(duration('1ms', '10m'), 'Time to plan it.', 'any time'),
    execution: optional(duration('1ms', '10m'), 'Time to run it, only with `analyze: true`.', 'any time'),
  },
);

export const probeSection: Section<ProbeKeys> = section('One query.', {
  name: required(probeName, 'Its name in output, logs and metrics (label `probe`); unique in its table.'),
  sql: required(
    probeSql,
    'One query, with `$1`, `$2`, ... where `params` go. It runs in a transaction that cannot write and is rolled back.',
  ),
  params: defaulted(
    probeParameters,
    [],
    'Values of `$1`, `$2`, ... in their order, which PostgreSQL reads from their text: `yesterday` is a date every day.',
  ),
  analyze: defaulted(flag, false, '`true`: the query is run (EXPLAIN ANALYZE) and not only planned.'),
  timeout: defaulted(duration('10ms', '10m'), '10s', 'The longest that planning and running may take; then the probe has failed.'),
  expect: expectSection,
});
