import pg from 'pg';
import { expect, it } from 'vitest';
import { classifyError } from '../../../src/postgres/sqlstate.ts';

function thrown(code: string, severity: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError('query_wait_timeout', 0, 'error'), { code, severity });
}

it.each([
  ['08P01', 'ERROR', 'StatementError'],
  // What PgBouncer says of whatever ails it, and ends the connection.
  ['08P01', 'FATAL', 'ConnectionError'],
  ['08006', 'ERROR', 'ConnectionError'],
  ['57P01', 'FATAL', 'ConnectionError'],
])('takes %s with severity %s for a %s', (code, severity, name) => {
  expect(classifyError(thrown(code, severity), 'run a statement').name).toBe(name);
});
