/**
 * The classes of SQLSTATEs that are errors: those of PostgreSQL, `PD`, which our own functions in the database raise, and `other`, as
 * anybody's trigger may raise what it likes. Source: postgresql.org/docs/18/errcodes-appendix.html.
 */
export const sqlstateClasses: readonly string[] =
  '03 08 09 0A 0B 0F 0L 0P 0Z 10 20 21 22 23 24 25 26 27 28 2B 2D 2F 34 38 39 3B 3D 3F 40 42 44 53 54 55 57 58 72 F0 HV P0 XX PD other'.split(
    ' ',
  );

const known: ReadonlySet<string> = new Set(sqlstateClasses);

/** The class of a SQLSTATE, which is five characters. */
export function sqlstateClass(sqlstate: string): string {
  const found = sqlstate.slice(0, 2);
  return known.has(found) ? found : 'other';
}
