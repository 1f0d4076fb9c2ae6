import { formatQualifiedName } from '../partition/qualified-name.ts';
import type { Step } from '../plan/step.ts';
import type { RenderedStep, Statement } from './statement.ts';

/**
 * The step as a script for psql, one line per entry: each statement after a comment with its locks and its reason, BEGIN and COMMIT around
 * transactions. With `lockTimeoutMs` each attempt is bounded as partitiond would bound it; the attempts themselves are the reader's to repeat.
 * Long commands have no timeout whatever the reader's role has: ended by one, they would leave an invalid index.
 */
export function renderScript(step: Step, rendered: RenderedStep, lockTimeoutMs: number | null = null): readonly string[] {
  const lines = [comment(`${step.kind} ${formatQualifiedName(step.partition)}: ${step.reason}`)];
  for (const batch of rendered.batches) {
    const statements = batch.statements.flatMap(renderStatement);
    if (batch.kind === 'transaction') {
      const timeout = lockTimeoutMs === null ? [] : [`SET LOCAL lock_timeout = '${lockTimeoutMs}ms';`];
      lines.push('BEGIN;', ...timeout, ...statements, 'COMMIT;');
    } else {
      const timeouts = batch.patience === 'long' ? unbounded : lockTimeoutMs === null ? {} : { lock_timeout: `'${lockTimeoutMs}ms'` };
      const set = Object.entries(timeouts).map(([name, value]) => `SET ${name} = ${value};`);
      const reset = Object.keys(timeouts).map((name) => `RESET ${name};`);
      const pending = batch.whenDetachPending === null ? [] : [comment(`if it is interrupted: ${batch.whenDetachPending.sql};`)];
      lines.push(...set, ...statements, ...pending, ...reset);
    }
  }
  return [...lines, ''];
}

const unbounded = { lock_timeout: '0', statement_timeout: '0' };

function renderStatement(statement: Statement): readonly string[] {
  const locks = statement.locks.map((lock) => `${lock.mode} on ${lock.relation}`);
  return [
    comment(`${locks.length === 0 ? 'no lock on a table that others use' : locks.join(', ')}: ${statement.reason}`),
    `${statement.sql};`,
  ];
}

/** Names may hold line breaks, and what follows one would be run. */
function comment(text: string): string {
  return `-- ${text.replaceAll(/[\r\n\u2028\u2029]+/g, ' ')}`;
}
