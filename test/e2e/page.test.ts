import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it, type TestContext } from 'vitest';
import type { ServedStatus } from '../../src/service/http/status-reader.ts';
import { readPageAssets } from '../../src/service/page/page-assets.ts';
import { renderPage } from '../../src/service/page/render-page.ts';
import { startChromium } from '../support/chromium.ts';
import { anyPorts, type Daemon, startDaemon } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';
import { policyFile } from '../support/policy-file.ts';
import { dailyPartitions, sampleStatuses, servedStatus, tableStatus } from '../support/served-status.ts';
import { waitFor } from '../support/wait-for.ts';
import { createMonthly } from './support/sample.ts';

/** Names that would be elements, attributes or another reading direction, where somebody forgot to escape. */
const hostile = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', 'a\u202Eb\u0007'];

const tables = [
  '{ table: public.events, interval: 1 month, premake: 2, retention: { keep: 2 years, action: detach } }',
  ...hostile.map((name) => `{ table: ${JSON.stringify(`public."${name.replaceAll('"', '""')}"`)}, interval: 1 month, premake: 2 }`),
  '{ table: public.holes, interval: 1000, premake: 2 }',
];

async function fill(database: TestDatabase): Promise<void> {
  await createMonthly(database, 'events', '2025-01-01', 6);
  for (const name of hostile)
    await database.query(`CREATE TABLE public."${name.replaceAll('"', '""')}" (at timestamptz NOT NULL) PARTITION BY RANGE (at)`);
  await database.query(`
    CREATE TABLE public.holes (id int8 NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE public.holes_0 PARTITION OF public.holes FOR VALUES FROM (MINVALUE) TO (1000);
    CREATE TABLE public.holes_2 PARTITION OF public.holes FOR VALUES FROM (2000) TO (3000);
    CREATE TABLE public.holes_rest PARTITION OF public.holes DEFAULT`);
}

/** A page of a daemon that has made its partitions, and all that went wrong in it. */
interface Visit {
  readonly page: Page;
  readonly daemon: Daemon;
  readonly database: TestDatabase;
  readonly troubles: readonly string[];
}

async function visit(context: TestContext, options: BrowserContextOptions, body: (visit: Visit) => Promise<void>): Promise<void> {
  const browser: Browser = await startChromium(context);
  try {
    await using database = await createDatabase();
    await fill(database);
    await database.query('INSERT INTO public.holes VALUES (2500)');
    using file = policyFile(database, tables, anyPorts);
    await using daemon = await startDaemon(file.path);
    await daemon.waitForSample('task_runs_total{database="app",task="provision",outcome="ok"}', (runs) => runs > 0);
    const browsing = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await browsing.newPage();
    const troubles: string[] = [];
    page.on('console', (message) => troubles.push(`console: ${message.text()}`));
    page.on('pageerror', (error) => troubles.push(`error: ${String(error)}`));
    page.on('dialog', (dialog) => troubles.push(`dialog: ${dialog.message()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(daemon.http) && !request.url().startsWith('data:')) troubles.push(`request: ${request.url()}`);
    });
    await page.goto(daemon.http);
    await body({ page, daemon, database, troubles });
    expect(troubles).toEqual([]);
  } finally {
    await browser.close();
  }
}

const section = (page: Page, table: string) => page.locator('section.table').filter({ has: page.locator('h3', { hasText: table }) });
const card = '#card';

describe('the status page in Chromium', () => {
  it('shows tables, timelines and figures, and takes no name for markup', (context) =>
    visit(context, {}, async ({ page }) => {
      expect(await page.title()).toMatch(/partitiond$/);
      expect(await page.locator('section.table').count()).toBe(tables.length);
      const headings = await page.locator('section.table h3 a').allTextContents();
      expect(headings).toEqual([
        'public.events',
        'public."<script>alert(1)</script>"',
        'public."""><img src=x onerror=alert(1)>"',
        'public."a\\u202eb\\u0007"',
        'public.holes',
      ]);
      expect(await page.locator('script').count()).toBe(1);
      expect(await page.locator('img').count()).toBe(0);
      const events = section(page, 'public.events');
      expect(await events.locator('.bar.past').count()).toBeGreaterThan(5);
      expect(await events.locator('.bar.current').count()).toBe(1);
      expect(await events.locator('line.now').count()).toBe(1);
      expect(await section(page, 'public.holes').locator('.bar.gap').count()).toBe(1);
      expect(await section(page, 'public.holes').locator('.bar.default').count()).toBe(1);
    }));

  it('tells of a bar under the pointer, also of one too thin to hit', (context) =>
    visit(context, {}, async ({ page }) => {
      const bar = section(page, 'public.events').locator('.bar.past').first();
      await bar.hover();
      await page.locator(card).waitFor();
      expect(await page.locator(card).innerText()).toMatch(/^public\.events_2025_01\s+Past\s+2025-01-01 to 2025-02-01/);
      const place = await bar.boundingBox();
      if (place === null) throw new Error('The bar is nowhere.');
      await section(page, 'public.events').locator('h3').hover();
      await page.locator(card).waitFor({ state: 'hidden' });
      await page.mouse.move(place.x + place.width / 2, place.y - 10);
      await page.locator(card).waitFor();
      expect(await page.locator(card).innerText()).toContain('public.events_2025_01');
    }));

  it('can be used with the keyboard alone', (context) =>
    visit(context, {}, async ({ page }) => {
      const focused = () => page.evaluate('document.activeElement.getAttribute("aria-label")');
      const stops = section(page, 'public.events').locator('.bar[tabindex="0"]');
      expect(await stops.count()).toBe(1);
      await stops.focus();
      expect(await focused()).toContain('Current');
      await page.keyboard.press('ArrowRight');
      expect(await focused()).toContain('Future');
      expect(await page.locator(card).innerText()).toContain('Future');
      await page.keyboard.press('Home');
      expect(await focused()).toMatch(/^public\.events_2025_01/);
      await page.keyboard.press('ArrowLeft');
      expect(await focused()).toMatch(/^public\.events_2025_01/);
      expect(await stops.count()).toBe(1);
      await page.keyboard.press('Escape');
      expect(await page.locator(card).isVisible()).toBe(false);
      await page.keyboard.press('/');
      await page.keyboard.type('holes');
      await section(page, 'public.events').waitFor({ state: 'hidden' });
    }));

  it('filters tables, partitions and findings, and shows problems only', (context) =>
    visit(context, {}, async ({ page }) => {
      const shown = () => page.locator('section.table:visible h3 a').allTextContents();
      await page.fill('#filter', 'holes_2');
      expect(await shown()).toEqual(['public.holes']);
      expect(await page.locator('section.table:visible .partitions tbody tr:visible').count()).toBe(1);
      expect(await page.locator('#message').innerText()).toBe(`1 of ${tables.length} tables`);
      await page.fill('#filter', '');
      expect(await shown()).toHaveLength(tables.length);
      expect(await page.locator('details[open]').count()).toBe(0);
      await page.check('#problems-only');
      expect(await shown()).toEqual(['public.holes']);
    }));

  it('refreshes itself where the reader stands', (context) =>
    visit(context, {}, async ({ page, database }) => {
      await page.clock.install();
      await page.reload();
      await page.fill('#filter', 'events');
      await section(page, 'public.events').locator('summary').click();
      await section(page, 'public.events').locator('.bar.current').focus();
      await page.evaluate('scrollTo(0, 200)');
      const before = await page.evaluate('[scrollY, document.activeElement.getAttribute("aria-label")]');
      await database.query("CREATE TABLE public.events_2030 PARTITION OF public.events FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')");
      const row = section(page, 'public.events').locator('.partitions th', { hasText: 'events_2030' });
      await waitFor(
        'the new partition',
        async () => {
          await page.clock.runFor(31_000);
          return row.count();
        },
        (count) => count === 1,
        { timeoutMs: 30_000 },
      );
      expect(await page.evaluate('[scrollY, document.activeElement.getAttribute("aria-label")]')).toEqual(before);
      expect(await row.isVisible()).toBe(true);
      expect(await page.inputValue('#filter')).toBe('events');
      expect(await section(page, 'public.holes').isVisible()).toBe(false);
    }));

  it('says when it could not be refreshed', (context) =>
    visit(context, {}, async ({ page, troubles }) => {
      await page.clock.install();
      await page.reload();
      await page.route('**/*', (route) => route.fulfill({ status: 503, body: 'Busy' }));
      await page.clock.runFor(31_000);
      const failure = 'Not refreshed: the daemon answered 503. What stands here is older.';
      await page.locator('#failure', { hasText: failure }).waitFor();
      await page.fill('#filter', 'holes');
      expect(await page.locator('#message').innerText()).toBe(`1 of ${tables.length} tables`);
      expect(await page.locator('#failure').innerText()).toBe(failure);
      await page.unroute('**/*');
      await waitFor(
        'the end of the failure',
        async () => {
          await page.clock.runFor(31_000);
          return page.locator('#failure').innerText();
        },
        (text) => text === '',
      );
      expect(await page.locator('section.table').count()).toBe(tables.length);
      // Chromium itself notes the answer.
      (troubles as string[]).splice(0);
    }));

  it.for(['light', 'dark'] as const)('follows the theme that is %s, and remembers another choice', async (colorScheme, context) => {
    await visit(context, { colorScheme }, async ({ page }) => {
      const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
      const first = await ground();
      expect(first).toBe(colorScheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(18, 22, 28)');
      await page.click('#theme');
      const second = await ground();
      expect(second).not.toBe(first);
      await page.reload();
      expect(await ground()).toBe(second);
      expect(await page.locator('#theme').innerText()).toBe(colorScheme === 'light' ? 'Light theme' : 'Dark theme');
    });
  });

  it('needs no script to be read', (context) =>
    visit(context, { javaScriptEnabled: false }, async ({ page }) => {
      expect(await page.locator('#tools').isVisible()).toBe(false);
      const events = section(page, 'public.events');
      expect(await events.locator('.bar.current title').textContent()).toContain('Current');
      await events.locator('summary').click();
      expect(await events.locator('.partitions tbody tr').count()).toBeGreaterThan(5);
      expect(await section(page, 'public.holes').locator('.findings').isVisible()).toBe(true);
      await page.locator('.overview a', { hasText: 'public.holes' }).click();
      expect(page.url()).toContain('#table:app:public.holes');
    }));

  it('runs nothing that stands in the page itself', (context) =>
    visit(context, {}, async ({ page, troubles }) => {
      await page.evaluate(
        '{ const one = document.createElement("p"); one.innerHTML = `<img src="/livez" onerror="document.title = 1">`; document.body.append(one); }',
      );
      await waitFor(
        'the refusal',
        () => troubles.length,
        (count) => count > 0,
      );
      expect(troubles.join('\n')).toMatch(/content security policy/i);
      expect(await page.title()).not.toBe('1');
      (troubles as string[]).splice(0);
    }));
});

/** Behind the prefix of a proxy. */
const still = 'http://proxy.test/partitions/';

/** A page of `statuses`, without a daemon. */
async function visitStill(
  context: TestContext,
  statuses: readonly ServedStatus[],
  options: BrowserContextOptions,
  body: (page: Page) => Promise<void>,
): Promise<void> {
  const browser = await startChromium(context);
  try {
    const browsing = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await browsing.newPage();
    const assets = new Map(readPageAssets().map(({ path, type, text }) => [`${still}${path.slice(1)}`, { contentType: type, body: text }]));
    const answer = { contentType: 'text/html; charset=utf-8', body: String(await renderPage({ statuses, ageMs: null }, '1.0.0')) };
    await page.route('**/*', (route) =>
      route.fulfill(route.request().url() === still ? answer : (assets.get(route.request().url()) ?? { status: 404 })),
    );
    await page.goto(still);
    await body(page);
  } finally {
    await browser.close();
  }
}

/** 10,000 days, of which one is missing. */
function loneGap(): ServedStatus {
  const days = dailyPartitions('public.many', 9_995, 4);
  const { from, to } = days[5_000] ?? { from: null, to: null };
  if (from === null || to === null) throw new Error('10,000 ranges');
  const status = { table: 'public.many', partitions: days.toSpliced(5_000, 1), gaps: [{ from, to }], futureCount: 4 };
  return servedStatus([tableStatus(status)]);
}

describe('the status page of many partitions', () => {
  it.for([1_280, 360])('shows the lone gap and the current one under the pointer at %d px', async (width, context) => {
    await visitStill(context, [loneGap()], { viewport: { width, height: 900 } }, async (page) => {
      for (const [kind, said] of [
        ['gap', 'No partition takes these keys'],
        ['current', 'Current'],
      ] as const) {
        const place = await page.locator(`.timeline .bar.${kind}`).boundingBox();
        if (place === null) throw new Error(`No bar is ${kind}.`);
        await page.mouse.move(place.x + place.width / 2, place.y - 4);
        await page.locator(card, { hasText: said }).waitFor();
      }
    });
  });

  it('says of what it has not on the page that it cannot find it', (context) =>
    visitStill(context, sampleStatuses(), {}, async (page) => {
      await page.fill('#filter', 'p1999_02_03');
      expect(await page.locator('#message').innerText()).toBe('0 of 6 tables; 10,001 partitions of the others are not on this page');
    }));

  it('keeps its card under a pointer that moves onto it, until Escape', (context) =>
    visitStill(context, [loneGap()], {}, async (page) => {
      await page.clock.install();
      await page.reload();
      await page.locator('.timeline .bar.gap').hover();
      const place = await page.locator(card).boundingBox();
      if (place === null) throw new Error('The card is nowhere.');
      await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
      await page.clock.runFor(1_000);
      expect(await page.locator(card).isVisible()).toBe(true);
      await page.keyboard.press('Escape');
      expect(await page.locator(card).isVisible()).toBe(false);
    }));

  it('says nothing twice when it is refreshed', (context) =>
    visitStill(context, sampleStatuses(), {}, async (page) => {
      await page.clock.install();
      await page.reload();
      await page.fill('#filter', 'ledger');
      await page.evaluate(`{
        window.said = 0;
        for (const id of ['message', 'failure'])
          new MutationObserver(() => { said += 1; }).observe(document.getElementById(id), { childList: true, characterData: true, subtree: true });
        document.getElementById('content').firstElementChild.id = 'old';
      }`);
      await waitFor(
        'the refresh',
        async () => {
          await page.clock.runFor(31_000);
          return page.locator('#old').count();
        },
        (count) => count === 0,
      );
      expect(await page.evaluate('said')).toBe(0);
      await page.fill('#filter', 'revenues ');
      await page.fill('#filter', 'nothing of that name');
      expect(await page.evaluate('said')).toBe(1);
    }));

  it('breaks no word and no time on a narrow screen, and is no wider than it', (context) =>
    visitStill(context, sampleStatuses(), { viewport: { width: 360, height: 900 } }, async (page) => {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      const broken = `[...document.querySelectorAll('.tasks tr > *, .probes tr > :not(:last-child)')]
        .flatMap((cell) => [...cell.childNodes].map((node) => {
          const range = document.createRange();
          range.selectNodeContents(node);
          return range.getClientRects().length > 1 ? node.textContent : '';
        })).filter(Boolean)`;
      expect(await page.evaluate(broken)).toEqual([]);
    }));
});
