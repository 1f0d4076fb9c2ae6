import type { MigrationSpec } from '../../../partition/migration/spec.ts';
import type { Engine } from '../../engine.ts';

/**
 * Whether this process has given followers foreign keys and made capture write them (`tight`), or has seen that neither is so (`loose`). Of an engine
 * that was opened just now nothing is known: its predecessor may have been killed in between.
 */
type Tightness = 'tight' | 'loose';

const known = new WeakMap<Engine, Tightness>();

export function tightnessOf(engine: Engine): Tightness | undefined {
  return known.get(engine);
}

export function knowTightness(engine: Engine, tightness: Tightness | undefined): void {
  if (tightness === undefined) known.delete(engine);
  else known.set(engine, tightness);
}

/** The plan as capture works just now, by which replay is rendered: `dual` while followers have keys, whatever it is else. */
export function presentSpec(engine: Engine): MigrationSpec {
  return known.get(engine) === 'tight' ? { ...engine.spec, capture: 'dual' } : engine.spec;
}
