import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableStatus } from '../../../src/reconcile/status.ts';
import type { ServedStatus } from '../../../src/service/http/status-reader.ts';
import { renderPage } from '../../../src/service/page/render-page.ts';
import { chooseRows, type Row } from '../../../src/service/page/render-partitions.ts';
import {
  countedRows,
  formatBytes,
  formatDuration,
  formatMilliseconds,
  formatMoment,
  formatRows,
  formatWidth,
} from '../../../src/service/page/text/amounts.ts';
import { anchorOf } from '../../../src/service/page/text/anchor.ts';
import { visibleText } from '../../../src/service/page/text/visible-text.ts';
import { dailyPartitions, partitionStatus, probe, sampleStatuses, servedStatus, tableStatus } from '../../support/served-status.ts';

function render(...statuses: readonly ServedStatus[]): string {
  return renderAged(statuses, null);
}

function renderAged(statuses: readonly ServedStatus[], ageMs: number | null): string {
  const page = renderPage({ statuses, ageMs }, '1.0.0');
  if (page instanceof Promise) throw new Error('A template was given a promise.');
  return page.toString();
}

/** A status in which every text that a database or the configuration could choose is `text`. */
function spoken(text: string): ServedStatus {
  const partitions = (['attached', 'default', 'detached', 'foreign', 'unreadable', 'detach-pending'] as const).map((state) =>
    partitionStatus({ partition: text, state, from: text, to: text, isCurrent: state === 'attached' }),
  );
  const table = tableStatus({
    table: text,
    error: text,
    interval: text,
    partitions,
    coverageEnd: text,
    position: text,
    retentionCutoff: text,
    gaps: [{ from: text, to: text }],
    findings: [{ kind: 'gap', severity: 'error', message: text, partition: text }],
    probes: [probe({ probe: text, outcome: 'failed', problems: [text] })],
    inProgress: [{ partition: text, command: 'vacuum', phase: text, done: 1, total: 3 }],
  });
  return servedStatus([table], {
    database: text,
    error: text,
    paused: { reason: text, by: text, at: text },
    leader: { holder: text, epoch: '1', since: text },
  });
}

