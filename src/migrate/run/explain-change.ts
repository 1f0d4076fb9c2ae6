import { readDefinition } from '../../catalog/migration/read-definition.ts';
import { forwardTriggers, renderTurnOn } from '../../ddl/migration/capture/capture-triggers.ts';
import { StatementError } from '../../errors.ts';
import type { TableDefinition } from '../../partition/migration/definition.ts';
import { formatQualifiedName, quoteIdentifier } from '../../partition/qualified-name.ts';
import { definitionChanges } from '../../plan/migration/carry-over/definition-changes.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';

const shownAtMost = 10;

/** That the definition of the source has changed, in which ways as far as they can be named, and what undoes or follows it. */
export async function explainChange({ id, spec, record }: Engine, session: Session, signal: AbortSignal): Promise<string> {
  const whole = formatQualifiedName(spec.table);
  const table = spec.regrain === undefined ? whole : `${whole} or of one of its partitions`;
  const now = spec.regrain === undefined ? await readNow({ spec }, session, signal) : null;
  const changes = now === null || now.oid !== record.sourceOid ? [] : definitionChanges(spec.definition, now);
  const broken = now === null || spec.strategy === 'attach' ? none : brokenTriggers({ id, spec }, now);
  const found = [...broken.found, ...changes];
  const left = found.length - shownAtMost;
  const what =
    found.length === 0
      ? 'a column, constraint, index, trigger, owner or policy was changed, or a trigger of partitiond is off'
      : `${found.slice(0, shownAtMost).join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
  const off = broken.fixes.length === 0 ? '' : ` Turn on again what is off: ${broken.fixes.map((sql) => `${sql};`).join(' ')}`;
  return (
    `The definition of ${table} is no longer what was planned: ${what}.${off} Undo the change and run \`${migrateCommand('start', spec.table)}\` again, ` +
    `or \`${migrateCommand('abort', spec.table)}\` and plan anew.`
  );
}

/** Null where somebody holds it too tightly to be read, or it is gone: that it has changed is known anyway. */
async function readNow({ spec }: Pick<Engine, 'spec'>, session: Session, signal: AbortSignal): Promise<TableDefinition | null> {
  try {
    return await readDefinition(session, spec.table, signal);
  } catch (error) {
    if (error instanceof StatementError) return null;
    throw error;
  }
}

interface Broken {
  readonly found: readonly string[];
  /** SQL without semicolon. */
  readonly fixes: readonly string[];
}

const none: Broken = { found: [], fixes: [] };
/** `tgenabled` in words. */
const firings: Readonly<Record<string, string>> = { O: 'ENABLE', R: 'ENABLE REPLICA', A: 'ENABLE ALWAYS' };

/** Triggers of capture that do not fire as they were made to. What was written meanwhile is in neither log nor target: the next verification shows it. */
function brokenTriggers({ id, spec }: Pick<Engine, 'id' | 'spec'>, now: TableDefinition): Broken {
  const present = new Map(now.triggers.map(({ name, enabled }) => [name, enabled]));
  const [found, fixes]: [string[], string[]] = [[], []];
  for (const trigger of forwardTriggers(spec, id)) {
    const enabled = present.get(trigger.name);
    const name = quoteIdentifier(trigger.name);
    if (enabled === undefined) found.push(`trigger ${name} of partitiond was removed, so that only an abort helps`);
    else if (enabled !== trigger.firing) {
      found.push(`trigger ${name} of partitiond ${enabled === 'D' ? 'is off' : `is set to ${firings[enabled] ?? enabled}`}`);
      fixes.push(renderTurnOn(trigger, spec.table));
    }
  }
  return { found, fixes };
}
