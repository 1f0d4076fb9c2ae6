import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import type { ProbedTable } from '../probed-table.ts';
import type { Mark } from './judge-condition.ts';
import type { UnprunedReason } from './reason.ts';

/** A judged condition; `text` null: only the statement has it, whose words are not repeated. */
export interface Finding {
  readonly mark: Mark;
  readonly text: string | null;
}

type Hindrance = Exclude<Mark, { readonly kind: 'prunes' }>;

export function pruningOff(): UnprunedReason {
  return {
    kind: 'pruning-off',
    message: 'enable_partition_pruning is off, so that no partition is ruled out.',
    fix: 'Turn it on where it was turned off: ALTER DATABASE ... or ALTER ROLE ... RESET enable_partition_pruning, or in postgresql.conf.',
  };
}

export function noCondition(table: ProbedTable): UnprunedReason {
  const key = quoteIdentifier(table.keyColumn);
  return {
    kind: 'no-condition',
    message: `Nothing is said of the partition key ${key} of ${formatQualifiedName(table.name)}.`,
    fix: `Add a condition on it, for example ${range(key)}.`,
  };
}

/** There is a condition, but not where the partitions are read. */
export function conditionTooLate(table: ProbedTable): UnprunedReason {
  const key = quoteIdentifier(table.keyColumn);
  const name = formatQualifiedName(table.name);
  return {
    kind: 'no-condition',
    message: `The condition on ${key} is applied after the partitions of ${name} were read: to a materialised CTE, a subquery with LIMIT, a window or an aggregate, or an outer join.`,
    fix: `Write it where ${name} is read, for example ${range(key)}.`,
  };
}

/** A LIMIT over partitions that are read one after the other. `isProbe`: not a recorded statement. */
export function stopsEarly(table: ProbedTable, isProbe: boolean): UnprunedReason {
  const name = formatQualifiedName(table.name);
  const counting = isProbe ? 'Set `analyze: true` in the probe, so that partitions that are never read are not counted; or say' : 'Say';
  return {
    kind: 'stops-early',
    message: `All partitions of ${name} are planned, but they are read one after the other, and LIMIT stops that as soon as it has its rows.`,
    fix: `${counting} which values are wanted, for example ${range(quoteIdentifier(table.keyColumn))}, so that the others are not even planned.`,
  };
}

/** `texts`: the conditions that prune. */
export function askedFor(texts: readonly string[]): UnprunedReason {
  const said = texts.length === 0 ? '' : `: ${texts.map(shortened).join(' AND ')}`;
  return { kind: 'asked-for', message: `The condition prunes, and what is left is what it asks for${said}.`, fix: null };
}

/** `castsKey`: whether the statement casts the key in so many words; `isProbe`: whether it is a probe's, not a recorded one. */
export function hindered(
  table: ProbedTable,
  { mark, text }: { mark: Hindrance; text: string | null },
  { castsKey, isProbe }: { readonly castsKey: boolean; readonly isProbe: boolean },
): UnprunedReason {
  const key = quoteIdentifier(table.keyColumn);
  const said = text === null ? '' : `: ${shortened(text)}`;
  switch (mark.kind) {
    case 'cast':
      return hinderedByCast(table, mark.type, said, castsKey);
    case 'function-on-key':
      return {
        kind: 'function-on-key',
        message: `The key ${key} stands inside of a function or an expression${said}.`,
        fix: `Compare ${key} itself with a range, for example ${range(key)}; or add such a condition beside this one.`,
      };
    case 'generic-plan':
      return mark.isSubplan ? hinderedBySubquery(key, said, isProbe) : hinderedByParameter(key, said);
    case 'join-only':
      return {
        kind: 'join-only',
        message: `The key ${key} is compared with nothing but columns of other tables${said}.`,
        fix: `Add a condition on ${key} with values that are known beforehand, for example ${range(key)}.`,
      };
    case 'volatile-value':
      return {
        kind: 'volatile-value',
        message: `The value that ${key} is compared with may change while the statement runs${said}.`,
        fix: 'Use a stable function (now() instead of clock_timestamp()), or compute the value first and pass it as a parameter.',
      };
    case 'not-restricting':
      return notRestricting(key, mark.how, said);
  }
}

