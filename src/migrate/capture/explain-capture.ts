import type { LiveRelation } from '../../catalog/migration/facts/live-capture.sql.ts';
import { renderCaptureTrigger, renderTurnOn } from '../../ddl/migration/capture/capture-triggers.ts';
import { formatQualifiedName } from '../../partition/qualified-name.ts';
import { migrateCommand } from '../../plan/migration/next-command.ts';
import type { Engine } from '../engine.ts';
import { type CaptureChange, type KeptCapture, keyPart, liveTriggers } from './live-capture.ts';

/** Each statement is printed; nobody types a hundred. */
const shownAtMost = 6;

/** What capture misses while the new table is live, as a sentence with what helps. */
export function explainCapture(
  engine: Pick<Engine, 'id' | 'spec' | 'surroundings'>,
  change: CaptureChange,
  kept: KeptCapture,
  now: readonly LiveRelation[],
): string {
  const { spec } = engine;
  const table = formatQualifiedName(spec.table);
  const verify = `\`${migrateCommand('verify', spec.table)}\``;
  const until = `until it has found both tables equal, \`${migrateCommand('rollback', spec.table)}\` is refused, as it would lose such rows`;
  if (change !== 'off') {
    return (
      `The triggers by which partitiond captures writes to ${table} were off in between, or were made anew, or a partition was taken away: what was ` +
      `written meanwhile is missing from the old table. Run ${verify}, which finds such rows; ${until}.`
    );
  }
  const fixes = repairs(engine, kept, now);
  const left = fixes.length - shownAtMost;
  const sql = fixes.slice(0, shownAtMost).map((fix) => `${fix};`);
  return (
    `Triggers by which partitiond captures writes to ${table} are off or gone: what is written is missing from the old table. Turn them on again: ` +
    `${sql.join(' ')}${left > 0 ? ` (and ${left} more)` : ''} Then run ${verify}, which finds what was written meanwhile; ${until}.`
  );
}

/** SQL without semicolon. What is made or turned on on the table itself is on its partitions too. */
function repairs(engine: Pick<Engine, 'id' | 'spec' | 'surroundings'>, kept: KeptCapture, now: readonly LiveRelation[]): readonly string[] {
  const { id, spec, surroundings } = engine;
  const repairsOf = (relation: LiveRelation): readonly string[] =>
    liveTriggers(engine).flatMap((trigger) => {
      const state = relation.enabled[relation.names.indexOf(trigger.name)];
      const name = { schema: relation.schema, name: relation.table };
      if (state === trigger.firing) return [];
      if (state !== undefined) return [renderTurnOn(trigger, name)];
      const isMissed = `${relation.oid}/${keyPart(trigger.name)}` in kept.triggers;
      return isMissed ? renderCaptureTrigger(trigger, name, surroundings.journalSchema, id, true) : [];
    });
  const whole = now.find(({ schema, table }) => schema === spec.table.schema && table === spec.table.name);
  const ofWhole = whole === undefined ? [] : repairsOf(whole);
  return ofWhole.length > 0 ? ofWhole : now.flatMap(repairsOf);
}