/** Each element of a page, with the names of its attributes. */
function skeleton(html: string): readonly string[] {
  return [...html.matchAll(/<(\/?[a-z][\w-]*)((?:\s+[\w-]+(?:="[^"]*")?)*)\s*\/?>/g)].map(([, tag, attributes]) =>
    [tag, ...[...(attributes ?? '').matchAll(/([\w-]+)(?:="[^"]*")?/g)].map(([, name]) => name)].join(' '),
  );
}

describe('the status page', () => {
  it('tells of probes when they ran, although the journal records no run of them, and of collections that nothing records them', () => {
    const nextRuns = (['probe', 'collect', 'index'] as const).map((task) => ({ task, at: '2026-05-17T09:31:00Z' }));
    const tables = [
      tableStatus({ probes: [probe({ ranAt: '2026-05-17T09:29:00Z' }), probe({ probe: 'b', ranAt: '2026-05-17T09:25:00Z' })] }),
      tableStatus({ table: 'public.other' }),
    ];
    const lastRun = (task: string): string | undefined =>
      new RegExp(`<th scope="row">${task}</th><td>(.*?)</td>`).exec(render(servedStatus(tables, { nextRuns })))?.[1];
    expect(lastRun('probe')).toBe('2026-05-17 09:29 <small>1 min ago</small>');
    expect(lastRun('collect')).toBe('not recorded');
    expect(lastRun('index')).toBe('never');
  });

  it('has the same elements and attributes, whatever the names are', () => {
    const plain = skeleton(render(spoken('plain')));
    expect(plain.length).toBeGreaterThan(100);
    for (const text of [
      '<script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      "' onfocus='alert(1)",
      '</title></svg><script>',
      '&lt;b&gt;',
      '${x}',
    ]) {
      const html = render(spoken(text));
      expect(skeleton(html), text).toEqual(plain);
      if (text.includes('<')) expect(html).not.toContain(text);
    }
  });

  it('lets no text break out of its place', () => {
    const plain = skeleton(render(spoken('plain')));
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        expect(skeleton(render(spoken(text)))).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  it('writes out what cannot be seen or turns the direction of what follows', () => {
    const html = render(spoken('a\u202Eb\u0007c\nd\u2066'));
    expect(html).not.toMatch(/[\u202e\u0007\u2066]/);
    expect(html).toContain('a\\u202eb\\u0007c\\nd\\u2066');
    expect(visibleText('עברית 日本 é 👩‍💻')).toBe('עברית 日本 é 👩‍💻');
    expect(visibleText('half \ud800')).toBe('half \\ud800');
  });

  it('needs neither a style nor a script of its own, nor anybody else', () => {
    const html = render(...sampleStatuses());
    expect(html).not.toMatch(/\sstyle=|<style|\son\w+=/);
    expect(html.match(/<script[^>]*>/g)).toEqual(['<script src="page.js">']);
    const targets = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to ?? '');
    expect(targets.filter((to) => /^data:|^[a-z]+:|^\/\//.test(to))).toEqual(['data:,']);
  });

  it('refers to everything from where it is itself, which may be behind a prefix of a proxy', () => {
    const targets = [...render(...sampleStatuses()).matchAll(/(?:src|href)="([^"]*)"/g)].map(([, to]) => to ?? '');
    const reached = targets.map((to) => new URL(to, 'http://proxy/partitions/').href);
    expect(reached.filter((to) => !/^http:\/\/proxy\/partitions\/|^data:,$/.test(to))).toEqual([]);
  });

  it('has each id once, and an element for each link within it', () => {
    const html = render(...sampleStatuses());
    const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(ids.length).toBe(new Set(ids).size);
    for (const [, target] of html.matchAll(/(?:href="#|fill="url\(#|aria-labelledby=")([^"]+?)\)?"/g)) expect(ids).toContain(target);
    expect(anchorOf('a', 'b:c')).not.toBe(anchorOf('a:b', 'c'));
  });

  it('has one h1 and no heading out of order, and names every table and picture', () => {
    const html = render(...sampleStatuses());
    const levels = [...html.matchAll(/<h([1-6])/g)].map(([, level]) => Number(level));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [index, level] of levels.entries()) expect(level - (levels[index - 1] ?? 0)).toBeLessThanOrEqual(1);
    expect(html.match(/<table/g)?.length).toBe(html.match(/<caption>/g)?.length);
    for (const [picture] of html.matchAll(/<svg[^>]*>/g)) expect(picture).toMatch(/role="img".* aria-label="|aria-hidden="true"/);
    expect(html.match(/<th(?![^>]*scope=)(?!ead)[^>]*>/g)).toBeNull();
  });

  it('says what a reader asks first', () => {
    const text = render(...sampleStatuses())
      .replaceAll(/<\/?(?:bdi|time|code)[^>]*>/g, '')
      .replaceAll(/<[^>]+>/g, ' ')
      .replaceAll(/\s+/g, ' ');
    for (const said of [
      '2 databases, 6 tables, 7 problems',
      'leading paused Last to take the lead: partitiond:run db-1/4711, epoch 7',
      'Paused by anna since 2026-05-17 08:00 UTC: load test',
      'must not lead: standby',
      'Not read: connect ECONNREFUSED 10.0.0.7:5432',
      'retention 2026-05-17 09:14 16 min ago failed 4.0 s 2026-05-18 02:00 in 16 h 30 min',
      'Runway 1 year 44 days until 2027-07-01',
      'Kept from 2023-05-17',
      'yearly-report missed 18 of 18 5 <1 ms 12 ms',
      'vacuum scanning heap 41%',
      'No partition takes these keys 2024-07-01 to 2024-10-01',
      'Not read: relation &quot;public.gone&quot; does not exist',
      'at least 3,000,000,000,000 keys',
    ])
      expect(text.replaceAll('&lt;', '<')).toContain(said);
  });

  it('tells coverage without an end from none', () => {
    const textOf = (table: TableStatus): string =>
      render(servedStatus([table]))
        .replaceAll(/<[^>]+>/g, ' ')
        .replaceAll(/\s+/g, ' ');
    const range = { from: '2026-05-17T00:00:00Z', to: 'MAXVALUE' };
    const endless = textOf(tableStatus({ partitions: [partitionStatus({ ...range, isCurrent: true })] }));
    expect(endless).toContain('1 day no end no end 0 ok');
    expect(endless).toContain('Runway no end Kept');
    const outage = textOf(tableStatus({ partitions: [partitionStatus({ ...range, from: '2026-05-18T00:00:00Z' })] }));
    expect(outage).toContain('1 day not covered none 0 ok');
    expect(outage).toContain('Runway none now is not covered');
    const keys = { axis: 'integer', partitions: [partitionStatus({ from: '0', to: '10' })] } as const;
    expect(textOf(tableStatus({ ...keys, position: '12' }))).toContain('Runway none the newest key is not covered');
    expect(textOf(tableStatus({ ...keys, position: null }))).toContain('Runway none new keys are not covered');
    const broken = textOf(tableStatus({ error: 'gone', axis: null, position: null }));
    expect(broken).toContain('1 day – – 0 not read');
    expect(endless + broken).not.toContain('not covered');
  });

  it('speaks of keys where there is no time', () => {
    const partitions = [partitionStatus({ from: '0', to: '1000', isCurrent: true, estimatedRows: 1 })];
    const table = tableStatus({ axis: 'integer', interval: '1000', partitions, position: '999', coverageEnd: '1000', estimatedRows: 1 });
    const html = render(servedStatus([table]));
    expect(html).toMatch(/<text class="now"[^>]* text-anchor="end">newest key<\/text>/);
    expect(html).toContain('1,000 keys');
    expect(html).toContain('<dd>1 key ');
    expect(html).toContain('1 row, 1 MB</title>');
    expect(html).not.toMatch(/\b1 (?:rows|keys)\b/);
  });

  it('lists gaps, and says under the timeline and above the list how much of it is there', () => {
    const [partition] = dailyPartitions('public.t', 0, 0);
    const gaps = [{ from: '2024-07-01T00:00:00Z', to: '2024-10-01T00:00:00Z' }];
    const few = render(servedStatus([tableStatus({ partitions: partition === undefined ? [] : [partition], gaps })]));
    expect(few).toContain(
      '<th scope="row">no partition</th><td>gap</td><td class="short">2024-07-01</td><td class="short">2024-10-01</td>',
    );
    expect(few).toContain('1 gap. All are in the list below.');
    expect(few).toContain('data-hidden="0"><summary>1 partition and 1 gap</summary>');
    const many = render(servedStatus([tableStatus({ partitions: dailyPartitions('public.t', 995, 4), gaps })]));
    expect(many).toContain('1 gap. The list below has 200 of them.');
    expect(many).toContain('data-hidden="801"><summary>1,000 partitions and 1 gap, 200 of them here</summary>');
    expect(many).toContain('801 partitions more are not on this page.');
  });

  it('stays small with 10,000 partitions in one table or in fifty', () => {
    const one = servedStatus([tableStatus({ partitions: dailyPartitions('public.t', 9_995, 4) })]);
    const many = servedStatus(
      Array.from({ length: 50 }, (_, index) =>
        tableStatus({ table: `public.t${index}`, partitions: dailyPartitions(`public.t${index}`, 195, 4) }),
      ),
    );
    for (const status of [one, many]) {
      const html = render(status);
      expect(gzipSync(html).length).toBeLessThan(300_000);
      expect(html.match(/<rect class="bar/g)?.length).toBeLessThan(7_000);
    }
    expect(render(one).match(/<tr data-row/g)?.length).toBe(201);
    expect(render(one)).toContain('"api/v1/partitions?database=app&amp;table=public.events&amp;limit=10000"');
  });

  it('says how old it is while a newer reading is under way', () => {
    expect(renderAged([], 31_000)).toContain('<strong id="renewing">31 s old; a newer reading is under way.</strong>');
    expect(render()).not.toContain('renewing');
  });

  it('is a page also without a database', () => {
    expect(render()).toContain('0 databases, 0 tables, 0 problems');
  });
});

function nameOf(row: Row): string {
  return 'partition' in row ? row.partition : `gap from ${row.from}`;
}

describe('the rows of a table of partitions', () => {
  it('are the current one, the special ones, and those nearest to now', () => {
    const days = dailyPartitions('t', 500, 4);
    const rest = partitionStatus({ partition: 'rest', state: 'default' });
    const gaps = [2001, 2002].map((year) => ({ from: `${year}-01-01`, to: `${year}-02-01` }));
    const around = [502, 501, 499, 498, 497].map((index) => days[index]?.partition);
    expect(chooseRows({ partitions: [...days, rest], gaps }, 9).map(nameOf)).toEqual([
      days[500]?.partition,
      'rest',
      'gap from 2002-01-01',
      'gap from 2001-01-01',
      ...around,
    ]);
  });

  it('are never more than asked for', () => {
    const odd = Array.from({ length: 30 }, (_, index) => partitionStatus({ partition: `d${index}`, state: 'detached' }));
    expect(chooseRows({ partitions: odd, gaps: [] }, 10)).toHaveLength(10);
  });

  it('are gaps in one half at most', () => {
    const gaps = Array.from({ length: 30 }, (_, index) => ({ from: String(index), to: String(index + 1) }));
    const chosen = chooseRows({ partitions: dailyPartitions('t', 500, 4), gaps }, 10);
    expect(chosen.filter((row) => !('partition' in row))).toHaveLength(5);
    expect(chosen).toHaveLength(10);
  });
});

describe('amounts', () => {
  it.each([
    [formatBytes(0), '0 B'],
    [formatBytes(8_192), '8 kB'],
    [formatBytes(1_048_575), '1.0 MB'],
    [formatBytes(1.5 * 1_024 ** 3), '1.5 GB'],
    [formatRows(-1), 'not analysed'],
    [formatRows(1_234_567), '1,234,567'],
    [countedRows(-1), 'not analysed'],
    [countedRows(1), '1 row'],
    [formatWidth('1'), '1 key'],
    [formatWidth('1000000'), '1,000,000 keys'],
    [formatWidth('1 month'), '1 month'],
    [formatDuration(0), '0 s'],
    [formatDuration(59), '59 s'],
    [formatDuration(3_600), '1 h'],
    [formatDuration(86_400 * 3 + 3_600 * 5 + 59), '3 days 5 h'],
    [formatDuration(-61), '1 min 1 s'],
    [formatMilliseconds(null), '–'],
    [formatMilliseconds(0.4), '<1 ms'],
    [formatMilliseconds(1_240), '1.24 s'],
    [formatMoment('2026-04-01T00:00:00Z'), '2026-04-01'],
    [formatMoment('2026-04-01T13:30:00'), '2026-04-01 13:30'],
    [formatMoment('MINVALUE'), 'MINVALUE'],
    [formatMoment('-1000000'), '-1,000,000'],
  ])('%#: %s', (text, expected) => {
    expect(text).toBe(expected);
  });
});
