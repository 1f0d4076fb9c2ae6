import type { MigrationSpec } from '../../../../partition/migration/spec.ts';
import { renderUnlogged } from '../unlogged.ts';
import type { ComparedBatch } from './batch.ts';

/** Reads those of the suspects in `$1`, a JSON array of `[kind, key...]`, that no visible log entry explains, as `kind` and `key`, a text[]. */
export function renderUnexplained(spec: MigrationSpec, { log }: Pick<ComparedBatch, 'log'>): string {
  const texts = spec.key.map((_, index) => `(s.value ->> ${index + 1})`);
  const typed = spec.key.map(({ type }, index) => `${texts[index]}::${type}`);
  return (
    `SELECT s.value ->> 0 AS "kind", ARRAY[${texts.join(', ')}]::pg_catalog.text[] AS "key" ` +
    `FROM pg_catalog.jsonb_array_elements($1::pg_catalog.jsonb) AS s WHERE ${renderUnlogged(spec.key, typed, log)}`
  );
}
