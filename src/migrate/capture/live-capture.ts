import { decodeLiveRelation, type LiveRelation, liveCaptureSql } from '../../catalog/migration/facts/live-capture.sql.ts';
import { type CaptureTrigger, forwardTriggers, reverseTriggers } from '../../ddl/migration/capture/capture-triggers.ts';
import type { Session } from '../../postgres/session.ts';
import type { Engine } from '../engine.ts';

/** What is kept of the triggers of capture while the new table is live, in place of a fingerprint: its definition is its owner's again. */
export interface KeptCapture {
  /** They were off in between, and no verification has found both tables equal since. */
  readonly isUnproven: boolean;
  /** Versions of their rows in the catalog, by table and name. */
  readonly triggers: Readonly<Record<string, string>>;
}

/** `off`: some are off or gone now; `interrupted`: all are on, and some were off, or were made anew, in between; `grown`: partitions came with theirs. */
export type CaptureChange = 'none' | 'grown' | 'interrupted' | 'off';

/** Those that are on while the new table is live: on it, or, with re-grain, on each of the new partitions. */
export function liveTriggers({ spec, id }: Pick<Engine, 'spec' | 'id'>): readonly CaptureTrigger[] {
  return spec.regrain === undefined ? reverseTriggers(spec, id) : forwardTriggers(spec, id);
}

/** Of the live table and its partitions; with re-grain the partitions that take part have the triggers. */
export async function readLiveCapture(engine: Engine, session: Session, signal: AbortSignal): Promise<readonly LiveRelation[]> {
  const { record, spec } = engine;
  const live = spec.regrain === undefined ? record.targetOid : record.sourceOid;
  return await session.rows(liveCaptureSql, [live, liveTriggers(engine).map(({ name }) => name)], decodeLiveRelation, signal);
}

export function keepCapture(now: readonly LiveRelation[], isUnproven: boolean): string {
  const kept: KeptCapture = { isUnproven, triggers: Object.fromEntries(now.flatMap(versionsOf)) };
  return JSON.stringify(kept);
}

/** Null: nothing is kept yet. */
export function parseCapture(kept: string | null): KeptCapture | null {
  const found: unknown = kept?.startsWith('{') === true ? JSON.parse(kept) : null;
  return isKept(found) ? found : null;
}

export function compareCapture({ triggers: kept }: KeptCapture, now: readonly LiveRelation[]): CaptureChange {
  const relations = new Set(now.map(({ oid }) => oid));
  const versions = new Map(now.flatMap(versionsOf));
  const gone = Object.keys(kept).filter((key) => !versions.has(key));
  if (now.some(({ enabled }) => enabled.some((state) => state !== 'A'))) return 'off';
  if (gone.some((key) => relations.has(key.slice(0, key.indexOf('/'))))) return 'off';
  // A partition that was taken off took its rows along.
  if (gone.length > 0 || now.some((relation) => isOther(relation, kept))) return 'interrupted';
  return versions.size === Object.keys(kept).length ? 'none' : 'grown';
}

/** A new partition comes with a copy of the row trigger; what else it needs the engine puts there a moment later. */
function isOther(relation: LiveRelation, kept: KeptCapture['triggers']): boolean {
  return versionsOf(relation).some(([key, version]) => {
    const known = kept[key];
    return known === undefined ? key.endsWith('/row') && version !== relation.madeIn : known !== version;
  });
}

function versionsOf({ oid, names, versions }: LiveRelation): readonly (readonly [string, string])[] {
  return names.map((name, index) => [`${oid}/${keyPart(name)}`, versions[index] ?? ''] as const);
}

/** What tells triggers of one table apart. */
export function keyPart(name: string): string {
  return name.slice(name.lastIndexOf('_') + 1);
}

function isKept(value: unknown): value is KeptCapture {
  return typeof value === 'object' && value !== null && 'triggers' in value && 'isUnproven' in value;
}
