import { formatQualifiedName, type QualifiedName } from '../../partition/qualified-name.ts';
import type { AuditedStatement, StatementAudit } from './statement-audit.ts';

export interface UnprunedShare {
  readonly table: QualifiedName;
  /** Audited statements on the table that touch every partition. */
  readonly statements: number;
  /** Their part of the total time of all audited statements on the table, 0 to 1; 0 where that time is 0. */
  readonly timeShare: number;
}

/**
 * What the statements that touch every partition cost, table by table; only tables that audited statements read, in the order in which
 * the audit first names them. Statements whose verdict is not known count in the whole time, not as touching. Pure, throws nothing.
 */
export function unprunedShare(audit: StatementAudit): readonly UnprunedShare[] {
  return [...byTable(audit.statements).values()].map((statements) => {
    const unpruned = statements.filter(({ verdict }) => verdict === 'touches-all');
    const whole = timeOf(statements);
    const [first] = statements;
    return { table: first.table, statements: unpruned.length, timeShare: whole > 0 ? Math.min(1, timeOf(unpruned) / whole) : 0 };
  });
}

function byTable(statements: readonly AuditedStatement[]): ReadonlyMap<string, [AuditedStatement, ...AuditedStatement[]]> {
  const tables = new Map<string, [AuditedStatement, ...AuditedStatement[]]>();
  for (const statement of statements) {
    const name = formatQualifiedName(statement.table);
    const known = tables.get(name);
    if (known === undefined) tables.set(name, [statement]);
    else known.push(statement);
  }
  return tables;
}

function timeOf(statements: readonly AuditedStatement[]): number {
  return statements.reduce((sum, { totalMs }) => sum + totalMs, 0);
}
