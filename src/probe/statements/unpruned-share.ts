import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { AuditedStatement, StatementAudit } from './statement-audit.ts';

export interface UnprunedShare {
  readonly table: QualifiedName;
  /** Audited statements on the table that touch every partition. */
  readonly statements: number;
  /** Their part of the total time of all audited statements on the table, 0 to 1; 0 where that time is 0, null without statements. */
  readonly timeShare: number | null;
}

/**
 * What the statements that touch every partition cost, table by table. Statements whose verdict is not known count in the whole time, not as
 * touching. Only tables of which something is known: left out is one that was not looked at, one all of whose statements are unknown, and one
 * without statements while texts are hidden, which may be on it. Pure, throws nothing.
 */
export function unprunedShare({ tables, statements, hidden }: StatementAudit): readonly UnprunedShare[] {
  return tables.flatMap((table) => {
    const own = statements.filter((statement) => formatQualifiedName(statement.table) === formatQualifiedName(table));
    const isKnown = own.length === 0 ? hidden === 0 : own.some(({ verdict }) => verdict !== 'unknown');
    return isKnown ? [shareOf(table, own)] : [];
  });
}

function shareOf(table: QualifiedName, statements: readonly AuditedStatement[]): UnprunedShare {
  const unpruned = statements.filter(({ verdict }) => verdict === 'touches-all');
  const whole = timeOf(statements);
  const share = whole > 0 ? Math.min(1, timeOf(unpruned) / whole) : 0;
  return { table, statements: unpruned.length, timeShare: statements.length === 0 ? null : share };
}

function timeOf(statements: readonly AuditedStatement[]): number {
  return statements.reduce((sum, { totalMs }) => sum + totalMs, 0);
}
