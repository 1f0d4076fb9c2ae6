import { formatQualifiedName, type QualifiedName } from '../../../partition/qualified-name.ts';

/**
 * Statements without semicolon that open a comparison, before the first that takes a snapshot. The locks come before it: a TRUNCATE or a rewrite
 * that commits between snapshot and lock would show an empty table without a log entry for its rows. `row_security = off` lets a policy
 * raise an error rather than hide rows. One process, since the session is one of several; no JIT, which costs more than a chunk takes. Where
 * each row is looked up by itself, a bitmap or a cache for it is lost time (measured, a third).
 */
export function renderOpening(source: QualifiedName, target: QualifiedName, reading: 'ranges' | 'single-rows'): readonly string[] {
  const off = ['row_security', 'jit', ...(reading === 'single-rows' ? ['enable_memoize', 'enable_bitmapscan'] : [])];
  return [
    'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    // A crash loses what was compared together with the note of it.
    'SET LOCAL synchronous_commit = off',
    'SET LOCAL max_parallel_workers_per_gather = 0',
    ...off.map((name) => `SET LOCAL ${name} = off`),
    ...[source, target].map((name) => `LOCK TABLE ONLY ${formatQualifiedName(name)} IN ACCESS SHARE MODE`),
  ];
}
