import type { PartitiondError } from '../errors.ts';

/**
 * What PostgreSQL said of a probe, for people: its own text, but the SQLSTATE alone where that may quote a value of a row or a parameter.
 * `mayQuoteValues`: the probe's own text was at work, so that it may. Pure, throws nothing.
 */
export function serverWords(failure: PartitiondError | null, mayQuoteValues: boolean): string {
  if (failure === null) return 'EXPLAIN answered with no row';
  const { cause } = failure;
  const sqlstate = failure.context['sqlstate'];
  if (typeof sqlstate !== 'string') return cause instanceof Error ? cause.message : failure.code;
  const isWithheld = !(cause instanceof Error) || (mayQuoteValues && (/^2[23]/.test(sqlstate) || isRaised(cause, sqlstate)));
  return isWithheld ? `SQLSTATE ${sqlstate}` : `${cause.message} (SQLSTATE ${sqlstate})`;
}

/** What PostgreSQL itself raises; all other classes are an application's. Source: postgresql.org/docs/18/errcodes-appendix.html. */
const classesOfServer = /^(?:0[0-9A-Z]|1[08]|2[0-9A-F]|3[489BDF]|4[024]|5[34578]|72|F0|HV|XX)/;

/** RAISE takes any SQLSTATE, and whatever the function puts into its text. Source: exec_stmt_raise in src/pl/plpgsql/src/pl_exec.c. */
function isRaised(cause: Error, sqlstate: string): boolean {
  return ('routine' in cause && cause.routine === 'exec_stmt_raise') || !classesOfServer.test(sqlstate);
}
