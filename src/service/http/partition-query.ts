import { formatQualifiedName, parseQualifiedName } from '../../partition/qualified-name.ts';
import type { PartitionStatus } from '../../reconcile/status.ts';

/** Which partitions a client wants; null is any. `table` as `formatQualifiedName` writes it. */
export interface PartitionQuery {
  readonly database: string | null;
  readonly table: string | null;
  readonly state: PartitionStatus['state'] | null;
  readonly limit: number;
  readonly offset: number;
}

/** The databases of the configuration and their tables, by the names that a query may use. */
export type KnownTables = ReadonlyMap<string, readonly string[]>;

const states = ['attached', 'default', 'detach-pending', 'detached', 'foreign', 'unreadable'] as const;
const names = ['database', 'table', 'state', 'limit', 'offset'];
const defaultLimit = 1_000;
const maxLimit = 10_000;
const maxOffset = 10_000_000;

/** Reads `?database=&table=&state=&limit=&offset=`; or all that is wrong with it, one sentence each. */
export function readPartitionQuery(
  parameters: URLSearchParams,
  known: KnownTables,
): PartitionQuery | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  for (const name of new Set(parameters.keys())) {
    if (!names.includes(name)) problems.push(`There is no parameter ${JSON.stringify(name)}; there are ${names.join(', ')}.`);
    else if (parameters.getAll(name).length > 1) problems.push(`${name} is given more than once.`);
  }
  const database = readDatabase(parameters.get('database'), known, problems);
  const query = {
    database,
    table: readTable(parameters.get('table'), database, known, problems),
    state: readState(parameters.get('state'), problems),
    limit: readNumber('limit', parameters, { least: 1, most: maxLimit, usual: defaultLimit }, problems),
    offset: readNumber('offset', parameters, { least: 0, most: maxOffset, usual: 0 }, problems),
  };
  return problems.length > 0 ? { problems } : query;
}

function readDatabase(text: string | null, known: KnownTables, problems: string[]): string | null {
  if (text !== null && !known.has(text)) problems.push(`database: the configuration has no database ${JSON.stringify(text)}.`);
  return text;
}

function readTable(text: string | null, database: string | null, known: KnownTables, problems: string[]): string | null {
  if (text === null) return null;
  try {
    const table = formatQualifiedName(parseQualifiedName(text));
    const tables = [...known].flatMap(([name, ofDatabase]) => (database === null || name === database ? ofDatabase : []));
    if (!tables.includes(table)) problems.push(`table: the configuration has no table ${table}${database === null ? '' : ' there'}.`);
    return table;
  } catch (error) {
    problems.push(`table: ${error instanceof Error ? error.message : String(error)}.`);
    return null;
  }
}

function readState(text: string | null, problems: string[]): PartitionQuery['state'] {
  const state = states.find((one) => one === text) ?? null;
  if (text !== null && state === null) problems.push(`state: ${JSON.stringify(text)} is none of ${states.join(', ')}.`);
  return state;
}

function readNumber(
  name: string,
  parameters: URLSearchParams,
  range: { readonly least: number; readonly most: number; readonly usual: number },
  problems: string[],
): number {
  const text = parameters.get(name);
  if (text === null) return range.usual;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= range.least && value <= range.most) return value;
  problems.push(`${name}: ${JSON.stringify(text)} is no whole number from ${range.least} to ${range.most}.`);
  return range.usual;
}
