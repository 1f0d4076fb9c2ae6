/** Label names and values, in the order in which they are printed. */
export type Labels = Readonly<Record<string, string>>;

/**
 * One line of the text exposition format, version 0.0.4, with its line feed. `labels` is what `renderLabels` made, several of them joined by
 * commas, or empty. Source: prometheus.io/docs/instrumenting/exposition_formats.
 */
export function renderSample(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${renderValue(value)}\n` : `${name}{${labels}} ${renderValue(value)}\n`;
}

/** `database="app",schema="public"`, without braces; backslash, quote and line feed escaped. */
export function renderLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeHelp(value).replaceAll('"', '\\"')}"`)
    .join(',');
}

/** The two lines in front of a family's samples. */
export function renderHeader(name: string, type: string, help: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

function escapeHelp(text: string): string {
  return text.includes('\\') || text.includes('\n') ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n') : text;
}

/** As Go's ParseFloat reads it; JavaScript's own form but for the infinities. */
function renderValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
