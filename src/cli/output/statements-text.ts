import { formatInstant } from '../../partition/calendar.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import type { AuditedStatement, StatementAudit } from '../../probe/statements/statement-audit.ts';
import type { Colours } from './colours.ts';
import { printable } from './printable.ts';
import { formatRows } from './sizes.ts';
import { counted } from './summary.ts';
import { type TextColumn, textTable } from './text-table.ts';

const left = (heading: string): TextColumn => ({ heading, align: 'left' });
const right = (heading: string): TextColumn => ({ heading, align: 'right' });

/** So much of a statement fits beside the other columns; `--json` has all of it. */
const longestLine = 100;

/**
 * The audit of one database: a heading, a line per statement, why those do not prune that touch everything, and what was not seen. `most`: how many
 * statements were asked for.
 */
export function statementsText(database: string, audit: StatementAudit, most: number, colours: Colours): string {
  const heading = colours.strong(printable(database));
  if (audit.obstacle !== null) return `${heading}: ${printable(audit.obstacle)}\n`;
  const since = audit.since === null ? '' : ` since ${formatInstant(audit.since)}`;
  const { statements } = audit;
  const more = new Set(statements.map(({ queryId }) => queryId)).size < most ? '' : `; --limit shows more than ${most}`;
  const rows = statements.map((statement) => statementRow(statement, colours));
  return [
    `${heading}: ${counted(statements.length, 'statement')} on managed tables${since}, by total time${more}.\n`,
    rows.length === 0 ? '' : textTable(columns, rows),
    ...statements.map((statement) => detailsText(statement, colours)),
    ...audit.remarks.map((remark) => `\n${colours.doubtful('not seen')}: ${printable(remark)}\n`),
  ].join('');
}

const columns: readonly TextColumn[] = [
  right('TIME'),
  right('CALLS'),
  right('MEAN'),
  left('TABLE'),
  right('TOUCHES'),
  left('VERDICT'),
  left('STATEMENT'),
];

function statementRow(statement: AuditedStatement, colours: Colours): readonly string[] {
  const { totalMs, calls, table, touched, total, text } = statement;
  return [
    formatTime(totalMs),
    formatRows(calls),
    formatTime(calls > 0 ? totalMs / calls : 0),
    printable(formatQualifiedName(table)),
    `${touched ?? '?'} of ${total}`,
    verdictText(statement.verdict, colours),
    oneLine(text),
  ];
}

function verdictText(verdict: AuditedStatement['verdict'], colours: Colours): string {
  if (verdict === 'touches-all') return colours.bad(verdict);
  return verdict === 'unknown' ? colours.doubtful(verdict) : colours.good(verdict);
}

/** Nothing for a statement of which the table says all there is to say. */
function detailsText(statement: AuditedStatement, colours: Colours): string {
  const { verdict, reason, problem } = statement;
  if (verdict !== 'touches-all' && problem === null && reason?.kind !== 'stops-early') return '';
  const lines = [
    `\n${verdictText(verdict, colours)} ${printable(formatQualifiedName(statement.table))}: ${oneLine(statement.text)}`,
    ...(reason === null ? [] : [`  why: ${printable(reason.message)}`]),
    ...(reason === null || reason.fix === null ? [] : [`  fix: ${printable(reason.fix)}`]),
    ...(problem === null ? [] : [`  why: ${printable(problem)}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** White space, which may be line breaks and indentation, as one blank each; cut where it gets too long. */
function oneLine(text: string): string {
  const characters = Array.from(printable(text.trim().replace(/\s+/g, ' ')));
  return characters.length <= longestLine ? characters.join('') : `${characters.slice(0, longestLine - 3).join('')}...`;
}

/** `3.2 h`, `5.1 min`, `12.3 s`, `450 ms`, `0.12 ms`. */
function formatTime(ms: number): string {
  if (ms >= 3_600_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  if (ms >= 60_000) return `${(ms / 60_000).toFixed(1)} min`;
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(2)} ms`;
}
