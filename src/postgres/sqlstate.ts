import pg from 'pg';
import { ConnectionError, type ErrorContext, NotLeaderError, PartitiondError, StatementError } from '../errors.ts';

/** SQLSTATEs that the program reacts to (postgresql.org/docs/18/errcodes-appendix.html). */
export const sqlstates = {
  lockNotAvailable: '55P03',
  deadlockDetected: '40P01',
  serializationFailure: '40001',
  queryCanceled: '57014',
  readOnlyTransaction: '25006',
  idleInTransactionSessionTimeout: '25P03',
  idleSessionTimeout: '57P05',
  transactionTimeout: '25P04',
  insufficientPrivilege: '42501',
  undefinedTable: '42P01',
  undefinedColumn: '42703',
  datatypeMismatch: '42804',
  invalidSchemaName: '3F000',
  duplicateTable: '42P07',
  duplicateSchema: '42P06',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  /** A CHECK, or a row for which a partitioned table has no partition. */
  checkViolation: '23514',
  diskFull: '53100',
  raiseException: 'P0001',
  /** Raised by the journal's own `require_epoch`: another instance leads. */
  epochIsOver: 'PD301',
} as const;

/** Node's socket and DNS errors that mean "the server cannot be reached". */
const socketCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EACCES',
]);

/** What pg's client says when the connection is gone or never came to be. */
const clientMessages = /^(timeout expired|Connection terminated|Client has encountered|The server does not support SSL)/;

/** Whether an error only means that a lock was not obtained: 55P03 (lock_timeout) or 40P01 (chosen as deadlock victim). */
export function isLockFailure(error: unknown): error is StatementError {
  return (
    error instanceof StatementError && (error.sqlstate === sqlstates.lockNotAvailable || error.sqlstate === sqlstates.deadlockDetected)
  );
}

/**
 * Turns whatever `pg` threw into the class whose reaction fits (engineering.md, Errors). `doing` completes "could not ...". Server messages
 * of classes 22 and 23 may quote row values and are left out; `detail` and `where` always are.
 */
export function classifyError(error: unknown, doing: string, context: ErrorContext = {}): PartitiondError {
  if (error instanceof PartitiondError) return error;
  if (error instanceof pg.DatabaseError && error.code !== undefined) return classifySqlstate(error, error.code, doing, context);
  const connection = classifyConnection(error, doing, context);
  if (connection !== null) return connection;
  if (error instanceof Error) throw error;
  throw new TypeError(String(error));
}

/** Errors of the socket, of TLS and of pg's own client, which carry no SQLSTATE. */
function classifyConnection(error: unknown, doing: string, context: ErrorContext): ConnectionError | null {
  if (!(error instanceof Error)) return null;
  const options = { cause: error, context };
  const code = 'code' in error ? String(error.code) : '';
  if (socketCodes.has(code) || clientMessages.test(error.message)) {
    const message = `Could not ${doing}: ${error.message}. Check that the server runs and that \`url\` names it.`;
    return new ConnectionError('PD201', message, options);
  }
  if (/^SASL|client password must be a string/.test(error.message)) {
    const message = `Could not ${doing}: the server asks for a password and none is configured (or it is wrong).`;
    return new ConnectionError('PD202', message, options);
  }
  if (/certificate|self-signed|unable to verify/i.test(error.message)) {
    return new ConnectionError('PD203', `Could not ${doing}: TLS: ${error.message}.`, options);
  }
  return null;
}

function classifySqlstate(error: pg.DatabaseError, sqlstate: string, doing: string, context: ErrorContext): PartitiondError {
  const by = error.constraint === undefined ? '' : `, constraint ${error.constraint}`;
  const said = /^2[23]/.test(sqlstate) ? `SQLSTATE ${sqlstate}${by}` : `${error.message} (SQLSTATE ${sqlstate})`;
  const relation = error.table === undefined ? {} : { relation: `${error.schema ?? ''}.${error.table}` };
  const constraint = error.constraint === undefined ? {} : { constraint: error.constraint };
  const options = { cause: error, context: { ...context, sqlstate, ...relation, ...constraint } };
  if (sqlstate === sqlstates.epochIsOver) return new NotLeaderError('PD301', `Could not ${doing}: ${error.message}.`, options);
  const connection = isOurMistake(error) ? null : connectionTrouble(sqlstate, said);
  if (connection !== null) return new ConnectionError(connection.code, `Could not ${doing}: ${connection.message}`, options);
  if (sqlstate === sqlstates.readOnlyTransaction) {
    const fix = 'Point `url` at the primary, or lift default_transaction_read_only for the role';
    return new StatementError('PD503', `Could not ${doing}: ${said}. ${fix}.`, sqlstate, options);
  }
  if (sqlstate === sqlstates.insufficientPrivilege) {
    return new StatementError('PD502', `Could not ${doing}: ${said}. Grant what docs/guides/privileges.md lists.`, sqlstate, options);
  }
  return new StatementError('PD501', `Could not ${doing}: ${said}.`, sqlstate, options);
}

/**
 * A message that breaks the protocol is no trouble of the connection, and would be broken again. PgBouncer, though, says 08P01 of whatever
 * ails it (no server, waited too long, shut down), and ends the connection then.
 */
function isOurMistake({ code, severity }: pg.DatabaseError): boolean {
  return code === '08P01' && severity !== 'FATAL';
}

const endsSession: ReadonlySet<string> = new Set([
  sqlstates.idleSessionTimeout,
  sqlstates.idleInTransactionSessionTimeout,
  sqlstates.transactionTimeout,
]);

function connectionTrouble(sqlstate: string, said: string): { readonly code: string; readonly message: string } | null {
  if (sqlstate.startsWith('28')) return { code: 'PD202', message: `${said}. Check the user and the password that are configured.` };
  if (sqlstate === '3D000') return { code: 'PD204', message: `${said}. Check the database of \`url\`.` };
  if (/^08|^53300$|^57P0[1-3]$/.test(sqlstate)) return { code: 'PD205', message: `${said}.` };
  return endsSession.has(sqlstate) ? { code: 'PD206', message: `the connection was lost: ${said}.` } : null;
}
