import type { QualifiedName } from '../qualified-name.ts';

/**
 * What the catalog says of one side, for a comparison with the other: in texts the relation itself is `<table>`, whatever it is called, and the
 * names of indexes and constraints stand apart, for people, since each side has its own before the switch. Lists are in a fixed order.
 */
export interface SideCatalog {
  readonly oid: string;
  readonly name: QualifiedName;
  /** Those of constraints too. */
  readonly indexes: readonly SideIndex[];
  /** CHECK, NOT NULL and outgoing foreign keys; unique ones are among the indexes. */
  readonly constraints: readonly SideConstraint[];
  /** `SELECT TO reader`, `UPDATE (amount) TO PUBLIC WITH GRANT OPTION`, and `OWNER app`. Default privileges of an owner are spelled out. */
  readonly grants: readonly string[];
  /** `POLICY mine AS PERMISSIVE FOR ALL TO PUBLIC USING (...) WITH CHECK (...)`; also `ROW SECURITY ENABLED`, `ROW SECURITY FORCED`. */
  readonly policies: readonly string[];
}

export interface SideIndex {
  readonly name: string;
  readonly constraint: 'primary' | 'unique' | 'exclusion' | null;
  readonly isUnique: boolean;
  /** For people and for equality: `UNIQUE btree (id) INCLUDE (note) WHERE (...)`; all of the fields below in one text. */
  readonly description: string;
  readonly method: string;
  /** With collation, operator class and order where they are not the usual ones: `id`, `lower(note) DESC`, `span WITH &&`. */
  readonly keys: readonly string[];
  readonly included: readonly string[];
  /** All else that must be equal: `DEFERRABLE INITIALLY DEFERRED`, `NULLS NOT DISTINCT`, `WITHOUT OVERLAPS`, `WITH (fillfactor=70)`, `WHERE (...)`. */
  readonly rest: readonly string[];
  /** A partitioned table's index is valid when those of all partitions are attached to it. */
  readonly isValid: boolean;
}

export interface SideConstraint {
  readonly name: string;
  readonly kind: 'check' | 'not-null' | 'foreign-key';
  /** As `pg_get_constraintdef` prints it, without NOT VALID and NO INHERIT; of `not-null`: `NOT NULL column`. */
  readonly definition: string;
  readonly isValid: boolean;
}