const numbers: readonly string[] = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision'];

/** Casts that PostgreSQL adds by itself where no operator takes both types (pg_cast, castcontext i). */
function isImplicit(from: string, to: string): boolean {
  if (from === 'character') return to === 'text' || to === 'character varying';
  return numbers.includes(from) && numbers.indexOf(to) > numbers.indexOf(from);
}

function hinderedByCast({ keyColumn, keyType }: ProbedTable, type: string, said: string, castsKey: boolean): UnprunedReason {
  const key = quoteIdentifier(keyColumn);
  if (!castsKey && isImplicit(keyType, type)) {
    return {
      kind: 'type-differs',
      message: `The key ${key} of type ${keyType} is compared with a value of type ${type}, to which PostgreSQL casts the key${said}.`,
      fix: `Give the value the type of the key, for example $1::${keyType}, also in the driver that sends it.`,
    };
  }
  return {
    kind: 'cast-on-key',
    message: `The key ${key} is cast to ${type}${said}.`,
    fix: `Compare ${key} without a cast, for example ${range(key)}.`,
  };
}

function hinderedBySubquery(key: string, said: string, isProbe: boolean): UnprunedReason {
  const before = 'run the subquery first and pass its answer as a parameter.';
  return {
    kind: 'generic-plan',
    message: `The key ${key} is compared with the answer of a subquery, which is known only when the statement runs${said}.`,
    fix: isProbe
      ? `Set \`analyze: true\` in the probe, so that what is pruned meanwhile is counted; or ${before}`
      : `PostgreSQL prunes when the statement runs; to prune while it plans, ${before}`,
  };
}

function hinderedByParameter(key: string, said: string): UnprunedReason {
  return {
    kind: 'generic-plan',
    message: `The key ${key} is compared with a parameter whose value the plan does not know${said}.`,
    fix: 'PostgreSQL prunes when the statement runs; to prune while it plans, set plan_cache_mode to force_custom_plan, or prepare it without a name.',
  };
}

function notRestricting(key: string, how: Extract<Hindrance, { kind: 'not-restricting' }>['how'], said: string): UnprunedReason {
  const kind = 'not-restricting';
  const beside = `add a condition beside it, for example ${range(key)}`;
  switch (how) {
    case 'or':
      return {
        kind,
        message: `The condition on ${key} is one side of an OR, whose other side may hold in every partition${said}.`,
        fix: `Put a condition on ${key} into each side or beside the OR, or write two statements with UNION ALL.`,
      };
    case 'not':
      return { kind, message: `The condition only excludes values of ${key}${said}.`, fix: `Say which values are wanted: ${beside}.` };
    case 'not-null':
      return { kind, message: `The condition only says that ${key} is not null${said}.`, fix: `Say which values are wanted: ${beside}.` };
    case 'operator':
      return {
        kind,
        message: `The operator is none by which PostgreSQL prunes (=, <, <=, >, >=, IN, BETWEEN)${said}.`,
        fix: `Say the same with these: ${beside}.`,
      };
    case 'same-row':
      return {
        kind,
        message: `The key ${key} is compared with another column of its row, which is known only when the row is read${said}.`,
        fix: `Say which values are wanted: ${beside}.`,
      };
    case 'each-row':
      return {
        kind,
        message: `The key ${key} is compared with the answer of a subquery that is asked for each row, when the row is read${said}.`,
        fix: `Run the subquery first and pass its answer as a parameter, or ${beside}.`,
      };
  }
}

function range(key: string): string {
  return `${key} >= $1 AND ${key} < $2`;
}

/** A list of a thousand values is no help in a sentence. */
function shortened(text: string): string {
  return text.length <= 240 ? text : `${text.slice(0, 237)}...`;
}
