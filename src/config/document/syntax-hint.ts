/**
 * What most likely makes this line invalid, as a clause to append to the parser's message; empty when nothing comes to mind. These are
 * the places where this configuration's own values collide with YAML: braces, a leading star, tabs.
 */
export function syntaxHint(line: string): string {
  if (/^\s*\t/.test(line)) return '; indent with spaces';
  if (/\{[a-z]+\}/.test(line) && !line.includes('${')) return '; a name template needs quotes, for example name: "{table}_{yyyy}_{mm}"';
  if (/[[{].*\$\{/.test(line)) return '; within braces or brackets put ${NAME} in quotes, for example { url: "${DATABASE_URL}" }';
  if (/:\s+\*/.test(line)) return '; a cron expression needs quotes, for example provision: "*/10 * * * *"';
  return '';
}
