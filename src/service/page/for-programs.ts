import { html } from 'hono/html';
import type { Markup } from './markup.ts';

/** What else the public listener answers; the page links it. */
export const links = [
  ['/metrics', 'Metrics for Prometheus.'],
  ['/api/v1/status', 'Every database: its tables with their partitions and findings, last runs, leadership. JSON.'],
  ['/api/v1/partitions', 'Partitions one by one, in pages. JSON; narrow it down with ?database=&table=&state=&limit=&offset=.'],
  ['/livez', '200 while the process is alive; 503 when only a restart helps.'],
  ['/readyz', '200 while it can be scraped; 503 while it starts or stops.'],
] as const;

/** They are answered on the listener `admin`, of which this page has no address: whoever may use them knows it. */
const orders = [
  ['/-/run?task=provision', 'Runs a task now: provision, retention, maintenance, index, migrate, probe or collect.'],
  ['/-/reload', 'Loads the configuration again.'],
  ['/-/pause?reason=TEXT', 'Stops all changes until it is resumed; in one database with &database=NAME.'],
  ['/-/resume', 'Ends a pause.'],
  ['/-/drain', 'Gives up leadership for good, before a stop.'],
] as const;

export function renderForPrograms(): Markup {
  return html`<details id="for-programs"><summary>For programs</summary>
<h2>For programs</h2>
<dl>${links.map(
    ([path, meaning]) => html`<div><dt><a href="${path.slice(1)}">${path}</a></dt><dd>${meaning}</dd></div>
`,
  )}</dl>
<p>Orders, to the listener <code>admin</code> (port 9789 unless configured otherwise) and from its own machine:</p>
<dl>${orders.map(
    ([path, meaning]) => html`<div><dt><code>POST ${path}</code></dt><dd>${meaning}</dd></div>
`,
  )}</dl></details>`;
}
