import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addSpan, calendarFloor, calendarNext, formatInstant, wallClock } from '../../src/partition/calendar.ts';
import type { CalendarInterval, IntervalUnit } from '../../src/partition/interval.ts';
import { calendarInterval, instant, zone, zones } from '../property/partition/arbitraries.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

/** PostgreSQL is the oracle: what it says about clocks and calendars is compared with calendar.ts. */

const microsOf = (sql: string): string => `(extract(epoch FROM ${sql}) * 1000000)::bigint::text`;
const timestampOf = (sql: string): string => `(timestamptz 'epoch' + ${sql}::bigint * interval '1 microsecond')`;
const day = 86_400_000_000n;
const minute = 60_000_000n;

async function withDatabase(body: (database: TestDatabase) => Promise<void>): Promise<void> {
  await using database = await createDatabase();
  await database.query(`SET TimeZone = 'UTC'`);
  await body(database);
}

/** Instants (to the day before) at which PostgreSQL sees a zone change its offset, 1970 to 2060. */
async function changesOf(database: TestDatabase, zoneName: string): Promise<readonly bigint[]> {
  const rows = await database.query<{ before: string }>(
    `WITH clock AS MATERIALIZED (
       SELECT t, (t AT TIME ZONE $1) - (t AT TIME ZONE 'UTC') AS zone_offset
       FROM generate_series(timestamptz '1970-01-02 UTC', timestamptz '2060-01-01 UTC', interval '24 hours') AS t
     ), following AS (SELECT t, zone_offset, lead(zone_offset) OVER (ORDER BY t) AS next_offset FROM clock)
     SELECT ${microsOf('t')} AS before FROM following WHERE zone_offset <> next_offset`,
    [zoneName],
  );
  return rows.map((row) => BigInt(row.before));
}

/** What PostgreSQL says the zone's clock shows in every minute from `from` to `to`, in seconds since 1970 on that clock. */
async function clockOf(database: TestDatabase, zoneName: string, from: bigint, to: bigint): Promise<readonly number[]> {
  const [row] = await database.query<{ walls: readonly string[] }>(
    `SELECT array_agg(extract(epoch FROM t AT TIME ZONE $1)::bigint::text ORDER BY t) AS walls
     FROM generate_series(${timestampOf('$2')}, ${timestampOf('$3')}, interval '1 minute') AS t`,
    [zoneName, String(from), String(to)],
  );
  return (row?.walls ?? []).map(Number);
}

/**
 * The boundaries by definition, minute by minute: where the clock first shows a new period (later returns of the same one do not count), and
 * for sub-day intervals also wherever it shows a whole multiple. Only those from `start` on; the minutes before it show what is not new.
 */
function boundariesOf(walls: readonly number[], from: bigint, start: bigint, interval: CalendarInterval): readonly bigint[] {
  const isSubDay = interval.unit === 'minute' || interval.unit === 'hour';
  const width = interval.count * (interval.unit === 'minute' ? 60 : 3600);
  const seen = new Set<number>();
  return walls.flatMap((wall, index) => {
    const at = from + BigInt(index) * minute;
    const period = periodOf(wall, isSubDay ? { kind: 'calendar', count: 1, unit: 'day' } : interval);
    const isBoundary = (!seen.has(period) && index > 0) || (isSubDay && wall % width === 0);
    seen.add(period);
    return isBoundary && at >= start ? [at] : [];
  });
}

function periodOf(wall: number, { count, unit }: CalendarInterval): number {
  const days = Math.floor(wall / 86_400);
  const date = new Date(wall * 1000);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth();
  if (unit === 'day') return Math.floor(days / count);
  if (unit === 'week') return Math.floor((days - 4) / (7 * count));
  return Math.floor(months / (count * (unit === 'month' ? 1 : unit === 'quarter' ? 3 : 12)));
}

describe('boundaries beside the clocks of PostgreSQL', () => {
  it.each(zones)('are the same around changes of the clock in %s', async (zoneName) => {
    await withDatabase(async (database) => {
      const changes = await changesOf(database, zoneName);
      const starts = changes.length === 0 ? [0n, 951_782_400_000_000n] : fc.sample(fc.constantFrom(...changes), 3);
      const intervals: readonly CalendarInterval[] = [
        { kind: 'calendar', count: 1, unit: 'day' },
        { kind: 'calendar', count: 1, unit: 'hour' },
        { kind: 'calendar', count: 6, unit: 'hour' },
        { kind: 'calendar', count: 30, unit: 'minute' },
        { kind: 'calendar', count: 45, unit: 'minute' },
        { kind: 'calendar', count: 3, unit: 'day' },
        { kind: 'calendar', count: 1, unit: 'week' },
        { kind: 'calendar', count: 1, unit: 'month' },
      ];
      for (const change of starts) {
        const [from, start, to] = [change - 3n * day, change - day, change + 3n * day];
        const walls = await clockOf(database, zoneName, from, to);
        for (const interval of intervals) {
          const found: bigint[] = [];
          for (let t = calendarNext(interval, zoneName, start - 1n); t <= to; t = calendarNext(interval, zoneName, t)) found.push(t);
          const expected = boundariesOf(walls, from, start, interval);
          expect(found.map(formatInstant), `${interval.count} ${interval.unit} from ${formatInstant(start)}`).toEqual(
            expected.map(formatInstant),
          );
        }
      }
    });
  });
});

