import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import type { JsonValue } from '../../../src/config/format/format.ts';
import { configurationJsonSchema } from '../../../src/config/page/json-schema.ts';
import type { MigrationPolicy } from '../../../src/partition/migration/policy.ts';
import { defaultMigration } from '../../../src/plan/migration/regrain/default-policy.ts';
import { migrationPolicy } from '../../support/migrate/policy.ts';
import { accepts } from './mini-json-schema.ts';
import { parse, problemsOf, tableOf, withTable } from './support.ts';

const schema = configurationJsonSchema();

function written(keys: string): string {
  return withTable(`interval: 1 day, migration: ${keys}`);
}

function isAccepted(text: string): boolean {
  const value: JsonValue = parseYaml(text);
  return accepts(schema, value);
}

/** Read by the parser, and accepted by the schema as well. */
function migrationOf(keys: string): MigrationPolicy | null {
  expect(isAccepted(written(keys))).toBe(true);
  return tableOf(parse(written(keys))).migration;
}

function messagesOf(keys: string): string {
  return problemsOf(written(keys))
    .map(({ path, message }) => `${path}: ${message}`)
    .join('\n');
}

describe('migration', () => {
  it('is none unless it is written', () => {
    expect(tableOf(parse(withTable('interval: 1 day'))).migration).toBeNull();
    expect(migrationOf('null')).toBeNull();
    expect(migrationOf('false')).toBeNull();
  });

  it('has defaults for all but the partition key, which are also those of the tests', () => {
    expect(migrationOf('{ partitionKey: occurred_at }')).toEqual(migrationPolicy());
  });

  it('has the defaults by which partitions are re-grained where it is not written, but that nothing is left to choose', () => {
    expect(defaultMigration('occurred_at')).toEqual({ ...migrationOf('{ partitionKey: occurred_at }'), strategy: 'copy' });
  });

  it('reads every key', () => {
    const text = `
databases:
  - name: app
    url: postgres://h/db
    tables:
      - table: public.revenues
        interval: 1 quarter
        migration:
          partitionKey: '"Occurred at"'
          strategy: copy
          capture: dual
          copy: { workers: 4, batchTime: 1s, pace: 0, maxBacklog: 5000, diskFree: 500 GiB }
          window: [{ days: fri-mon, from: "22:00", to: "06:00" }, { from: 00:00, to: 24:00, days: [wed, "mon , wed"] }]
          brakes: { replicaLag: 30s, slotWal: 64 MB, commitLatencyFactor: 3.5 }
          verify: { eachBatch: counts, maxAge: 2h }
          switch: { maxLock: 300ms, drain: 100ms, deadline: 1m, window: [{ from: "03:30", to: "04:00" }], oldSnapshots: ignore }
          readSchemas: { old: blue, new: green }
          runner: cli
          keepOld: 1 month
          waive: [publication, dual-errors, publication]
`;
    expect(isAccepted(text)).toBe(true);
    expect(tableOf(parse(text)).migration).toEqual({
      partitionKey: 'Occurred at',
      strategy: 'copy',
      capture: 'dual',
      copy: { workers: 4, batchTimeMs: 1000, pace: 0, maxBacklog: 5000, diskFreeBytes: 500 * 1024 ** 3 },
      window: [
        { days: [1, 5, 6, 7], fromMinute: 1320, toMinute: 360 },
        { days: [1, 3], fromMinute: 0, toMinute: 0 },
      ],
      brakes: { replicaLagMs: 30_000, slotWalBytes: 64 * 1024 ** 2, commitLatencyFactor: 3.5 },
      verify: { eachBatch: 'counts', maxAgeMs: 7_200_000 },
      switchover: {
        maxLockMs: 300,
        drainMs: 100,
        deadlineMs: 60_000,
        window: [{ days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 210, toMinute: 240 }],
        oldSnapshots: 'ignore',
      },
      readSchemas: { old: 'blue', new: 'green' },
      runner: 'cli',
      keepOld: { kind: 'calendar', months: 1, days: 0, micros: 0n },
      waive: ['dual-errors', 'publication'],
    });
  });

  it('takes one waiver without a list, and nothing as no time to keep the old table', () => {
    const policy = migrationOf('{ partitionKey: x, waive: keep-on-old, keepOld: 0, readSchemas: false, copy: null }');
    expect(policy).toEqual(
      migrationPolicy({ partitionKey: 'x', waive: ['keep-on-old'], keepOld: { kind: 'calendar', months: 0, days: 0, micros: 0n } }),
    );
  });

  it.each([
    ['{}', 'the key partitionKey is missing'],
    ['true', 'true is not a map'],
    ['{ partitionKey: x, strategy: atach }', 'did you mean attach?'],
    ['{ partitionKey: x, waive: [dual-error] }', 'did you mean dual-errors?'],
    ['{ partitionKey: x, waive: [publication, dual-error] }', 'a list of 2 cannot be used: "dual-error": did you mean dual-errors?'],
    ['{ partitionKey: x, window: { from: "01:00", to: "02:00" } }', 'is not a list'],
    ['{ partitionKey: x, window: [{ from: "01:00" }] }', 'the key to is missing'],
    ['{ partitionKey: x, window: [{ from: "1:00", to: "25:00" }] }', 'it is not a time of day'],
    ['{ partitionKey: x, window: [{ days: mon-fry, from: "01:00", to: "02:00" }] }', '"mon-fry" is no day of the week'],
    ['{ partitionKey: x, window: [{ days: [], from: "01:00", to: "02:00" }] }', 'no day is in it'],
    ['{ partitionKey: x, copy: 3 }', '3 is not a map'],
    ['{ partitionKey: x, copy: { pace: -1 } }', 'it is less than 0'],
    ['{ partitionKey: x, readSchemas: { old: blue } }', 'the key new is missing'],
    ['{ partitionKey: x, readSchemas: blue }', 'is not a map'],
    ['{ partitionKey: x, keepOld: never }', 'is not understood'],
    ['{ partitionKey: x, keepOld: [7 days] }', 'it is not a text'],
    ['{ partitionKey: x, switchover: {} }', 'unknown key'],
  ])('refuses, as the schema does, %s', (keys, message) => {
    expect(messagesOf(keys)).toContain(message);
    expect(isAccepted(written(keys))).toBe(false);
  });

  it.each([
    ['{ partitionKey: x, keepOld: 7 }', 'for example 7 days'],
    ['{ partitionKey: x, switch: { drain: 600ms } }', 'draining cannot take 600ms'],
    ['{ partitionKey: x, switch: { maxLock: 100ms } }', 'the locks are held for 100ms at most'],
    ['{ partitionKey: x, readSchemas: { old: blue, new: blue } }', 'both views would be blue.t'],
    ['{ partitionKey: x, readSchemas: { old: blue, new: public } }', 'the table itself has its name in public'],
  ])('refuses what a schema cannot: %s', (keys, message) => {
    expect(messagesOf(keys)).toContain(message);
  });

  it('belongs to a table, not to defaults', () => {
    expect(problemsOf(withTable('interval: 1 day', 'defaults: { migration: { partitionKey: x } }'))[0]?.message).toContain('unknown key');
  });
});
