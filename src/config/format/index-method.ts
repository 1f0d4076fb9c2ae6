/** What indexes of an access method can have; what an extension's method can, only PostgreSQL knows. */
export interface MethodAbilities {
  readonly unique: boolean;
  readonly severalKeys: boolean;
  readonly include: boolean;
  readonly order: boolean;
}

/** PostgreSQL's own access methods. Source: postgresql.org/docs/18/indexes-types.html, amcan* of pg_am's handlers. */
export const methods: ReadonlyMap<string, MethodAbilities> = new Map([
  ['btree', { unique: true, severalKeys: true, include: true, order: true }],
  ['hash', { unique: false, severalKeys: false, include: false, order: false }],
  ['gin', { unique: false, severalKeys: true, include: false, order: false }],
  ['gist', { unique: false, severalKeys: true, include: true, order: false }],
  ['spgist', { unique: false, severalKeys: false, include: true, order: false }],
  ['brin', { unique: false, severalKeys: true, include: false, order: false }],
]);