describe('floors beside date_trunc and date_bin', () => {
  const units: readonly IntervalUnit[] = ['hour', 'day', 'week', 'month', 'quarter', 'year'];

  it('are what date_trunc says wherever the clocks do not change near the boundary', async () => {
    await withDatabase(async (database) => {
      const asks = fc.sample(fc.tuple(fc.constantFrom(...units), zone, instant), 6000);
      const rows = await database.query<{ floor: string }>(
        `SELECT ${microsOf(`date_trunc(unit, ${timestampOf('t')}, zone)`)} AS floor
         FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS ask (unit, zone, t, n) ORDER BY n`,
        [asks.map(([unit]) => unit), asks.map(([, name]) => name), asks.map(([, , t]) => String(t))],
      );
      let compared = 0;
      for (const [index, [unit, name, t]] of asks.entries()) {
        const expected = BigInt(rows[index]?.floor ?? '');
        const offset = (at: bigint): bigint => wallClock(at, name) - at;
        // date_trunc is off where midnight happens twice or never, and where a change falls into the hour.
        if (offset(expected - day) !== offset(expected + day) || offset(t - day) !== offset(t + day)) continue;
        compared += 1;
        const found = calendarFloor({ kind: 'calendar', count: 1, unit }, name, t);
        expect(formatInstant(found), `${unit} ${name} ${formatInstant(t)}`).toBe(formatInstant(expected));
      }
      expect(compared).toBeGreaterThan(5000);
    });
  });

  it('are what date_bin says for intervals that do not divide the day', async () => {
    await withDatabase(async (database) => {
      const asks = fc
        .sample(fc.tuple(calendarInterval, zone, instant), 20_000)
        .map(([interval, name, t]) => ({ interval, name, t, minutes: BigInt(interval.count) * (interval.unit === 'minute' ? 1n : 60n) }))
        .filter(({ interval, minutes }) => (interval.unit === 'minute' || interval.unit === 'hour') && 1440n % minutes !== 0n);
      const rows = await database.query<{ floor: string }>(
        `SELECT ${microsOf(`date_bin(minutes::int * interval '1 minute', ${timestampOf('t')}, timestamptz 'epoch')`)} AS floor
         FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS ask (minutes, t, n) ORDER BY n`,
        [asks.map(({ minutes }) => String(minutes)), asks.map(({ t }) => String(t))],
      );
      expect(asks.length).toBeGreaterThan(300);
      for (const [index, { interval, name, t }] of asks.entries()) {
        expect(calendarFloor(interval, name, t)).toBe(BigInt(rows[index]?.floor ?? ''));
      }
    });
  });
});

describe('spans beside interval arithmetic', () => {
  it('end at the same time on the clock', async () => {
    await withDatabase(async (database) => {
      const asks = fc.sample(
        fc.tuple(
          zone,
          instant,
          fc.integer({ min: 0, max: 400 }),
          fc.integer({ min: 0, max: 400 }),
          fc.constantFrom(1 as const, -1 as const),
        ),
        4000,
      );
      const rows = await database.query<{ end: string }>(
        `SELECT ${microsOf(`(((${timestampOf('t')} AT TIME ZONE zone) + sign * months * interval '1 month' + sign * days * interval '1 day') AT TIME ZONE zone)`)} AS end
         FROM unnest($1::text[], $2::text[], $3::int[], $4::int[], $5::int[]) WITH ORDINALITY AS ask (zone, t, months, days, sign, n) ORDER BY n`,
        [0, 1, 2, 3, 4].map((column) => asks.map((ask) => (column === 1 ? String(ask[1]) : ask[column]))),
      );
      let equal = 0;
      for (const [index, [name, t, months, days, sign]] of asks.entries()) {
        const end = addSpan(t, { kind: 'calendar', months, days, micros: 0n }, name, sign);
        const expected = BigInt(rows[index]?.end ?? '');
        if (end === expected) equal += 1;
        // Where the clock shows that time twice, PostgreSQL takes the second occurrence and addSpan the first.
        else expect(wallClock(end, name)).toBe(wallClock(expected, name));
      }
      expect(equal).toBeGreaterThan(3900);
    });
  });
});
