import { StatementError } from '../../../errors.ts';
import type { Session } from '../../../postgres/session.ts';
import { type QueryPlan, readQueryPlan } from '../../query-plan.ts';
import type { PostgresParser } from '../../syntax/postgres-parser.ts';
import { type PlannableText, plannableText } from '../syntax/plannable-text.ts';
import { decodeParameterType, type ParameterType, parameterTypesSql } from './parameters.sql.ts';
import { change, explain, preparedName } from './planning-transaction.ts';
import type { TypicalValues } from './typical-values.ts';

export interface PlanRequest {
  readonly parser: PostgresParser;
  /** One statement of those that `parseStatement` lets through. */
  readonly text: string;
  /** Parameters are counted as in the answer of `plannableText`. */
  readonly values: (types: readonly ParameterType[]) => TypicalValues;
}

export interface StatementPlans {
  /** The text that was planned. */
  readonly text: string;
  /** Knows no values: conditions show $n. */
  readonly generic: QueryPlan;
  /** With typical values, which its conditions show: for counting only. Null when PostgreSQL refuses those. */
  readonly typical: QueryPlan | null;
}

/**
 * Plans a recorded statement twice, and runs it never: without values (a prepared statement's generic plan, which is what GENERIC_PLAN
 * shows; that came with 16, and by the extended protocol, which alone refuses several statements, it asks for values and then plans with
 * them: measured, 16 and 18), and with typical values, bound, so that no text that PostgreSQL keeps has them.
 * To be called inside of `inPlanningTransaction`. Planning takes ACCESS SHARE on what is read, ROW EXCLUSIVE on what would be changed, for
 * the transaction, after `lock_timeout` at most. It evaluates immutable functions of constants, for its estimates also stable ones; the
 * start of the executor evaluates what it prunes by (explain.c, EXEC_FLAG_EXPLAIN_ONLY): see trust.sql.ts for whose.
 * Throws as the session does; messages hold no values.
 */
export async function planStatement(session: Session, request: PlanRequest, signal: AbortSignal): Promise<StatementPlans> {
  const plannable = await prepare(session, request, signal);
  const types = await session.rows(parameterTypesSql, [preparedName], decodeParameterType, signal);
  const generic = readQueryPlan(await explainGeneric(session, plannable, signal));
  const wanted = request.values(types);
  return { text: plannable.text, generic, typical: await explainTypical(session, plannable, wanted, signal) };
}

const options = 'FORMAT JSON, VERBOSE, SETTINGS';

/** 42P18: indeterminate_datatype. */
const unknownType = '42P18';

/** A text names few parameters that nothing gives a type. */
const mostUntyped = 8;

async function prepare(session: Session, { parser, text }: PlanRequest, signal: AbortSignal): Promise<PlannableText> {
  const textTyped = new Set<number>();
  for (;;) {
    const plannable = plannableText(parser, text, textTyped);
    await session.execute('SAVEPOINT partitiond_prepare', signal);
    try {
      await change(session, `PREPARE ${preparedName} AS ${plannable.text}`, signal);
      return plannable;
    } catch (error) {
      const number = untypedParameter(error);
      if (number === null || textTyped.has(number) || textTyped.size === mostUntyped) throw error;
      textTyped.add(number);
      await session.execute('ROLLBACK TO SAVEPOINT partitiond_prepare', signal);
    }
  }
}

/** "could not determine data type of parameter $1", in whatever language. */
function untypedParameter(error: unknown): number | null {
  if (!(error instanceof StatementError) || error.sqlstate !== unknownType) return null;
  const number = /\$(\d+)/.exec(error.message)?.[1];
  return number === undefined ? null : Number(number);
}

/** NULLs, as a plan that knows no values is not made for them; only what the executor removes at its start depends on them. */
async function explainGeneric(session: Session, { count }: PlannableText, signal: AbortSignal): Promise<string> {
  await change(session, 'SET LOCAL plan_cache_mode = force_generic_plan', signal);
  const nulls = count === 0 ? '' : ` (${Array.from({ length: count }, () => 'NULL').join(', ')})`;
  return await explain(session, { explain: `EXPLAIN (${options})`, text: `EXECUTE ${preparedName}${nulls}`, values: [] }, signal);
}

async function explainTypical(
  session: Session,
  { text }: PlannableText,
  { values, isComplete }: TypicalValues,
  signal: AbortSignal,
): Promise<QueryPlan | null> {
  if (!isComplete) return null;
  try {
    return readQueryPlan(await explain(session, { explain: `EXPLAIN (${options})`, text, values }, signal));
  } catch (error) {
    // What PostgreSQL says of a value may quote it, so nothing is told of it but that it did not work.
    if (error instanceof StatementError) return null;
    throw error;
  }
}
